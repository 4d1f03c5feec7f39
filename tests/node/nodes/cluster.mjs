// Several servers on one PostgreSQL and one NATS, all of the test's own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { call, inSeconds, sign, sleep, unique, User } from '../client.mjs';
import { freshDatabase, startServer } from '../server.mjs';
import { Proxy } from './proxy.mjs';

const SECRET = 'a secret of at least thirty-two bytes';
const NATS = fileURLToPath(new URL('../../nats', import.meta.url));

/** A NATS server, which ends with `stop`. */
async function startNats() {
  const child = spawn(NATS, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  return { url, stop: () => { child.kill('SIGTERM'); return ended; } };
}

/** A token of this user's, issued now. */
const token = (id, nickname = id) => sign({ userUuid: id, nickname, iat: Date.now() / 1000, exp: inSeconds(3600) }, SECRET);

export class Cluster {
  nodes = [];
  /** What servers said that are no more. */
  #logs = [];
  /** What else ends with it. */
  #others = [];

  /** Three nodes, ready to serve. `isCut`: NATS is out of their reach. */
  static async start({ size = 3, isCut = false, seed = 1 } = {}) {
    const cluster = new Cluster();
    [cluster.db, cluster.folder, cluster.nats] = await Promise.all([
      freshDatabase(), mkdtemp(join(tmpdir(), 'chat-core-nodes-')), startNats(),
    ]);
    // One after another: the first makes the tables.
    for (let number = 0; number < size; number += 1) {
      const proxy = await Proxy.open(cluster.nats.url, { seed: seed + number, isCut });
      cluster.nodes.push({ number, proxy, isUp: false });
      await cluster.startNode(number);
    }
    if (!isCut) await cluster.areJoined();
    return cluster;
  }

  async startNode(number) {
    const node = this.nodes[number];
    const args = ['--nats', node.proxy.url, '--node-id', `${number}`];
    node.server = await startServer({ secret: SECRET, folder: this.folder, db: this.db, args });
    Object.assign(node, { url: node.server.url, isUp: true });
  }

  /** Ends a node at once: it tells nobody. */
  async kill(number) {
    const node = this.nodes[number];
    node.isUp = false;
    process.kill(node.server.pid, 'SIGKILL');
    await node.server.ended;
    this.#logs.push(...node.server.log);
  }

  /** Ends a node as an operator would. */
  async terminate(number) {
    const node = this.nodes[number];
    node.isUp = false;
    const how = await node.server.stop({ keep: true });
    this.#logs.push(...node.server.log);
    return how;
  }

  /** A node that runs, another one than this where there is one. */
  other(number) {
    const up = this.nodes.filter(({ isUp }) => isUp);
    const others = up.filter((node) => node.number !== number);
    const among = [others, up, this.nodes].find((nodes) => nodes.length > 0);
    return among[Math.floor(Math.random() * among.length)];
  }

  /** What a node says of itself. */
  async readyz(number) {
    return (await call(this.nodes[number].url, 'GET', '/readyz', { alone: true })).body;
  }

  /** All nodes have the bus, and have heard of each other. */
  async areJoined() {
    for (const { number } of this.nodes) {
      await within(8000, `the bus of node ${number}`, async () => (await this.readyz(number)).bus === 'up');
    }
    // Each tells once a second that it lives.
    await sleep(1500);
  }

  /** A user with a token, who calls the first node. */
  user(name, nickname = name) {
    const id = unique(name);
    return new User(this.nodes[0].url, id, token(id, nickname), nickname);
  }

  /** The same user at another node, and perhaps with a token of now and a new name. */
  at(number, { id, token: same, nickname }, renamed) {
    return new User(this.nodes[number].url, id, renamed ? token(id, renamed) : same, renamed ?? nickname);
  }

  /** A connection of the user's to a node, which ends with the cluster at the latest. */
  async connect(number, user, options) {
    const client = await this.at(number, user).connect(options);
    this.atEnd(() => client.socket.terminate());
    return client;
  }

  /** To be called when the cluster is stopped. */
  atEnd(end) {
    this.#others.push(end);
  }

  /** The lines of all servers that fit. */
  logged(pattern) {
    const logs = [...this.#logs, ...this.nodes.flatMap(({ server }) => server?.log ?? [])];
    return [...new Set(logs)].filter((line) => pattern.test(line));
  }

  async stop() {
    await Promise.all(this.#others.map((end) => end()));
    await Promise.all(this.nodes.filter(({ isUp }) => isUp).map(({ number }) => this.terminate(number)));
    await Promise.all(this.nodes.map(({ proxy }) => proxy.close()));
    await Promise.all([this.nats.stop(), rm(this.folder, { recursive: true, force: true })]);
    const panics = this.logged(/panicked/);
    if (panics.length > 0) throw new Error(`a server panicked:\n${panics.join('\n')}`);
  }
}

/** Asks until it holds, and gives how many milliseconds that took. */
export async function within(ms, what, holds) {
  const began = performance.now();
  while (!await holds()) {
    if (performance.now() - began > ms) throw new Error(`${what} did not come within ${ms} ms`);
    await sleep(20);
  }
  return Math.round(performance.now() - began);
}

/** A test with a cluster of its own. */
export const withCluster = (options, run) => async (t) => {
  const cluster = await Cluster.start(options);
  try {
    await run(cluster, t);
  } catch (error) {
    const log = cluster.logged(/WARN|ERROR|panicked/).slice(-40);
    throw new Error(`${error.message}\nThe servers said:\n${log.join('\n')}`, { cause: error });
  } finally {
    await cluster.stop();
  }
};
