// The stock JavaScript client of Socket.IO, the version in the field and the newest one, against the
// running server: each event of the contract, by polling, by WebSocket, and by an upgrade.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { io as newest } from 'socket.io-client';
import { io as inTheField } from 'socket.io-client-4.7.5';

import { inSeconds, sign, sleep, unique, User } from './client.mjs';
import { startServer } from './server.mjs';
import { assertShape, EVENTS, MESSAGE } from './shapes.mjs';

const SECRET = 'a secret of at least thirty-two bytes';
const CLIENTS = { 'socket.io-client 4.7.5': inTheField, 'the newest socket.io-client': newest };
const WAYS = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };

let server;
before(async () => {
  server = await startServer({ secret: SECRET });
});
after(() => server?.stop());

/** A socket whose events can be waited for. */
class Chat {
  seen = [];
  #waiting = [];

  constructor(io, user, { transports = ['websocket'], auth = { token: user.token }, ...more } = {}) {
    this.socket = io(`${server.url}/chat`, { transports, auth, forceNew: true, reconnection: false, ...more });
    this.socket.onAny((name, ...args) => this.#take({ name, args }));
    this.socket.on('connect_error', (error) => this.#take({ name: 'connect_error', args: [error] }));
    this.socket.on('disconnect', (reason) => this.#take({ name: 'disconnect', args: [reason] }));
  }

  static async connect(io, user, options) {
    const chat = new Chat(io, user, options);
    chat.connected = await chat.next('connected');
    return chat;
  }

  #take(event) {
    this.seen.push(event);
    const at = this.#waiting.findIndex(({ name, fits }) => name === event.name && fits(event.args[0]));
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(event.args[0]);
    else (this.untaken ??= []).push(event);
  }

  /** The next event of this name that fits and was not taken yet. */
  next(name, fits = () => true, timeout = 8000) {
    const at = (this.untaken ??= []).findIndex((event) => event.name === name && fits(event.args[0]));
    if (at >= 0) return Promise.resolve(this.untaken.splice(at, 1)[0].args[0]);
    const late = new Error(`${name} did not come; there came ${this.seen.map((event) => event.name)}`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(late), timeout);
      this.#waiting.push({ name, fits, resolve: (value) => { clearTimeout(timer); resolve(value); } });
    });
  }

  ask(name, payload) {
    return this.socket.timeout(8000).emitWithAck(name, payload);
  }

  of(...names) {
    return this.seen.filter(({ name }) => names.includes(name)).map(({ args }) => args[0]);
  }

  close() {
    this.socket.disconnect();
  }
}

const people = (...names) => Promise.all(names.map((name) => User.create(server.url, name)));
const text = (content, more) => ({ type: 'TEXT', content, ...more });
/** All that was sent before has come: an answer comes behind it. */
const settled = (chat, roomUuid) => chat.ask('typing', { roomUuid, isTyping: false });

for (const [version, io] of Object.entries(CLIENTS)) {
  describe(version, { timeout: 120_000 }, () => {
    for (const [way, transports] of Object.entries(WAYS)) {
      test(`every event of the contract by ${way}`, async () => {
        const [ana, ben] = await people('ana', 'ben');
        const room = await ana.group([ben]);
        const [anas, bens] = await Promise.all([ana, ben].map((user) => Chat.connect(io, user, { transports })));
        assert.equal(anas.connected.userUuid, ana.id);
        assert.equal(typeof anas.connected.message, 'string');

        assert.deepEqual(await anas.ask('joinRoom', { roomUuid: room }), { ok: true });
        assert.deepEqual(await anas.next('joinedRoom'), { roomUuid: room });

        const sent = await anas.ask('sendMessage', { roomUuid: room, message: text('hello', { clientId: 'c1' }) });
        assert.equal(sent.ok, true);
        assertShape(sent.message, MESSAGE);
        assert.equal(sent.message.isMyMessage, true);
        const got = await bens.next('newMessage');
        assertShape(got, MESSAGE);
        assert.deepEqual(
          [got.messageUuid, got.content, got.isMyMessage, got.isRead, got.readByUuids],
          [sent.message.messageUuid, 'hello', false, false, [ana.id]],
        );
        const image = { type: 'IMAGE', imageUrl: 'https://example.org/cat.png' };
        anas.socket.emit('sendMessage', { roomUuid: room, message: image });
        const picture = await bens.next('newMessage');
        assert.deepEqual([picture.type, picture.imageUrl, picture.content], ['IMAGE', image.imageUrl, null]);

        await anas.ask('typing', { roomUuid: room, isTyping: true });
        const typing = await bens.next('userTyping', ({ isTyping }) => isTyping);
        assertShape(typing, EVENTS.typing);
        assert.equal(typing.userUuid, ana.id);

        assert.equal((await bens.ask('markAsRead', { roomUuid: room })).ok, true);
        for (const chat of [anas, bens]) {
          const read = await chat.next('messagesRead');
          assertShape(read, EVENTS.read);
          assert.deepEqual([read.roomUuid, read.userUuid, read.seq], [room, ben.id, 2]);
        }

        const [cho] = await people('cho');
        await ana.ok('POST', `/rooms/${room}/participants`, { userUuids: [cho.id] });
        const joined = await bens.next('systemMessage');
        assertShape(joined, EVENTS.system);
        assert.deepEqual([joined.kind, joined.userUuid, joined.seq], ['joined', cho.id, 3]);
        await cho.leave(room);
        assert.equal((await bens.next('systemMessage')).kind, 'left');

        await ben.say(room, 'over REST');
        assert.equal((await anas.next('newMessage')).content, 'over REST');
        const own = await bens.next('newMessage', ({ isMyMessage }) => isMyMessage);
        assert.equal(own.content, 'over REST', "one's own from elsewhere");
        assert.equal(anas.of('newMessage').filter(({ isMyMessage }) => isMyMessage).length, 0, 'none of its own');

        const other = await ben.group([ana], 'Another');
        const note = await anas.next('notification');
        assert.deepEqual([note.type, note.roomUuid], ['addedToRoom', other]);
        await ben.say(other, 'in the new room');
        assert.equal((await anas.next('newMessage')).roomUuid, other, 'joined by itself');

        assert.equal((await anas.ask('leaveRoom', { roomUuid: room })).ok, true);
        assert.deepEqual(await anas.next('leftRoom'), { roomUuid: room });
        await ben.say(room, 'not for ana');
        assert.equal((await anas.ask('sendMessage', { roomUuid: room, message: text('still a member') })).ok, true);
        await settled(anas, room);
        assert.ok(!anas.of('newMessage').some(({ content }) => content === 'not for ana'));
        anas.close();
        bens.close();
      });

      test(`failures are answered and end nothing, by ${way}`, async () => {
        const [ana, ben, cho] = await people('ana', 'ben', 'cho');
        const room = await ana.group([ben]);
        const chat = await Chat.connect(io, cho, { transports });
        const code = async (name, payload) => (await chat.ask(name, payload)).error?.code;
        assert.equal(await code('joinRoom', { roomUuid: room }), 'NOT_A_PARTICIPANT');
        assert.equal(await code('sendMessage', { roomUuid: room, message: text('x') }), 'NOT_A_PARTICIPANT');
        assert.equal(await code('sendMessage', { roomUuid: 'x' }), 'INVALID_INPUT');
        assert.equal(await code('sendMessage', 'x'), 'INVALID_INPUT');
        assert.equal(await code('dance', {}), 'INVALID_INPUT');
        assert.equal(await code('sendMessage', { roomUuid: room, message: text('x'.repeat(70_000)) }), 'PAYLOAD_TOO_LARGE');
        assert.equal(await code('sendMessage', { roomUuid: room, message: Buffer.from('binary') }), 'INVALID_INPUT');
        chat.socket.emit('dance');
        chat.socket.emit('sendMessage', { roomUuid: room, message: text('x') });
        for (const expected of ['INVALID_INPUT', 'NOT_A_PARTICIPANT']) {
          const { code: told, message } = await chat.next('error');
          assert.deepEqual([told, typeof message], [expected, 'string']);
        }
        assert.equal((await chat.ask('ping', {})).ok, true, 'it goes on');
        chat.close();
      });

      test(`a bad token is refused with the reason, and not tried again, by ${way}`, async () => {
        const [ana] = await people('ana');
        const expired = sign({ userUuid: ana.id, exp: inSeconds(-10) }, SECRET);
        const options = { transports, reconnection: true, reconnectionDelay: 50 };
        for (const [token, code] of [['nonsense', 'UNAUTHENTICATED'], [expired, 'TOKEN_EXPIRED'], [undefined, 'UNAUTHENTICATED']]) {
          const chat = new Chat(io, ana, { ...options, auth: { token } });
          const error = await chat.next('connect_error');
          assert.equal(error.data?.code, code, error.message);
          assert.equal(chat.socket.active, false);
          await sleep(200);
          assert.equal(chat.of('connect_error').length, 1);
          chat.close();
        }
        // `auth.token` counts before the header, also when it is bad; the header alone is good.
        const extraHeaders = { authorization: `Bearer ${ana.token}` };
        const bad = new Chat(io, ana, { transports, extraHeaders, auth: { token: 'nonsense' } });
        assert.equal((await bad.next('connect_error')).data.code, 'UNAUTHENTICATED');
        bad.close();
        (await Chat.connect(io, ana, { transports, extraHeaders, auth: {} })).close();
      });
    }

    test('a burst keeps its order, and each of 25 and of 250 rooms is joined at connect', async () => {
      const [ana, ben] = await people('ana', 'ben');
      for (const total of [25, 250]) {
        const rooms = await Promise.all(Array.from({ length: total }, () => ana.group([ben])));
        const [anas, bens] = await Promise.all([ana, ben].map((user) => Chat.connect(io, user)));
        for (const room of [rooms[0], rooms.at(-1), rooms[total >> 1]]) {
          for (let n = 0; n < 40; n += 1) anas.socket.emit('sendMessage', { roomUuid: room, message: text(`${n}`) });
          await bens.next('newMessage', ({ roomUuid, content }) => roomUuid === room && content === '39');
          const order = bens.of('newMessage').filter(({ roomUuid }) => roomUuid === room).map(({ content }) => Number(content));
          assert.deepEqual(order, Array.from({ length: 40 }, (_, n) => n));
        }
        anas.close();
        bens.close();
      }
    });

    test("the sender's other device gets its messages as its own", async () => {
      const [ana, ben] = await people('ana', 'ben');
      const room = await ana.group([ben]);
      const [one, other, bens] = await Promise.all([ana, ana, ben].map((user) => Chat.connect(io, user)));
      await one.ask('sendMessage', { roomUuid: room, message: text('from one') });
      assert.equal((await other.next('newMessage')).isMyMessage, true);
      assert.equal((await bens.next('newMessage')).isMyMessage, false);
      await settled(one, room);
      assert.equal(one.of('newMessage').length, 0);
      [one, other, bens].forEach((chat) => chat.close());
    });

    test('a message is seen while it is written', async () => {
      const [ana, ben] = await people('ana', 'ben');
      const roomUuid = await ana.group([ben]);
      const [anas, bens] = [await Chat.connect(io, ana), await Chat.connect(io, ben)];
      const { ok, message: { messageUuid, seq } } = await anas.ask('startStream', { roomUuid, content: 'Hm' });
      assert.equal(ok, true);
      assert.deepEqual(await anas.ask('appendStream', { roomUuid, messageUuid, text: ', yes' }), { ok: true });
      const delta = { roomUuid, messageUuid, seq, userUuid: ana.id, offset: 2, text: ', yes' };
      assert.deepEqual(await bens.next('messageDelta'), delta);
      const stopped = await anas.ask('stopStream', { roomUuid, messageUuid });
      assert.equal(stopped.message.content, 'Hm, yes');
      const whole = await bens.next('messageUpdated', ({ streamingUntil }) => !streamingUntil);
      assert.deepEqual([whole.content, whole.editedAt], ['Hm, yes', null]);
      assert.ok(!anas.seen.some(({ name }) => name.startsWith('message')), 'its own connection is told nothing');
      [anas, bens].forEach((chat) => chat.close());
    });

    test('notices of a room, a time of quiet and what others see are set and answered', async () => {
      const [ana, ben] = await people('ana', 'ben');
      const room = await ana.group([ben]);
      const chat = await Chat.connect(io, ana);
      const level = await chat.ask('setNotifications', { roomUuid: room, notifications: 'none' });
      assert.deepEqual([level.ok, level.roomUuid, level.notifications], [true, room, 'none']);
      const quiet = await chat.ask('setDoNotDisturb', { expiresIn: 3600 });
      assert.deepEqual([quiet.ok, typeof quiet.until, quiet.daily], [true, 'string', null]);
      assert.deepEqual(await chat.ask('endDoNotDisturb', {}), { ok: true, until: null, daily: null });
      const settings = await chat.ask('updateSettings', { readReceipts: false });
      assert.deepEqual(settings, { ok: true, lastSeen: 'everyone', invisible: false, readReceipts: false });
      assert.equal((await chat.ask('updateSettings', { invisible: 5 })).error.code, 'INVALID_INPUT');
      chat.close();
    });

    test('what was missed comes by resume, once, and then live events', async () => {
      const [ana, ben] = await people('ana', 'ben');
      const room = await ana.group([ben]);
      const first = await Chat.connect(io, ben);
      first.close();
      for (const n of [1, 2, 3]) await ana.say(room, `missed ${n}`);
      const again = await Chat.connect(io, ben);
      assert.equal((await again.ask('resume', { since: first.connected.pos })).ok, true);
      const { recovered, pos } = await again.next('caughtUp');
      assert.deepEqual([recovered, typeof pos], [true, 'string']);
      await ana.say(room, 'live');
      await again.next('newMessage', ({ content }) => content === 'live');
      assert.deepEqual(again.of('newMessage').map(({ seq }) => seq), [1, 2, 3, 4]);
      again.close();
    });

    test('a client comes back by itself after the server has restarted', async () => {
      const own = await startServer({ secret: SECRET });
      const dee = new User(own.url, 'dee', sign({ userUuid: 'dee', exp: inSeconds(600) }, SECRET));
      const socket = io(`${own.url}/chat`, { auth: { token: dee.token }, forceNew: true, reconnectionDelay: 100, reconnectionDelayMax: 500 });
      let connects = 0;
      const count = (wanted) => new Promise((resolve) => {
        socket.on('connected', () => { connects += 1; if (connects === wanted) resolve(); });
      });
      const [once, twice] = [count(1), count(2)];
      await once;
      const disconnected = new Promise((resolve) => { socket.once('disconnect', resolve); });
      await own.stop({ keep: true });
      assert.ok(['transport close', 'transport error'].includes(await disconnected), 'no DISCONNECT: it comes back');
      const second = await startServer({ secret: SECRET, folder: own.folder, db: own.db, addr: new URL(own.url).host });
      connects = 1;
      await twice;
      socket.disconnect();
      await second.stop();
    });
  });
}
