// A bad network: a TCP proxy before a server, which a test cuts and mends.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** @param {string} url the server's; it may stop and start again behind the proxy */
export async function startProxy(url) {
  const target = new URL(url);
  const pairs = new Set();
  const proxy = {
    /** Whether anything passes. While it is false, connections are refused, and those that stand are silent. */
    isOpen: true,
    /**
     * Sees each chunk on its way to the client. What it gives is passed on instead; `cut: true` ends the
     * connection behind that.
     * @type {(chunk: Buffer) => { chunk: Buffer, cut?: boolean }}
     */
    toClient: (chunk) => ({ chunk }),
    /** How many connections were made through it. */
    connections: 0,
    /** Whatever goes through the WebSockets that stand waits until `release`. */
    hold() {
      for (const pair of pairs) if (pair.isWebSocket) pair.forEach((socket) => socket.pause());
    },
    release() {
      for (const pair of pairs) pair.forEach((socket) => socket.resume());
    },
    /** Ends all connections. */
    cut() {
      for (const pair of pairs) pair.forEach((socket) => socket.destroy());
    },
    async stop() {
      listener.close();
      proxy.cut();
      await once(listener, 'close');
    },
  };

  const listener = createServer((client) => {
    if (!proxy.isOpen) return client.destroy();
    proxy.connections += 1;
    const server = connect(target.port, target.hostname);
    const pair = [client, server];
    pairs.add(pair);
    for (const [socket, other] of [pair, pair.toReversed()]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    client.on('data', (chunk) => {
      pair.isWebSocket ||= /^upgrade: websocket/im.test(chunk);
      if (proxy.isOpen) server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (!proxy.isOpen) return;
      const passed = proxy.toClient(chunk);
      client.write(passed.chunk, () => passed.cut && client.destroy());
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  // A test that fails leaves it behind.
  listener.unref();
  proxy.url = `http://127.0.0.1:${listener.address().port}`;
  return proxy;
}
