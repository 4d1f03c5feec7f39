// The client that apps copy (examples/server/page/chat.js), in Node against the running server.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import WebSocket, { WebSocketServer } from 'ws';

import { backoff, Chat, ChatError, keptInMemory, MAX_ENTRIES, TIMING } from '../../examples/server/page/chat.js';
import { ChatApi } from '../../examples/server/page/chat-api.js';
import { call, inSeconds, sign, sleep, User } from './client.mjs';
import { startProxy } from './proxy.mjs';
import { startServer } from './server.mjs';

const SECRET = 'an example secret of more than 32 bytes';
/** Quick, so that the tests are. */
const timing = { heartbeat: 300, answer: 400, firstDelay: 20, longestDelay: 200, stable: 1000 };

let server;
before(async () => { server = await startServer({ secret: SECRET }); });
after(() => server?.stop());

const numbers = (total) => Array.from({ length: total }, (_, n) => n);
const open = [];
after(() => open.forEach((chat) => chat.close()));

/** A client that keeps all that it is told. */
function connect(user, { url = server.url, token = () => user.token, ...more } = {}) {
  const chat = new Chat({ url, user: user.id, token, timing, WebSocket, ...more });
  open.push(chat);
  const told = { messages: [], states: [], entries: [], resets: 0, caughtUp: 0, readies: 0, all: [] };
  chat.on('message', (message) => told.messages.push(message));
  chat.on('state', (change) => told.states.push(change));
  chat.on('entry', ({ draft, state }) => told.entries.push([draft.content, state]));
  chat.on('reset', () => (told.resets += 1));
  chat.on('caughtUp', () => (told.caughtUp += 1));
  chat.on('ready', () => (told.readies += 1));
  return { chat, told, seqs: () => told.messages.map(({ seq }) => seq), texts: () => told.messages.map(({ content }) => content) };
}

/** Waits until it holds. */
async function until(what, holds, timeout = 8000) {
  for (const end = Date.now() + timeout; !(await holds());) {
    if (Date.now() > end) assert.fail(`not within ${timeout} ms: ${what}`);
    await sleep(5);
  }
}

const users = (...names) => Promise.all(names.map((name) => User.create(server.url, name)));
const text = (content) => ({ type: 'TEXT', content });
const online = ({ chat }) => until('online', () => chat.isOnline);

/** All messages of a room, oldest first. */
async function history(user, room) {
  const messages = [];
  for (let page = 1, more = true; more; page += 1) {
    const part = await user.ok('GET', `/rooms/${room}/messages?limit=100&page=${page}`);
    messages.unshift(...part.messages.toReversed());
    more = part.hasMore;
  }
  return messages.map(({ content }) => content);
}

describe('the client', { timeout: 60_000 }, () => {
  test('its types hold under the strictest check', async () => {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    await promisify(execFile)('npx', ['--no-install', 'tsc', '-p', folder], { cwd: folder })
      .catch(({ stdout }) => assert.fail(stdout));
  });

  test('waits are random in full, grow, and have an end', () => {
    const longest = numbers(40).map((attempt) => backoff(attempt, TIMING, 1));
    assert.deepEqual(longest.slice(0, 4), [500, 1000, 2000, 4000]);
    assert.equal(longest.at(-1), TIMING.longestDelay);
    assert.equal(backoff(9, TIMING, 0), 0);
  });

  test('what is sent is told once: sending, sent, and as a message to both', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const [anas, bens] = [connect(ana), connect(ben)];
    await Promise.all([online(anas), online(bens)]);
    const entry = anas.chat.send(room, text('hello'));
    assert.equal(entry.state, 'sending');
    assert.deepEqual(anas.chat.entries, [entry]);
    await until('both know', () => anas.told.messages.length && bens.told.messages.length);
    assert.deepEqual([entry.state, entry.message.seq, anas.chat.entries], ['sent', 1, []]);
    assert.deepEqual(anas.told.entries, [['hello', 'sending'], ['hello', 'sent']]);
    assert.deepEqual([anas.texts(), bens.texts()], [['hello'], ['hello']]);
    assert.equal((await bens.chat.markRead(room, 1)).unreadCount, 0);
  });

  test('REST calls share its token and its address', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const api = new ChatApi(connect(ana).chat);
    const { roomUuid } = await api.create({ type: 'GROUP', name: 'Runners', participantUuids: [ben.id] });
    await ana.say(roomUuid, 'one');
    await ana.say(roomUuid, 'two');
    assert.deepEqual((await api.history(roomUuid, { limit: 1 })).messages.map(({ seq }) => seq), [2]);
    const { messages, hasMoreBefore, hasMoreAfter } = await api.history(roomUuid, { before: 2, limit: 5 });
    assert.deepEqual([messages.map(({ seq }) => seq), hasMoreBefore, hasMoreAfter], [[1], false, true]);
    assert.equal((await api.rooms()).rooms[0].roomUuid, roomUuid);
    assert.deepEqual((await api.participants(roomUuid)).length, 2);
    await assert.rejects(api.room('01J00000000000000000000000'), (error) => error instanceof ChatError && error.code === 'ROOM_NOT_FOUND' && error.status === 404);
    await api.leave(roomUuid);
    await assert.rejects(api.history(roomUuid), { code: 'NOT_A_PARTICIPANT' });
  });

  test('a fault of a listener stops nothing', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    const anas = connect(ana);
    const faults = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => faults.push(error.message));
    try {
      anas.chat.on('entry', () => { throw new Error('mine'); });
      anas.chat.send(room, text('hello'));
      await until('it is sent', () => anas.texts().length === 1);
    } finally {
      process.removeAllListeners('uncaughtException');
      listeners.forEach((listener) => process.on('uncaughtException', listener));
    }
    assert.deepEqual(faults, ['mine', 'mine']);
  });
});

describe('the outbox', { timeout: 60_000 }, () => {
  test('a server that is killed and started again loses nothing, doubles nothing, and keeps the order', async () => {
    let own = await startServer({ secret: SECRET });
    const proxy = await startProxy(own.url);
    try {
      const [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => User.create(own.url, name)));
      const rooms = [await ana.group([ben]), await ana.group([ben])];
      const [anas, bens] = [connect(ana, { url: proxy.url }), connect(ben, { url: proxy.url })];
      await Promise.all([online(anas), online(bens)]);
      const drafts = numbers(120).map(String);
      for (const [n, content] of drafts.entries()) {
        anas.chat.send(rooms[n % 2], text(content));
        if (n === 40 || n === 80) {
          await Promise.all([online(anas), online(bens)]);
          process.kill(own.pid, 'SIGKILL');
          await own.ended;
          own = await startServer({ secret: SECRET, folder: own.folder, db: own.db, addr: new URL(own.url).host });
        }
        await sleep(2);
      }
      await until('all is sent', () => anas.chat.entries.length === 0);
      await until('all is told', () => bens.told.messages.length >= 120);
      const again = new User(own.url, ana.id, ana.token);
      for (const [n, room] of rooms.entries()) {
        const written = drafts.filter((_, m) => m % 2 === n);
        assert.deepEqual(await history(again, room), written);
        for (const { told } of [anas, bens]) {
          assert.deepEqual(told.messages.filter(({ roomUuid }) => roomUuid === room).map(({ content }) => content), written);
        }
      }
      assert.ok(anas.told.readies >= 3);
      anas.chat.close();
      bens.chat.close();
    } finally {
      await Promise.all([own.stop({ keep: true }), proxy.stop()]);
      await rm(own.folder, { recursive: true, force: true });
    }
  });

  test('what was written before a reload is sent after it, in order, once', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    const storage = keptInMemory();
    const proxy = await startProxy(server.url);
    proxy.isOpen = false;
    const before = connect(ana, { url: proxy.url, storage });
    for (const content of ['one', 'two', 'three']) before.chat.send(room, text(content));
    await until('it is offline', () => before.told.states.some(({ state }) => state === 'offline'));
    before.chat.close();
    assert.equal(before.chat.entries.length, 3);

    const after = connect(ana, { storage });
    assert.deepEqual(after.chat.entries.map(({ draft, state }) => [draft.content, state]), [['one', 'sending'], ['two', 'sending'], ['three', 'sending']]);
    await until('all is sent', () => after.chat.entries.length === 0);
    assert.deepEqual(await history(ana, room), ['one', 'two', 'three']);
    assert.deepEqual(storage.load(), []);
    await proxy.stop();
  });

  test('a message whose ack is lost is sent and told once', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    const proxy = await startProxy(server.url);
    const anas = connect(ana, { url: proxy.url });
    await online(anas);
    let cuts = 0;
    proxy.toClient = (chunk) => {
      if (cuts > 0 || !chunk.includes('"ok":{"message"')) return { chunk };
      cuts += 1;
      return { chunk: Buffer.alloc(0), cut: true };
    };
    const entry = anas.chat.send(room, text('once'));
    anas.chat.send(room, text('then'));
    await until('both are sent', () => anas.chat.entries.length === 0);
    assert.deepEqual([cuts, entry.state, entry.message.seq], [1, 'sent', 1]);
    assert.deepEqual(anas.seqs(), [1, 2]);
    assert.deepEqual(await history(ana, room), ['once', 'then']);
    await proxy.stop();
  });

  test('a reload before the ack sends it once, too', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    const storage = keptInMemory();
    const proxy = await startProxy(server.url);
    const before = connect(ana, { url: proxy.url, storage });
    await online(before);
    proxy.toClient = (chunk) => ({ chunk: chunk.includes('"ok":{"message"') ? Buffer.alloc(0) : chunk });
    before.chat.send(room, text('once'));
    await until('the server has it', async () => (await history(ana, room)).length === 1);
    before.chat.close();
    const after = connect(ana, { storage });
    await until('it knows', () => after.chat.entries.length === 0);
    assert.deepEqual([after.texts(), await history(ana, room)], [['once'], ['once']]);
    await proxy.stop();
  });

  test('what is refused for good has failed, lets the next pass, and is retried or discarded', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const { roomUuid: direct } = await ana.ok('POST', '/rooms', { type: 'DIRECT', participantUuids: [ben.id] });
    const room = await ana.group([]);
    const block = (method) => call(server.url, method, `/api/friends/${ana.id}/block`, { token: ben.token });
    assert.equal((await block('POST')).status < 300, true);
    const storage = keptInMemory();
    const anas = connect(ana, { storage });
    const [blocked, empty, good] = [anas.chat.send(direct, text('hi')), anas.chat.send(room, text(' ')), anas.chat.send(room, text('good'))];
    await until('all are answered', () => [blocked, empty, good].every(({ state }) => state !== 'sending'));
    assert.deepEqual([blocked.state, empty.state, good.state], ['failed', 'failed', 'sent']);
    assert.equal(blocked.error.code, 'FORBIDDEN');
    assert.deepEqual([empty.error.code, empty.error.field], ['INVALID_INPUT', 'content']);
    assert.deepEqual(storage.load().map(({ state, error }) => [state, error.code]), [['failed', 'FORBIDDEN'], ['failed', 'INVALID_INPUT']]);

    anas.chat.close();
    const later = connect(ana, { storage });
    assert.deepEqual(later.chat.entries.map(({ state }) => state), ['failed', 'failed'], 'it is still there after a reload');
    later.chat.discard(empty.clientId);
    await block('DELETE');
    later.chat.retry(blocked.clientId);
    await until('it is sent', () => later.chat.entries.length === 0);
    assert.deepEqual(await history(ana, direct), ['hi']);
    assert.deepEqual(storage.load(), []);
  });

  test('a frame that ends the connection is given up, and what follows is sent', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    const anas = connect(ana);
    const large = anas.chat.send(room, text('x'.repeat(3_000_000)));
    const small = anas.chat.send(room, text('small'));
    await until('the small one is sent', () => small.state === 'sent');
    assert.deepEqual([large.state, large.error.code], ['failed', 'PAYLOAD_TOO_LARGE']);
  });

  test('two tabs on one storage send each entry once', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    const storage = keptInMemory();
    const proxy = await startProxy(server.url);
    proxy.isOpen = false;
    const offline = connect(ana, { url: proxy.url, storage });
    const drafts = numbers(20).map(String);
    for (const content of drafts) offline.chat.send(room, text(content));
    const tabs = [offline, connect(ana, { url: proxy.url, storage })];
    proxy.isOpen = true;
    await until('both have sent all', () => tabs.every(({ chat }) => chat.entries.length === 0));
    assert.deepEqual(await history(ana, room), drafts);
    // By their numbers: what one tab sends before the other one is there, that one hears of by its own answer, behind what is live.
    for (const { told } of tabs) {
      const inOrder = told.messages.toSorted((one, other) => one.seq - other.seq);
      assert.deepEqual(inOrder.map(({ content }) => content), drafts);
    }
    await proxy.stop();
  });

  test('it has an end, which is told when writing, and so has its storage', async () => {
    const [ana] = await users('ana');
    const proxy = await startProxy(server.url);
    proxy.isOpen = false;
    const { chat } = connect(ana, { url: proxy.url });
    for (const n of numbers(MAX_ENTRIES)) chat.send('01J00000000000000000000000', text(`${n}`));
    assert.throws(() => chat.send('01J00000000000000000000000', text('one more')), { code: 'OUTBOX_FULL' });
    const full = { ...keptInMemory(), save() { throw new Error('quota'); } };
    const other = connect(ana, { url: proxy.url, storage: full });
    assert.throws(() => other.chat.send('01J00000000000000000000000', text('x')), { code: 'OUTBOX_FULL' });
    assert.deepEqual(other.chat.entries, []);
    await proxy.stop();
  });
});

describe('coming back', { timeout: 60_000 }, () => {
  test('while others talk and the network is cut again and again, there is no gap and no double', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const proxy = await startProxy(server.url);
    const [anas, bens] = [connect(ana), connect(ben, { url: proxy.url })];
    await Promise.all([online(anas), online(bens)]);
    const cutting = (async () => {
      for (const n of numbers(8)) {
        await until('it is back', () => bens.told.readies > n);
        await sleep(5 * n);
        proxy.cut();
      }
    })();
    for (const n of numbers(300)) {
      anas.chat.send(room, text(`ana ${n}`));
      if (n % 3 === 0) bens.chat.send(room, text(`ben ${n}`));
      await sleep(2);
    }
    await cutting;
    await until('all is told', () => bens.told.messages.length >= 400 && anas.told.messages.length >= 400);
    await sleep(50);
    for (const { seqs } of [anas, bens]) {
      const told = seqs();
      assert.deepEqual(told.toSorted((one, other) => one - other), numbers(400).map((n) => n + 1));
    }
    assert.deepEqual(anas.seqs(), numbers(400).map((n) => n + 1), 'in order, where nothing was cut');
    assert.equal(bens.told.resets, 0);
    await proxy.stop();
  });

  test('a cut in the middle of the catch-up loses and doubles nothing', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const proxy = await startProxy(server.url);
    const bens = connect(ben, { url: proxy.url });
    await online(bens);
    proxy.isOpen = false;
    proxy.cut();
    for (const n of numbers(150)) await ana.say(room, `${n}`);
    // Three times half of what comes, then all of it.
    let cuts = 0;
    proxy.toClient = (chunk) => {
      if (cuts === 3 || !chunk.includes('"event":"message"')) return { chunk };
      cuts += 1;
      return { chunk: chunk.subarray(0, chunk.length / 2), cut: true };
    };
    proxy.isOpen = true;
    await until('it has caught up', () => bens.told.caughtUp === 2);
    assert.equal(cuts, 3);
    assert.deepEqual(bens.seqs(), numbers(150).map((n) => n + 1));
    await proxy.stop();
  });

  test('a network that is dead without a word is noticed', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const proxy = await startProxy(server.url);
    const bens = connect(ben, { url: proxy.url });
    await online(bens);
    proxy.isOpen = false;
    await until('it is offline', () => !bens.chat.isOnline, 3000);
    await ana.say(room, 'missed');
    proxy.isOpen = true;
    await until('it is told', () => bens.texts().includes('missed'));
    await sleep(timing.heartbeat * 3);
    assert.equal(bens.told.readies, 2, 'silence alone ends nothing');
    await proxy.stop();
  });

  test('a later client goes on from the position of an earlier one', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const first = connect(ben);
    await online(first);
    const { pos } = first.chat;
    first.chat.close();
    await ana.say(room, 'missed');
    const second = connect(ben, { since: pos });
    await until('it is told', () => second.told.caughtUp === 1);
    assert.deepEqual(second.texts(), ['missed']);
  });

  test('where not all can be told, the app is asked to load anew', async () => {
    const [ana] = await users('ana');
    const elsewhere = await startServer({ secret: SECRET });
    const cho = await User.create(elsewhere.url, 'cho');
    const other = connect(cho, { url: elsewhere.url });
    await online(other);
    for (const since of [other.chat.pos, 'no position at all']) {
      const anas = connect(ana, { since });
      await until('it is told', () => anas.told.caughtUp === 1);
      assert.deepEqual([since, anas.told.resets], [since, 1]);
      assert.notEqual(anas.chat.pos, since);
    }
    other.chat.close();
    await elsewhere.stop();
  });

  test('each close says why, and when it comes back', async () => {
    for (const [code, reason, name, longest, shortest = 0] of [
      [4012, 'server restarting: reconnect after 700 ms', 'RESTARTING', 700, 700],
      [4008, 'lagged: reconnect and resume', 'LAGGED', 0],
      [4003, 'token expired', 'TOKEN_EXPIRED', 0],
      [4009, 'too many requests', 'RATE_LIMITED', timing.longestDelay],
      [1001, '', 'OFFLINE', timing.firstDelay],
    ]) {
      // A server that does nothing but close, the first time.
      const closing = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      await once(closing, 'listening');
      let times = 0;
      closing.on('connection', (socket) => socket.on('message', () => {
        socket.send(JSON.stringify({ event: 'ready', data: { userUuid: 'ana', pos: 'p', recovered: true, rooms: [] } }));
        if ((times += 1) === 1) socket.close(code, reason);
      }));
      const anas = connect({ id: 'ana', token: 'x' }, { url: `http://127.0.0.1:${closing.address().port}` });
      const told = [];
      anas.chat.on('state', (change) => told.push({ ...change, at: Date.now() }));
      await until('it is back', () => times === 2);
      const [ready, lost, again] = told;
      assert.deepEqual([ready.state, lost.state, lost.reason, again.state], ['online', 'offline', name, 'connecting']);
      assert.ok(lost.retryIn >= shortest && lost.retryIn <= longest, `${name}: ${lost.retryIn} ms`);
      assert.ok(again.at - lost.at >= lost.retryIn - 5, `${name}: before its time`);
      anas.chat.close();
      closing.close();
    }
  });

  test('hurried again and again, it has one connection', async () => {
    const listening = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(listening, 'listening');
    listening.on('connection', (socket) => socket.on('message', (data) => {
      const { id, op } = JSON.parse(data);
      const ready = { event: 'ready', data: { userUuid: 'ana', pos: 'p', recovered: true, rooms: [] } };
      socket.send(JSON.stringify(op === 'hello' ? ready : { id, ok: {} }));
    }));
    const anas = connect({ id: 'ana' }, { url: `http://127.0.0.1:${listening.address().port}`, token: async () => (await sleep(5), 'x') });
    for (const n of numbers(20)) {
      anas.chat.hurry();
      await sleep(n % 3);
    }
    await online(anas);
    await until('one is left', () => listening.clients.size === 1);
    await sleep(50);
    assert.deepEqual([anas.told.readies, listening.clients.size], [1, 1]);
    anas.chat.close();
    listening.close();
  });

  test('a server that restarts is obeyed, and what was said meanwhile is told', async () => {
    const own = await startServer({ secret: SECRET });
    const ana = await User.create(own.url, 'ana');
    const room = await ana.group([]);
    const anas = connect(ana, { url: own.url });
    await online(anas);
    await own.stop({ keep: true });
    await until('it is told', () => anas.told.states.some(({ reason }) => reason === 'RESTARTING'));
    const second = await startServer({ secret: SECRET, folder: own.folder, db: own.db, addr: new URL(own.url).host });
    await ana.say(room, 'meanwhile');
    anas.chat.hurry();
    await until('it has caught up', () => anas.texts().includes('meanwhile'));
    assert.equal(anas.told.resets, 0);
    anas.chat.close();
    await second.stop();
  });
});

describe('tokens', { timeout: 60_000 }, () => {
  const signed = (id, seconds) => sign({ userUuid: id, exp: inSeconds(seconds) }, SECRET);

  test('one that expires is renewed, and nothing is missed meanwhile', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const asked = [];
    const bens = connect(ben, { token: (isRefused) => (asked.push(isRefused), signed(ben.id, isRefused ? 60 : 2)) });
    await online(bens);
    for (const n of numbers(40)) {
      await ana.say(room, `${n}`);
      await sleep(75);
    }
    await until('all is told', () => bens.told.messages.length === 40);
    assert.deepEqual(bens.seqs(), numbers(40).map((n) => n + 1));
    assert.deepEqual(asked, [false, true]);
    assert.deepEqual(bens.told.states.filter(({ reason }) => reason).map(({ reason }) => reason), ['TOKEN_EXPIRED']);
  });

  test('a REST call renews it as well, once for all that ask', async () => {
    const [ana] = await users('ana');
    let asked = 0;
    const { chat } = connect(ana, { token: (isRefused) => (asked += 1, isRefused ? signed(ana.id, 60) : 'garbage') });
    const api = new ChatApi(chat);
    const answers = await Promise.all(numbers(5).map(() => api.rooms()));
    assert.deepEqual(answers.map(({ total }) => total), [0, 0, 0, 0, 0]);
    assert.ok(asked <= 3, `${asked} times`);
  });

  test('refused twice, signed out, or another’s: the client is closed', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    for (const [reason, token, user] of [
      ['UNAUTHENTICATED', () => 'garbage', ana],
      ['SIGNED_OUT', () => null, ana],
      ['WRONG_USER', () => ana.token, { id: 'somebody else' }],
    ]) {
      const { chat, told } = connect(user, { token });
      chat.send(room, text('under another name'));
      await until('it is closed', () => chat.state === 'closed');
      assert.equal(told.states.at(-1).reason, reason);
      assert.equal(chat.entries.length, 1);
    }
    assert.deepEqual(await history(ana, room), []);
  });

  test('while none can be had, it is offline and tries again', async () => {
    const [ana] = await users('ana');
    let times = 0;
    const anas = connect(ana, { token: async () => { if ((times += 1) < 3) throw new Error('no network'); return ana.token; } });
    await online(anas);
    assert.equal(anas.told.states[0].state, 'offline');
    assert.equal(times, 3);
  });
});
