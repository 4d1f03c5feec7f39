// Clients that come back by themselves, on another node than they left, and account for what they are told.

import { io } from 'socket.io-client';
import WebSocket from 'ws';

import { sleep } from '../client.mjs';
import { Account } from './account.mjs';

const MESSAGES = new Set(['message', 'system', 'newMessage', 'systemMessage']);
const POLLING_FIRST = ['polling', 'websocket'];

/** What the two kinds have in common. `node`: where it begins. `stays`: it goes elsewhere only when it has to. */
class Watcher {
  isLevel = false;

  constructor(cluster, user, rooms, node, { stays = false } = {}) {
    Object.assign(this, { cluster, user, node, stays });
    this.account = new Account(`${user.nickname} (${this.constructor.name})`, rooms);
  }

  /** Leaves its node for another one, in one of the ways in which connections end. */
  roam() {
    if (!this.stays) this.leave();
  }

  goElsewhere() {
    this.isLevel = false;
    this.node = this.cluster.other(this.node).number;
    return this.cluster.nodes[this.node].url;
  }
}

/** Over the native WebSocket, with the last token that it saw. */
export class Native extends Watcher {
  #isStopped = false;
  #since;
  #socket;
  #ended;

  start() {
    this.#ended = this.#run();
  }

  async #run() {
    let { url } = this.cluster.nodes[this.node];
    while (!this.#isStopped) {
      await this.#connection(url);
      url = this.goElsewhere();
      await sleep(10 + Math.random() * 50);
    }
  }

  #connection(url) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/chat/ws`, ['chat.v1'], { handshakeTimeout: 5000 });
    this.#socket = socket;
    const isResume = this.#since !== undefined;
    if (isResume) this.account.resumes();
    socket.on('open', () => socket.send(JSON.stringify({ id: 0, op: 'hello', token: this.user.token, since: this.#since })));
    socket.on('message', (text) => {
      if (socket === this.#socket) this.#take(JSON.parse(text), isResume);
    });
    socket.on('error', () => {});
    return new Promise((resolve) => { socket.on('close', resolve); });
  }

  #take({ event, pos, data }, isResume) {
    const { account } = this;
    if (event === 'ready' && isResume && !data.recovered) account.faults.push('a resume could not be told');
    if (event === 'ready' && !isResume) {
      this.#since = data.pos;
      this.isLevel = true;
    }
    if (event === 'caughtUp') {
      if (!data.recovered) account.faults.push('a catch-up could not be told');
      account.caughtUp();
      this.isLevel = true;
    }
    if (MESSAGES.has(event)) account.event(data, this.node);
    // In a catch-up it is the client's own.
    this.#since = pos ?? this.#since;
  }

  leave() {
    if (Math.random() < 0.5) this.#socket.close();
    else this.#socket.terminate();
  }

  async stop() {
    this.#isStopped = true;
    this.#socket?.terminate();
    await this.#ended;
  }
}

/** The stock client of Socket.IO with connection state recovery. */
export class Stock extends Watcher {
  constructor(cluster, user, rooms, node, { transports = ['websocket'], ...more } = {}) {
    super(cluster, user, rooms, node, more);
    this.transports = transports;
  }

  start() {
    this.socket = io(`${this.cluster.nodes[this.node].url}/chat`, {
      transports: this.transports, auth: { token: this.user.token, recovery: true }, forceNew: true,
      reconnectionDelay: 20, reconnectionDelayMax: 300, timeout: 5000,
    });
    let isFirst = true;
    this.socket.io.on('reconnect_attempt', () => {
      // As where a name stands for all nodes.
      this.socket.io.uri = this.goElsewhere();
    });
    this.socket.on('connect', () => {
      if (this.socket.recovered) this.account.resumes();
    });
    this.socket.on('disconnect', () => { this.isLevel = false; });
    this.socket.onAny((name, data) => {
      if (MESSAGES.has(name)) this.account.event(data, this.node);
      if (name === 'connected') this.#connected(isFirst);
      isFirst &&= name !== 'connected';
    });
  }

  async #connected(isFirst) {
    const { account, socket } = this;
    if (isFirst || socket.recovered) {
      account.caughtUp();
      this.isLevel = true;
      return;
    }
    account.loads();
    account.loaded(await this.#heads());
    this.isLevel = true;
  }

  async #heads() {
    const user = this.cluster.at(this.node, this.user);
    const heads = this.account.rooms.map(async (room) => {
      const { messages: [newest] } = await user.ok('GET', `/rooms/${room}/messages?limit=1`);
      return [room, newest?.seq ?? 0];
    });
    return Object.fromEntries(await Promise.all(heads));
  }

  /** Sends, and gives the message as it was answered. */
  async send(room, content, clientId) {
    const payload = { roomUuid: room, message: { type: 'TEXT', content, clientId } };
    const { ok, message, error } = await this.socket.timeout(3000).emitWithAck('sendMessage', payload);
    if (!ok) throw new Error(error.code);
    this.account.sent(room, message.seq);
    return message;
  }

  leave() {
    this.socket.io.engine?.close();
  }

  async stop() {
    this.socket.disconnect();
  }
}

/** Six native clients and three stock ones over the nodes and rooms. Those whose number `stays` tells stay where they are. */
export async function watch(cluster, users, rooms, { stays = () => false } = {}) {
  const watchers = users.map((user, n) => {
    const more = { stays: stays(n), ...(n === users.length - 1 && { transports: POLLING_FIRST }) };
    const Kind = n < 6 ? Native : Stock;
    return new Kind(cluster, user, rooms[n], n % cluster.nodes.length, more);
  });
  watchers.forEach((watcher) => watcher.start());
  while (!watchers.every(({ isLevel }) => isLevel)) await sleep(20);
  return watchers;
}
