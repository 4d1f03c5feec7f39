// Messages that wait for a moderator, for the client that apps copy (examples/server/page/chat.js and chat-api.js), in Node
// against the running server.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import WebSocket from 'ws';

import { Chat, keptInMemory } from '../../examples/server/page/chat.js';
import { ChatApi } from '../../examples/server/page/chat-api.js';
import { sleep, User } from './client.mjs';
import { startProxy } from './proxy.mjs';
import { BINARY, startServer } from './server.mjs';

const timing = { heartbeat: 300, answer: 400, firstDelay: 20, longestDelay: 200, stable: 1000 };

let server;
before(async () => { server = await startServer({ args: ['--review'] }); });
const open = [];
after(async () => {
  open.forEach((chat) => chat.close());
  await server?.stop();
});

const text = (content) => ({ type: 'TEXT', content });

/** Ana, whose room it is, and Ben, whose messages are held there. */
async function scene() {
  const [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => User.create(server.url, name)));
  const room = { type: 'GROUP', name: 'Runners', participantUuids: [ben.id], custom: { review: true } };
  return { ana, ben, room: (await ana.ok('POST', '/rooms', room)).roomUuid };
}

/** A client that keeps what it is told. */
function connect(user, { url = server.url, storage = keptInMemory(), ...more } = {}) {
  const chat = new Chat({ url, user: user.id, token: () => user.token, storage, timing, WebSocket, ...more });
  open.push(chat);
  const told = { messages: [], entries: [], news: [] };
  chat.on('message', ({ content }) => told.messages.push(content));
  chat.on('entry', ({ draft, state }) => told.entries.push([draft.content, state]));
  chat.on('notification', (news) => told.news.push(news));
  return { chat, told, api: new ChatApi(chat) };
}

/** Waits until it holds. */
async function until(what, holds, timeout = 8000) {
  for (const end = Date.now() + timeout; !(await holds());) {
    if (Date.now() > end) assert.fail(`not within ${timeout} ms: ${what}`);
    await sleep(5);
  }
}

const become = (state, ...entries) => until(state, () => entries.every((entry) => entry.state === state));
const waiting = async (ana, room) => (await ana.ok('GET', `/rooms/${room}/held`)).held;
const approve = (ana, room, { heldUuid }) => ana.ok('POST', `/rooms/${room}/held/${heldUuid}/approve`);
const reject = (ana, room, { heldUuid }, reason) => ana.ok('POST', `/rooms/${room}/held/${heldUuid}/reject`, { reason });
const history = async (user, room) => (await user.ok('GET', `/rooms/${room}/messages`)).messages.map(({ content }) => content).toReversed();

describe('what is held', { timeout: 60_000 }, () => {
  test('is neither sent nor sent again, lets the next pass, and is told once as a message when it is approved', async () => {
    const { ana, ben, room } = await scene();
    const [anas, bens] = [connect(ana), connect(ben)];
    const other = await ben.group([], 'Another');
    const [entry, next, elsewhere] = [bens.chat.send(room, text('one')), bens.chat.send(room, text('two')), bens.chat.send(other, text('free'))];
    await become('held', entry, next);
    await become('sent', elsewhere, anas.chat.send(room, text('by who looks after it')));
    assert.equal(entry.error, undefined);
    assert.deepEqual((await waiting(ana, room)).map(({ heldUuid, content }) => [heldUuid, content]), [[entry.heldUuid, 'one'], [next.heldUuid, 'two']]);
    assert.deepEqual(bens.chat.entries, [entry, next]);
    bens.chat.retry(entry.clientId);
    assert.equal(entry.state, 'held', 'there is nothing to be tried again');
    await approve(ana, room, next);
    await become('sent', next);
    assert.deepEqual([next.message.messageUuid, next.message.seq, next.message.clientId], [next.heldUuid, 2, next.clientId]);
    await approve(ana, room, entry);
    await until('ana knows', () => anas.told.messages.includes('one'));
    await become('sent', entry);
    assert.deepEqual(bens.told.messages.filter((content) => content !== 'free'), ['by who looks after it', 'two', 'one']);
    assert.deepEqual(bens.told.entries.filter(([content]) => content === 'one'), [['one', 'sending'], ['one', 'held'], ['one', 'sent']]);
    assert.deepEqual([bens.chat.entries, await history(ana, room)], [[], ['by who looks after it', 'two', 'one']]);
  });

  test('has failed once it is rejected, with the reason, and waits anew when it is tried again', async () => {
    const { ana, ben, room } = await scene();
    const bens = connect(ben);
    const [entry, other] = [bens.chat.send(room, text('shoes')), bens.chat.send(room, text('more shoes'))];
    await become('held', entry, other);
    const first = entry.heldUuid;
    await reject(ana, room, entry, 'No <b>ads</b>');
    await reject(ana, room, other);
    await become('failed', entry, other);
    assert.deepEqual([entry, other].map(({ error: { code, reason } }) => [code, reason]), [['REJECTED', 'No <b>ads</b>'], ['REJECTED', undefined]]);
    const rejected = bens.told.news.filter(({ type }) => type === 'messageRejected');
    assert.deepEqual(rejected.map(({ heldUuid }) => heldUuid), [first, other.heldUuid]);
    bens.chat.retry(entry.clientId);
    await become('held', entry);
    assert.deepEqual([entry.error, entry.heldUuid === first], [undefined, false]);
    await approve(ana, room, entry);
    await become('sent', entry);
    assert.deepEqual(await history(ana, room), ['shoes']);
  });

  test('has failed as EXPIRED once nobody has answered for long', async () => {
    const { ben, room } = await scene();
    let socket;
    class Told extends WebSocket {
      constructor(...address) {
        super(...address);
        socket = this;
      }
    }
    const bens = connect(ben, { WebSocket: Told });
    const [entry, other] = [bens.chat.send(room, text('shoes')), bens.chat.send(room, text('more shoes'))];
    await become('held', entry, other);
    // A week is longer than a test.
    const expired = { type: 'messageExpired', roomUuid: room, heldUuid: entry.heldUuid };
    socket.emit('message', Buffer.from(JSON.stringify({ event: 'notification', data: expired })), false);
    await become('failed', entry);
    assert.deepEqual([entry.error.code, entry.error.reason, other.state], ['EXPIRED', undefined, 'held']);
    assert.deepEqual(bens.told.news.filter(({ type }) => type === 'messageExpired'), [expired]);
    bens.chat.retry(entry.clientId);
    await become('held', entry);
  });

  test('outlives a reload, and what became of it meanwhile is found out', async () => {
    const { ana, ben, room } = await scene();
    const storage = keptInMemory();
    const first = connect(ben, { storage });
    const written = ['approved', 'rejected', 'waiting'].map((content) => first.chat.send(room, text(content)));
    await become('held', ...written);
    first.chat.close();
    await approve(ana, room, written[0]);
    await reject(ana, room, written[1], 'heard by nobody');

    const { chat, told } = connect(ben, { storage });
    assert.deepEqual(chat.entries.map(({ draft, state }) => [draft.content, state]), [['approved', 'held'], ['rejected', 'held'], ['waiting', 'held']]);
    await until('both are settled', () => told.entries.length === 2);
    assert.deepEqual(told.entries.toSorted(), [['approved', 'sent'], ['rejected', 'failed']]);
    assert.deepEqual(told.messages, ['approved']);
    assert.deepEqual(chat.entries.map(({ draft, state, error }) => [draft.content, state, error?.code]), [['rejected', 'failed', 'REJECTED'], ['waiting', 'held', undefined]]);
    assert.deepEqual((await waiting(ana, room)).map(({ content }) => content), ['waiting'], 'nothing was sent again');
    assert.deepEqual(storage.load().map(({ draft, state }) => [draft.content, state]).toSorted(), [['rejected', 'failed'], ['waiting', 'held']]);
  });

  test('is found out about after a cut, too, and an approval is told once', async () => {
    const { ana, ben, room } = await scene();
    const proxy = await startProxy(server.url);
    const bens = connect(ben, { url: proxy.url });
    const [entry, other] = [bens.chat.send(room, text('one')), bens.chat.send(room, text('two'))];
    await become('held', entry, other);
    proxy.isOpen = false;
    proxy.cut();
    await until('it is cut', () => !bens.chat.isOnline);
    await approve(ana, room, entry);
    await reject(ana, room, other, 'heard by nobody');
    proxy.isOpen = true;
    await become('sent', entry);
    await become('failed', other);
    await ana.say(room, 'the end');
    await until('all is told', () => bens.told.messages.includes('the end'));
    assert.deepEqual(bens.told.messages, ['one', 'the end']);
    await proxy.stop();
  });

  test('is held once where the answer is lost', async () => {
    const { ana, ben, room } = await scene();
    const proxy = await startProxy(server.url);
    const bens = connect(ben, { url: proxy.url });
    await until('online', () => bens.chat.isOnline);
    let cuts = 0;
    proxy.toClient = (chunk) => {
      if (cuts > 0 || !chunk.includes('"HELD"')) return { chunk };
      cuts += 1;
      return { chunk: Buffer.alloc(0), cut: true };
    };
    const entry = bens.chat.send(room, text('once'));
    await become('held', entry);
    assert.equal(cuts, 1);
    assert.deepEqual((await waiting(ana, room)).map(({ heldUuid }) => heldUuid), [entry.heldUuid]);
    await proxy.stop();
  });

  test('is taken back, and where that comes too late its entry tells what became of it', async () => {
    const { ana, ben, room } = await scene();
    const proxy = await startProxy(server.url);
    const storage = keptInMemory();
    const patient = { ...timing, heartbeat: 5000, answer: 5000 };
    const bens = connect(ben, { url: proxy.url, storage, timing: patient });
    const entries = ['back', 'approved', 'rejected'].map((content) => bens.chat.send(room, text(content)));
    await become('held', ...entries);
    const [back, approved, rejected] = entries;
    await bens.chat.withdraw(back.clientId);
    assert.deepEqual(bens.told.entries.filter(([content]) => content === 'back'), [['back', 'sending'], ['back', 'held'], ['back', 'withdrawn']]);
    assert.deepEqual((await waiting(ana, room)).map(({ content }) => content), ['approved', 'rejected']);
    assert.deepEqual(storage.load().map(({ draft }) => draft.content), ['approved', 'rejected']);
    // Nothing of it has been told yet.
    proxy.hold();
    await approve(ana, room, approved);
    await reject(ana, room, rejected);
    for (const late of [approved, rejected]) await assert.rejects(bens.chat.withdraw(late.clientId), { code: 'MESSAGE_NOT_FOUND' });
    assert.deepEqual([approved.state, rejected.state, rejected.error.code], ['sent', 'failed', 'REJECTED']);
    proxy.release();
    await ana.say(room, 'the end');
    await until('all is told', () => bens.told.messages.includes('the end'));
    assert.deepEqual(bens.told.messages, ['approved', 'the end']);
    await bens.chat.withdraw(rejected.clientId);
    assert.equal(rejected.state, 'failed', 'what is not held is not taken back');
    await proxy.stop();
  });
});

describe('what is taken back on another device', { timeout: 30_000 }, () => {
  test('is in the outbox no more, and what else is held there waits on', async () => {
    const { ana, ben, room } = await scene();
    const storage = keptInMemory();
    const [bens, phone] = [connect(ben, { storage }), connect(ben)];
    const [entry, other] = [bens.chat.send(room, text('one')), bens.chat.send(room, text('two'))];
    await become('held', entry, other);
    const [{ heldUuid }] = await phone.api.ownHeld();
    assert.equal(heldUuid, entry.heldUuid);
    await phone.api.withdrawHeld(room, heldUuid);
    await become('withdrawn', entry);
    assert.deepEqual([bens.chat.entries, storage.load().map(({ draft }) => draft.content)], [[other], ['two']]);
    assert.deepEqual([other.state, entry.error], ['held', undefined]);
    bens.chat.retry(entry.clientId);
    await approve(ana, room, other);
    await become('sent', other);
    assert.deepEqual([entry.state, await history(ana, room)], ['withdrawn', ['two']]);
  });

  test('and on this one at the same time is taken back, and not rejected', async () => {
    const { ben, room } = await scene();
    const proxy = await startProxy(server.url);
    const bens = connect(ben, { url: proxy.url, timing: { ...timing, heartbeat: 5000, answer: 5000 } });
    const entry = bens.chat.send(room, text('one'));
    await become('held', entry);
    proxy.hold();
    await ben.ok('DELETE', `/rooms/${room}/held/${entry.heldUuid}`);
    await assert.rejects(bens.chat.withdraw(entry.clientId), { code: 'MESSAGE_NOT_FOUND' });
    proxy.release();
    await become('withdrawn', entry);
    assert.deepEqual([bens.chat.entries, entry.error], [[], undefined]);
    await proxy.stop();
  });
});

describe('what waits', { timeout: 30_000 }, () => {
  test('is told to have changed to who may approve it and to who sent it, and to nobody else', async () => {
    const { ana, ben, room } = await scene();
    const cho = await User.create(server.url, 'cho');
    await ana.ok('POST', `/rooms/${room}/participants`, { userUuids: [cho.id] });
    const [anas, bens, chos] = [connect(ana), connect(ben), connect(cho)];
    const changes = ({ told }) => told.news.filter(({ type, roomUuid }) => type === 'heldMessagesChanged' && roomUuid === room).length;
    const are = (ofAna, ofBen) => until(`${ofAna} and ${ofBen}`, () => changes(anas) === ofAna && changes(bens) === ofBen);
    await until('online', () => [anas, bens, chos].every(({ chat }) => chat.isOnline));
    const entries = [];
    for (const [at, content] of ['approved', 'rejected', 'back'].entries()) {
      entries.push(bens.chat.send(room, text(content)));
      await are(at + 1, at + 1);
    }
    await become('held', ...entries);
    await approve(ana, room, entries[0]);
    await are(4, 3);
    await reject(ana, room, entries[1]);
    await are(5, 3);
    await bens.chat.withdraw(entries[2].clientId);
    await are(6, 3);
    const ofBen = () => bens.told.news.filter(({ heldUuid }) => heldUuid).map(({ type, heldUuid }) => [type, heldUuid]);
    await until('each is told', () => ofBen().length >= 3);
    const heldUuids = entries.map(({ heldUuid }) => heldUuid);
    assert.deepEqual(ofBen(), ['messageApproved', 'messageRejected', 'messageWithdrawn'].map((type, at) => [type, heldUuids[at]]));
    await become('sent', anas.chat.send(room, text('the end')));
    await until('all is told', () => chos.told.messages.includes('the end'));
    assert.equal(changes(chos), 0);
  });
});

describe('chat-api.js', { timeout: 30_000 }, () => {
  test('lists what is held, approves, rejects and takes back, and says what of a forwarded message is held', async () => {
    const { ana, ben, room } = await scene();
    const [anas, bens] = [connect(ana), connect(ben)];
    const mine = await ben.group([], 'Notes');
    const { messageUuid } = await ben.say(mine, 'worth passing on');
    const refusal = await bens.api.forward(mine, messageUuid, room).catch((error) => error);
    assert.deepEqual([refusal.code, refusal.status], ['HELD', 202]);
    for (const content of ['one', 'two']) await ben.say(room, content);
    const own = await bens.api.ownHeld();
    assert.deepEqual(own.map(({ roomUuid, content, reason }) => [roomUuid, content, reason]), ['worth passing on', 'one', 'two'].map((content) => [room, content, undefined]));
    assert.deepEqual([own[0].heldUuid, own[0].forwarded.userUuid], [refusal.heldUuid, ben.id]);
    const first = await anas.api.held(room, { limit: 2 });
    const second = await anas.api.held(room, { limit: 2, cursor: first.nextCursor });
    assert.deepEqual([...first.held, ...second.held].map(({ heldUuid }) => heldUuid), own.map(({ heldUuid }) => heldUuid));
    assert.deepEqual([first.held[0].sender.userUuid, first.held[0].reason, second.nextCursor], [ben.id, 'All messages are looked at here', null]);
    await assert.rejects(bens.api.held(room), { code: 'FORBIDDEN' });
    assert.deepEqual(await bens.api.withdrawHeld(room, own[1].heldUuid), { roomUuid: room });
    const message = await anas.api.approveHeld(room, own[0].heldUuid);
    assert.deepEqual([message.messageUuid, message.content, message.sender.userUuid], [own[0].heldUuid, 'worth passing on', ben.id]);
    assert.deepEqual(await anas.api.rejectHeld(room, own[2].heldUuid, 'Enough'), { roomUuid: room });
    await assert.rejects(anas.api.approveHeld(room, own[2].heldUuid), { code: 'MESSAGE_NOT_FOUND' });
    assert.deepEqual([await bens.api.ownHeld(), (await anas.api.held(room)).held], [[], []]);
  });
});

describe('the server', { timeout: 30_000 }, () => {
  test('holds no message without --review, and with it none in a direct chat', async () => {
    const plain = await startServer();
    try {
      const [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => User.create(plain.url, name)));
      const { roomUuid } = await ana.ok('POST', '/rooms', { type: 'GROUP', name: 'Runners', participantUuids: [ben.id], custom: { review: true } });
      assert.equal((await ben.say(roomUuid, 'hello')).seq, 1);
    } finally {
      await plain.stop();
    }
    const { ana, ben } = await scene();
    const { roomUuid } = await ana.ok('POST', '/rooms', { type: 'DIRECT', participantUuids: [ben.id], custom: { review: true } });
    assert.equal((await ben.say(roomUuid, 'hello')).seq, 1);
  });

  test('does not start with --review out of development mode', async () => {
    const started = promisify(execFile)(BINARY, ['--db', 'memory', '--jwt-secret-file', 'secret', '--review']);
    await assert.rejects(started, ({ stderr }) => stderr.includes('--review is for development mode'));
  });
});
