// A proxy before NATS: one node's way to the others, which can be cut, and which can lose some of what comes by it.

import { createConnection, createServer } from 'node:net';

/** Beyond the ports that a system gives out by itself: what was closed can be opened again. */
const PORTS = { first: 20_000, number: 10_000 };

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let n = Math.imul(state ^ (state >>> 15), state | 1);
    n ^= n + Math.imul(n ^ (n >>> 7), n | 61);
    return ((n ^ (n >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Proxy {
  /** The share of messages to the node that are lost. */
  loses = 0;
  passed = 0;
  lost = 0;
  #server;
  #sockets = new Set();

  /** A proxy before the NATS at this URL, which lets nobody through when it `isCut`. */
  static async open(target, { seed = 1, isCut = false } = {}) {
    const proxy = new Proxy(new URL(target).port, random(seed));
    await proxy.#findPort();
    if (isCut) await proxy.cut();
    return proxy;
  }

  constructor(target, dice) {
    Object.assign(this, { target, dice });
  }

  get url() {
    return `nats://127.0.0.1:${this.port}`;
  }

  async #findPort() {
    for (;;) {
      this.port = PORTS.first + Math.floor(Math.random() * PORTS.number);
      try {
        return await this.mend();
      } catch (error) {
        if (error.code !== 'EADDRINUSE') throw error;
      }
    }
  }

  /** Ends all connections, and refuses others. */
  async cut() {
    const closed = new Promise((resolve) => { this.#server.close(resolve); });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Lets connections through, again. */
  mend() {
    this.#server = createServer((node) => this.#join(node));
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.port, '127.0.0.1', resolve);
    });
  }

  #join(node) {
    const nats = createConnection({ host: '127.0.0.1', port: this.target });
    for (const [socket, other] of [[node, nats], [nats, node]]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    node.pipe(nats);
    let rest = Buffer.alloc(0);
    nats.on('data', (data) => {
      const [through, left] = this.#sift(Buffer.concat([rest, data]));
      rest = left;
      node.write(through);
    });
  }

  /** What of the bytes goes on to the node, and the begun frame behind it. */
  #sift(bytes) {
    const through = [];
    let at = 0;
    for (;;) {
      const end = bytes.indexOf('\r\n', at);
      if (end < 0) break;
      const [verb, ...words] = bytes.toString('latin1', at, end).split(' ');
      const isMessage = verb === 'MSG' || verb === 'HMSG';
      // The last number counts all bytes of a message, which has an end of line of its own.
      const next = end + 2 + (isMessage ? Number(words.at(-1)) + 2 : 0);
      if (next > bytes.length) break;
      const isLost = isMessage && this.loses > 0 && this.dice() < this.loses;
      if (isMessage) this[isLost ? 'lost' : 'passed'] += 1;
      if (!isLost) through.push(bytes.subarray(at, next));
      at = next;
    }
    return [Buffer.concat(through), bytes.subarray(at)];
  }

  async close() {
    if (this.#server.listening) await this.cut();
  }
}
