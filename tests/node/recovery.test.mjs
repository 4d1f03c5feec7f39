// Connection state recovery of stock Socket.IO clients, served from the store.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { io as newest } from 'socket.io-client';
import { io as inTheField } from 'socket.io-client-4.7.5';

import { inSeconds, sign, User } from './client.mjs';
import { startServer } from './server.mjs';

const SECRET = 'a secret of at least thirty-two bytes';
const CLIENTS = { 'socket.io-client 4.7.5': inTheField, 'the newest socket.io-client': newest };

const user = (url, id) => new User(url, id, sign({ userUuid: id, exp: inSeconds(600) }, SECRET));

/** A client that comes back by itself, and everything that it was told, in its order. */
function client(io, { url, token }, { transports = ['websocket'], recovery = true } = {}) {
  const socket = io(`${url}/chat`, {
    transports, auth: { token, ...(recovery && { recovery }) }, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 300,
  });
  const told = [];
  const waiting = [];
  const nth = (name, n) => told.filter((one) => one.name === name)[n - 1];
  const note = (name, args) => {
    told.push({ name, args });
    waiting.filter((one) => nth(one.name, one.n)).forEach((one) => one.resolve());
  };
  socket.onAny((name, ...args) => note(name, args));
  socket.on('connect', () => note('connect', [socket.recovered]));
  socket.on('disconnect', (reason) => note('disconnect', [reason]));
  return {
    socket,
    told,
    /** The first argument of the n-th event of this name, once it has come. */
    nth: (name, n) => new Promise((resolve, reject) => {
      const late = () => reject(new Error(`${name} ${n} did not come; there came ${told.map((one) => one.name)}`));
      const timer = setTimeout(late, 10_000);
      const done = () => { clearTimeout(timer); resolve(nth(name, n).args[0]); };
      if (nth(name, n)) done();
      else waiting.push({ name, n, resolve: done });
    }),
    seqs: () => told.filter(({ name }) => name === 'newMessage').map(({ args }) => args[0].seq),
  };
}

const send = (chat, roomUuid, content) => (
  chat.socket.timeout(8000).emitWithAck('sendMessage', { roomUuid, message: { type: 'TEXT', content } })
);

for (const [version, io] of Object.entries(CLIENTS)) {
  describe(version, { timeout: 60_000 }, () => {
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      test(`a cut connection is recovered, by ${transports}`, async () => {
        const server = await startServer({ secret: SECRET });
        try {
          const [ana, ben] = [user(server.url, 'ana'), user(server.url, 'ben')];
          const room = await ana.group([ben]);
          const chat = client(io, ana, { transports });
          await chat.nth('connected', 1);
          assert.equal(await chat.nth('connect', 1), false);
          await ben.say(room, 'one');
          await chat.nth('newMessage', 1);
          assert.equal((await send(chat, room, 'two, of its own')).ok, true);

          // Cut before the client knows of its own message's place: it is not told it again.
          chat.socket.io.engine.close();
          await chat.nth('disconnect', 1);
          await ben.say(room, 'three');
          await ana.say(room, 'four, from another device');
          assert.equal(await chat.nth('connect', 2), true, 'socket.recovered');
          await chat.nth('connected', 2);
          await ben.say(room, 'five');
          await chat.nth('newMessage', 4);
          assert.deepEqual(chat.seqs(), [1, 3, 4, 5], 'each once, its own not at all');
          // What was missed stands before `connected`, and what is live behind it.
          const connected = chat.told.findLastIndex(({ name }) => name === 'connected');
          assert.equal(chat.told.slice(connected).filter(({ name }) => name === 'newMessage').length >= 1, true);
          chat.socket.disconnect();
        } finally {
          await server.stop();
        }
      });
    }

    test('a server that was killed is recovered from', async () => {
      const first = await startServer({ secret: SECRET });
      const [ana, ben] = [user(first.url, 'ana'), user(first.url, 'ben')];
      const room = await ana.group([ben]);
      const chats = [['polling'], ['websocket']].map((transports) => client(io, ana, { transports }));
      const all = (name, n) => Promise.all(chats.map((chat) => chat.nth(name, n)));
      await all('connected', 1);
      await ben.say(room, 'one');
      await all('newMessage', 1);
      for (const chat of chats) assert.equal((await send(chat, room, 'of its own')).ok, true);
      process.kill(first.pid, 'SIGKILL');
      await first.ended;
      const second = await startServer({ secret: SECRET, folder: first.folder, db: first.db, addr: new URL(first.url).host });
      assert.deepEqual(await all('connect', 2), [true, true]);
      await all('connected', 2);
      await ben.say(room, 'four');
      await all('newMessage', 3);
      assert.deepEqual(chats.map((chat) => chat.seqs()), [[1, 3, 4], [1, 2, 4]], 'all but its own, once');
      chats.forEach((chat) => chat.socket.disconnect());
      await second.stop();
    });

    test('another store is not recovered from, and says so', async () => {
      const first = await startServer({ secret: SECRET });
      const chat = client(io, user(first.url, 'ana'));
      await chat.nth('connected', 1);
      const pid = chat.socket._pid;
      assert.equal(typeof pid, 'string');
      await first.stop();
      const second = await startServer({ secret: SECRET, addr: new URL(first.url).host });
      assert.equal(await chat.nth('connect', 2), false);
      await chat.nth('connected', 2);
      assert.notEqual(chat.socket._pid, pid);
      chat.socket.disconnect();
      await second.stop();
    });

    test('who does not ask for it gets no argument that it did not expect', async () => {
      const server = await startServer({ secret: SECRET });
      const [ana, ben] = [user(server.url, 'ana'), user(server.url, 'ben')];
      const room = await ana.group([ben]);
      const [plain, asking] = [client(io, ana, { recovery: false }), client(io, ana)];
      await Promise.all([plain, asking].map((chat) => chat.nth('connected', 1)));
      await ben.say(room, 'one');
      await Promise.all([plain, asking].map((chat) => chat.nth('newMessage', 1)));
      assert.ok(plain.told.every(({ args }) => args.length === 1));
      assert.equal(plain.socket._pid, undefined);
      const durable = asking.told.filter(({ name }) => ['connected', 'newMessage'].includes(name));
      assert.deepEqual(durable.map(({ args }) => args.map((arg) => typeof arg)), [['object', 'string'], ['object', 'string']]);
      [plain, asking].forEach((chat) => chat.socket.disconnect());
      await server.stop();
    });
  });
}
