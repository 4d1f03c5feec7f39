// Messages sent steadily and in every way, each again under its client id until it is acked.

import assert from 'node:assert/strict';

import { Client, sleep } from '../client.mjs';
import { watch } from './watchers.mjs';

/** How often messages are sent that are due. */
const TURN_MS = 20;
/** While so many are not answered, no more are sent. */
const MAX_IN_FLIGHT = 400;

/** Three rooms of the watchers' and one of all of them, whose senders are another two. */
export class Scene {
  /** By content: where and when a message was sent and acked. */
  acked = new Map();
  #inFlight = new Set();
  #lines = new Map();
  #count = 0;

  /** `stays`: which watchers leave their node only when they have to. */
  static async set(cluster, { stays } = {}) {
    const scene = new Scene();
    const names = ['ana', 'ben', 'cho', 'dee', 'eun', 'fay', 'gil', 'han', 'ida'];
    const users = names.map((name) => cluster.user(name));
    const [rest, socket] = ['over REST', 'over a socket'].map((name) => cluster.user(name));
    Object.assign(scene, { cluster, rest, socket });
    const isIn = (n, room) => room === 0 || n % 3 !== room - 1;
    const made = [0, 1, 2, 3].map((room) => rest.group([socket, ...users.filter((_, n) => isIn(n, room))], `Room ${room}`));
    scene.rooms = await Promise.all(made);
    scene.watchers = await watch(cluster, users, users.map((_, n) => scene.rooms.filter((_room, room) => isIn(n, room))), { stays });
    cluster.atEnd(() => scene.end());
    return scene;
  }

  /** Begins to send, so many messages a second, to whichever node but the one whose number is `avoided`. */
  start({ rate = 100 } = {}) {
    const began = performance.now();
    let due = 0;
    this.timer = setInterval(() => {
      for (; due < ((performance.now() - began) * rate) / 1000; due += 1) {
        if (this.#inFlight.size < MAX_IN_FLIGHT) this.#send();
      }
    }, TURN_MS);
  }

  #send() {
    const n = this.#count += 1;
    const room = this.rooms[n % this.rooms.length];
    const stock = this.watchers.filter(({ send, node, account }) => send && node !== this.avoided && account.rooms.includes(room));
    // Of ten, six over REST, three over native sockets, one over Socket.IO.
    const watcher = n % 10 === 9 ? stock[n % stock.length] : undefined;
    const way = watcher ? this.#byStock(watcher) : this.#by(n % 10 < 6 ? this.#overRest : this.#overSocket);
    const sending = this.#untilAcked(way, room, `message ${n}`, performance.now());
    this.#inFlight.add(sending);
    sending.finally(() => this.#inFlight.delete(sending));
  }

  async #untilAcked(way, room, content, sentAt) {
    for (let attempt = 1; !this.hasEnded; attempt += 1) {
      try {
        const { node, message } = await way(room, content, content);
        const { seq, messageUuid } = message;
        this.acked.set(content, { room, seq, messageUuid, sentAt, ackedAt: performance.now(), node, attempt });
        return;
      } catch {
        await sleep(50);
      }
    }
  }

  #by(how) {
    return async (room, content, clientId) => {
      const { number } = this.cluster.other(this.avoided);
      return { node: number, message: await how.call(this, number, room, content, clientId) };
    };
  }

  #byStock(watcher) {
    return async (...args) => ({ node: watcher.node, message: await watcher.send(...args) });
  }

  #overRest(node, room, content, clientId) {
    return this.cluster.at(node, this.rest).ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content, clientId });
  }

  async #overSocket(node, room, content, clientId) {
    const { url } = this.cluster.nodes[node];
    if (!this.#lines.has(url)) {
      const connecting = Client.connect(url, { token: this.socket.token });
      this.#lines.set(url, connecting);
      const forget = () => { if (this.#lines.get(url) === connecting) this.#lines.delete(url); };
      connecting.then((line) => line.closed.then(forget), forget);
    }
    const line = await this.#lines.get(url);
    return line.send(room, content, { clientId });
  }

  /** Lets those watchers who do go from node to node, one each so many milliseconds. */
  roam(ms) {
    let n = 0;
    this.roaming = setInterval(() => this.watchers[(n += 1) % this.watchers.length].roam(), ms);
  }

  stopRoaming() {
    clearInterval(this.roaming);
  }

  /** By room, the newest of the messages that were acked before this moment. */
  heads(before = Infinity) {
    const heads = Object.fromEntries(this.rooms.map((room) => [room, 0]));
    for (const { room, seq, ackedAt } of this.acked.values()) {
      if (ackedAt < before) heads[room] = Math.max(heads[room], seq);
    }
    return heads;
  }

  /** How many messages up to these watchers were not told, of those up to `heads`. */
  lacking(heads) {
    return this.watchers.map((watcher) => watcher.account.lacks(heads));
  }

  /** Stops sending; gives when all was acked. */
  async stop() {
    clearInterval(this.timer);
    while (this.#inFlight.size > 0) await Promise.race(this.#inFlight);
    return performance.now();
  }

  async end() {
    this.hasEnded = true;
    this.stopRoaming();
    await this.stop();
    for (const line of this.#lines.values()) (await line.catch(() => {}))?.socket.terminate();
    await Promise.all(this.watchers.map((watcher) => watcher.stop()));
  }

  /** How long messages were under way that came live, in order: between nodes of which `pair` says so, and sent in that time. */
  lags({ pair = () => true, since = 0, until = Infinity } = {}) {
    const told = this.watchers.flatMap(({ account }) => account.told).filter(({ isLive }) => isLive);
    const lags = told.flatMap(({ content, at, node }) => {
      const sent = this.acked.get(content);
      const counts = sent?.attempt === 1 && pair(sent.node, node) && sent.sentAt >= since && sent.sentAt < until;
      return counts ? [at - sent.sentAt] : [];
    });
    return lags.sort((one, other) => one - other);
  }

  /** How long acks of this node took, in order. */
  acks({ node, since, until }) {
    const sent = [...this.acked.values()].filter((one) => one.node === node && one.attempt === 1 && one.sentAt >= since && one.sentAt < until);
    return sent.map(({ sentAt, ackedAt }) => ackedAt - sentAt).sort((one, other) => one - other);
  }

  /** All messages of a room in the store, the first one first. */
  async #history(room) {
    const messages = [];
    const user = this.cluster.at(this.cluster.other().number, this.rest);
    for (let page = 1, more = true; more; page += 1) {
      const part = await user.ok('GET', `/rooms/${room}/messages?limit=100&page=${page}`);
      messages.unshift(...part.messages.toReversed());
      more = part.hasMore;
    }
    return messages;
  }

  /** Stops, waits until all clients are level, within 2 s, and checks every message that was sent, stored and told. */
  async verify() {
    this.stopRoaming();
    const stopped = await this.stop();
    // Those that are between two nodes have to come back first.
    while (!this.watchers.every(({ isLevel }) => isLevel)) {
      assert.ok(performance.now() - stopped < 8000, 'some clients do not come back');
      await sleep(20);
    }
    const [back, heads] = [performance.now(), this.heads()];
    while (this.lacking(heads).some((lacks) => lacks > 0)) {
      const lacking = this.watchers.map(({ account, node }) => `${account.name} on ${node}: ${account.lacks(heads)}`);
      assert.ok(performance.now() - back < 2000, `not level after 2 s: ${lacking.join(', ')}`);
      await sleep(20);
    }
    const levelAfter = Math.round(performance.now() - back);
    const history = {};
    for (const room of this.rooms) {
      const messages = await this.#history(room);
      assert.deepEqual(messages.map(({ seq }) => seq), messages.map((_, n) => n + 1), 'the store has a gap');
      history[room] = messages.map(({ messageUuid }) => messageUuid);
      const contents = messages.map(({ content }) => content);
      assert.equal(new Set(contents).size, contents.length, 'a message was stored twice');
    }
    const lost = [...this.acked].filter(([, { room, seq, messageUuid }]) => history[room][seq - 1] !== messageUuid);
    assert.deepEqual(lost.map(([content]) => content), [], 'acked, and lost');
    const faults = this.watchers.flatMap(({ account }) => account.verdict(history));
    assert.deepEqual(faults.slice(0, 20), [], `${faults.length} faults`);
    return levelAfter;
  }

  /** What went on, in a line. */
  sum() {
    const sum = (of) => this.watchers.reduce((all, { account }) => all + of(account), 0);
    const retried = [...this.acked.values()].filter(({ attempt }) => attempt > 1).length;
    return `${this.acked.size} sent, ${retried} of them again, ${sum(({ told }) => told.length)} told, ${sum(({ reloads }) => reloads)} reloads`;
  }
}

/** The middle and the end of lags. */
export function percentiles(lags) {
  const at = (share) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]?.toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${lags.at(-1)?.toFixed(1)} ms of ${lags.length}`;
}
