import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Client, inSeconds, sign, sleep, unique, User } from './client.mjs';
import { sharedServer, startServer } from './server.mjs';
import { assertShape, EVENTS, MARKS, MESSAGE, MESSAGES, READY, WINDOW } from './shapes.mjs';

const NOBODYS_ROOM = '01J00000000000000000000000';
const SECRET = 'an example secret of more than 32 bytes';

let server;
/** A server whose tokens the tests sign themselves. */
let signing;

before(async () => { [server, signing] = await Promise.all([sharedServer(), startServer({ secret: SECRET })]); });
after(() => Promise.all([server?.stop(), signing?.stop()]));

const users = (...names) => Promise.all(names.map((name) => User.create(server.url, name)));
const numbers = (total) => Array.from({ length: total }, (_, n) => n);
const refused = (promise, code) => assert.rejects(promise, (error) => error.code === code || assert.fail(`${error} instead of ${code}`));

/** Two people, a group of both, and their connections. */
async function pair() {
  const [ana, ben] = await users('ana', 'ben');
  const room = await ana.group([ben]);
  const [anas, bens] = await Promise.all([ana.connect(), ben.connect()]);
  return { ana, ben, room, anas, bens, close: () => Promise.all([anas.close(), bens.close()]) };
}

describe('connecting', { timeout: 60_000 }, () => {
  test('a token comes by hello, header or subprotocol, and ready tells where each room stands', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    await ana.say(room, 'one');
    await ana.say(room, 'two');
    for (const how of ['hello', 'header', 'subprotocol']) {
      const client = await ben.connect({ how });
      assertShape(client.ready, READY);
      assert.equal(client.events[0].event, 'ready', 'it comes first');
      assert.equal(client.ready.userUuid, ben.id);
      assert.deepEqual(client.ready.rooms, [{ roomUuid: room, seq: 2, unreadCount: 2, mentionCount: 0 }]);
      assert.equal(client.socket.protocol, 'chat.v1');
      await client.close();
    }
    const bare = Client.open(server.url);
    bare.hello(ben.token);
    await bare.next('ready');
    await bare.close();
  });

  test('tokens that do not hold are refused with an error and a close code, however they come', async () => {
    const claims = (more) => ({ userUuid: 'ana', exp: inSeconds(60), ...more });
    const bad = {
      garbage: 'garbage',
      'alg none': sign(claims(), SECRET, 'none'),
      'wrongly signed': sign(claims(), 'another secret of more than 32 bytes'),
      'without a user': sign(claims({ userUuid: undefined }), SECRET),
      'without exp': sign(claims({ exp: undefined }), SECRET),
      expired: sign(claims({ exp: inSeconds(-1) }), SECRET),
    };
    for (const [what, token] of Object.entries(bad)) {
      const hello = Client.open(signing.url);
      hello.hello(token);
      const header = Client.open(signing.url, { headers: { authorization: `Bearer ${token}` } });
      const subprotocol = Client.open(signing.url, { protocols: ['chat.v1', `bearer.${token}`] });
      for (const client of [hello, header, subprotocol]) {
        const isExpired = what === 'expired';
        const { error } = await client.answer(0);
        assert.equal(error.code, isExpired ? 'TOKEN_EXPIRED' : 'UNAUTHENTICATED', what);
        assert.equal(typeof error.message, 'string');
        const { code } = await client.end();
        assert.ok(code === 4001 || (isExpired && code === 4003), `${what}: ${code}`);
      }
    }
  });

  test('whoever does not begin with a good hello is refused', async () => {
    const [ana] = await users('ana');
    for (const first of [{ id: 0, op: 'ping' }, { id: 0, op: 'hello' }, { id: 0, op: 'hello', token: 5 }, { id: 0, op: 'hello', token: ana.token, since: '?' }]) {
      const client = Client.open(server.url, { protocols: ['chat.v1'] });
      client.raw(first);
      assert.ok((await client.answer(0)).error.code, JSON.stringify(first));
      assert.equal((await client.end()).code, 4001);
    }
    for (const garbage of ['', 'hello', '{', Buffer.from([1, 2, 3])]) {
      const client = Client.open(server.url);
      client.raw(garbage);
      assert.equal((await client.end()).code, 4001, String(garbage));
    }
  });

  test('all rooms are joined by themselves, also more than ready names', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const rooms = await Promise.all(numbers(110).map(() => ana.group([ben])));
    const [anas, bens] = await Promise.all([ana.connect(), ben.connect()]);
    assert.equal(bens.ready.rooms.length, 100);
    for (const room of rooms) anas.send(room, 'hello');
    for (const room of rooms) await bens.next('message', (frame) => frame.room === room);
    await Promise.all([anas.close(), bens.close()]);
  });

  test('only pages of the listed origins are let in, and what has no origin', async () => {
    const own = await startServer({ args: ['--origins', 'https://good.example'] });
    try {
      const ana = await User.create(own.url, 'ana');
      const bad = Client.open(own.url, { headers: { origin: 'https://bad.example' } });
      await assert.rejects(bad.opened, /403/);
      for (const headers of [{ origin: 'https://good.example' }, {}]) {
        const client = Client.open(own.url, { headers });
        client.hello(ana.token);
        await client.next('ready');
        await client.close();
      }
    } finally {
      await own.stop();
    }
  });
});

describe('requests', { timeout: 60_000 }, () => {
  test('each is answered by its id', async () => {
    const { anas, bens, ben, room, close } = await pair();
    const message = await anas.send(room, 'hello');
    assertShape(message, MESSAGE);
    assert.deepEqual([message.content, message.seq, message.isMyMessage, message.isRead], ['hello', 1, true, false]);
    await anas.send(room, 'again');

    const delivered = await bens.request('delivered', { room, messageUuid: message.messageUuid });
    assertShape(delivered, MARKS);
    assert.deepEqual([delivered.deliveredSeq, delivered.readSeq, delivered.unreadCount], [1, 0, 2]);
    const read = await bens.request('read', { room, seq: 1 });
    assert.deepEqual([read.readSeq, read.unreadCount], [1, 1]);
    const all = await bens.request('read', { room });
    assert.deepEqual([all.readSeq, all.deliveredSeq, all.unreadCount], [2, 2, 0]);
    assert.equal((await ben.ok('GET', `/rooms/${room}`)).unreadCount, 0);

    const page = await bens.request('history', { room, page: 1, limit: 1 });
    assertShape(page, MESSAGES);
    assert.deepEqual([page.messages[0].seq, page.total, page.hasMore], [2, 2, true]);
    for (const place of [{ before: 2 }, { before: page.messages[0].messageUuid }, { after: 0, limit: 1 }, { around: '1', limit: 1 }]) {
      const part = await bens.request('history', { room, ...place });
      assertShape(part, WINDOW);
      assert.deepEqual(part.messages.map(({ seq }) => seq), [1], JSON.stringify(place));
    }
    for (const [op, fields] of [['ping'], ['typing', { room, isTyping: false }], ['unsubscribe', { room }], ['subscribe', { room }]]) {
      assert.deepEqual(await bens.request(op, fields), {}, op);
    }
    await close();
  });

  test('a retry under the same clientId gives the same message, another body is a conflict', async () => {
    const { anas, bens, room, close } = await pair();
    const clientId = unique('client');
    const [first, second] = await Promise.all([anas.send(room, 'once', { clientId }), anas.send(room, 'once', { clientId })]);
    assert.equal(first.messageUuid, second.messageUuid);
    await refused(anas.send(room, 'twice', { clientId }), 'CLIENT_ID_CONFLICT');
    await anas.send(room, 'end');
    await bens.next('message', ({ data }) => data.content === 'end');
    assert.equal((await bens.eventsIn(room, 'message')).length, 2);
    await close();
  });

  test('malformed frames are answered with an error, and the connection stays', async () => {
    const { anas, room, close } = await pair();
    const bomb = '['.repeat(30_000);
    const message = (more) => ({ id: 7, op: 'send', room, message: { type: 'TEXT', content: 'x', ...more } });
    const withId = [
      { id: 7 }, { id: 7, op: 5 }, { id: 7, op: null }, { id: 7, op: 'dance' }, { id: 7, op: '' }, { id: 7, op: 'hello', token: 'x' },
      { id: 7, op: 'send' }, { id: 7, op: 'send', room }, { id: 7, op: 'send', room: 5, message: {} }, { id: 7, op: 'send', room, message: 'x' },
      { id: 7, op: 'send', room, message: null }, { id: 7, op: 'send', room, message: {} }, { id: 7, op: 'send', room: '..', message: { type: 'TEXT', content: 'x' } },
      message({ content: undefined }), message({ content: 5 }), message({ content: '' }), message({ content: ' \n' }), message({ content: 'a\0b' }),
      message({ content: '\u001b[0m' }), message({ content: 'x'.repeat(20_000) }), message({ type: 'SYSTEM' }), message({ type: 'text' }),
      message({ clientId: '' }), message({ clientId: 'x'.repeat(129) }), message({ type: 'IMAGE' }), message({ type: 'IMAGE', imageUrl: 'data:,x' }),
      { id: 7, op: 'read' }, { id: 7, op: 'read', room, seq: -1 }, { id: 7, op: 'read', room, seq: 1.5 }, { id: 7, op: 'read', room, seq: 'x' },
      { id: 7, op: 'read', room, messageUuid: 'x' }, { id: 7, op: 'read', room, messageUuid: NOBODYS_ROOM }, { id: 7, op: 'delivered', room, seq: [] },
      { id: 7, op: 'typing', room }, { id: 7, op: 'typing', room, isTyping: 'yes' }, { id: 7, op: 'typing', isTyping: true },
      { id: 7, op: 'subscribe', room, since: 'x' }, { id: 7, op: 'subscribe', room, since: 'A'.repeat(5000) }, { id: 7, op: 'unsubscribe' },
      { id: 7, op: 'resume' }, { id: 7, op: 'resume', since: 5 }, { id: 7, op: 'resume', since: '' }, { id: 7, op: 'resume', since: 'AQ' },
      { id: 7, op: 'history', room, limit: 0 }, { id: 7, op: 'history', room, limit: 101 }, { id: 7, op: 'history', room, limit: 'x' },
      { id: 7, op: 'history', room, page: 0 }, { id: 7, op: 'history', room, before: 'x' }, { id: 7, op: 'history', room, before: 1, after: 1 },
      { id: 7, op: 'send', room: NOBODYS_ROOM, message: { type: 'TEXT', content: 'x' } }, { id: 7, op: 'typing', room: NOBODYS_ROOM, isTyping: true },
      { id: 7, op: 'read', room: NOBODYS_ROOM }, { id: 7, op: 'history', room: NOBODYS_ROOM }, { id: 7, op: 'subscribe', room: NOBODYS_ROOM },
      { id: 7, op: 'unsubscribe', room: NOBODYS_ROOM },
    ];
    for (const frame of withId) {
      anas.raw(frame);
      const { error } = await anas.answer(7);
      const shown = JSON.stringify(frame).slice(0, 100);
      assert.match(error?.code ?? 'none', /^[A-Z_]{4,}$/, shown);
      assert.equal(typeof error.message, 'string', shown);
      if (frame.room === NOBODYS_ROOM) assert.equal(error.code, 'ROOM_NOT_FOUND', shown);
    }
    for (const frame of [
      '', '{', '}', 'ping', 'null', '5', '"ping"', '[]', '[{"id":1,"op":"ping"}]', '{"op":"ping"} {"op":"ping"}', '{"id":-1,"op":"ping"}',
      '{"id":"x","op":"ping"}', '{"id":1.5,"op":"ping"}', '{"id":1e300,"op":"ping"}', '{"op":"dance"}', bomb, `{"id":7,"op":"ping","x":${bomb}`,
      `{"op":"send","message":${'{"content":'.repeat(5000)}`, '\u0000', Buffer.from('{"id":7,"op":"ping"}'), Buffer.alloc(0), Buffer.alloc(60_000),
    ]) {
      anas.raw(frame);
      const { data } = await anas.next('error');
      assert.match(data.code, /^[A-Z_]{4,}$/, String(frame).slice(0, 100));
      assert.equal(typeof data.message, 'string');
    }
    assert.deepEqual(await anas.request('ping'), {});
    assert.equal((await anas.request('history', { room })).total, 0, 'nothing is stored');
    await close();
  });

  test('a frame over 64 KiB ends the connection with 1009, one below does not', async () => {
    const { anas, room, close } = await pair();
    const frame = (size) => `{"id":7,"op":"ping","x":"${'x'.repeat(size)}"}`;
    anas.raw(frame(64 * 1024 - 100));
    assert.ok((await anas.answer(7)).ok);
    await anas.send(room, 'before');
    anas.raw(frame(64 * 1024));
    assert.equal((await anas.end()).code, 1009);
    await close();
  });

  test('a text frame that is no UTF-8 ends its own connection only', async () => {
    const { anas, bens, room, close } = await pair();
    anas.socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
    const { code } = await anas.end();
    assert.ok([1002, 1007].includes(code), `${code}`);
    assert.equal((await bens.send(room, 'still here')).seq, 1);
    await close();
  });
});

describe('events', { timeout: 60_000 }, () => {
  test('others get a message, the sender’s other devices as their own, the sending connection none', async () => {
    const { ana, anas, bens, room, close } = await pair();
    const other = await ana.connect();
    await anas.send(room, 'hello');
    for (const [client, isMyMessage] of [[bens, false], [other, true]]) {
      const frame = await client.next('message');
      assertShape(frame.data, MESSAGE);
      assert.equal(frame.room, room);
      assert.match(frame.pos, /^[\w-]{1,64}$/);
      assert.deepEqual([frame.data.content, frame.data.isMyMessage, frame.data.isRead, frame.data.readByUuids], ['hello', isMyMessage, false, [ana.id]]);
    }
    assert.deepEqual(await anas.eventsIn(room, 'message'), []);

    await ana.say(room, 'over REST');
    for (const [client, isMyMessage] of [[anas, true], [other, true], [bens, false]]) {
      const { data } = await client.next('message');
      assert.deepEqual([data.content, data.isMyMessage], ['over REST', isMyMessage]);
    }
    await other.close();
    await close();
  });

  test('every kind of event has the fields of the contract', async () => {
    const { ana, ben, anas, bens, room, close } = await pair();
    const [cho] = await users('cho');
    const seen = async (client, event, fits) => {
      const frame = await client.next(event, fits);
      assertShape(frame.data, EVENTS[event]);
      assert.equal(frame.room, frame.data.roomUuid);
      return frame.data;
    };
    await anas.request('typing', { room, isTyping: true });
    assert.deepEqual(await seen(bens, 'typing'), { roomUuid: room, userUuid: ana.id, nickname: ana.nickname, isTyping: true });
    await anas.send(room, 'hello');
    await seen(bens, 'message');
    await bens.request('delivered', { room });
    assert.equal((await seen(anas, 'delivered')).seq, 1);
    await bens.request('read', { room });
    for (const client of [anas, bens]) {
      const read = await seen(client, 'read');
      assert.deepEqual([read.userUuid, read.seq], [ben.id, 1], 'who has read gets it too');
    }
    await ana.ok('PATCH', `/rooms/${room}`, { name: 'Another name' });
    assert.equal((await seen(bens, 'system')).kind, 'renamed');
    const renamed = await seen(bens, 'room');
    assert.deepEqual([renamed.change, renamed.name, renamed.isActive], ['updated', 'Another name', true]);

    const chos = await cho.connect();
    await ana.ok('POST', `/rooms/${room}/participants`, { userUuids: [cho.id] });
    assert.equal((await seen(chos, 'notification')).type, 'addedToRoom');
    const joined = await seen(bens, 'participant');
    assert.deepEqual([joined.userUuid, joined.joined], [cho.id, true]);
    assert.equal((await seen(bens, 'system', ({ data }) => data.kind === 'joined')).userUuid, cho.id);
    await chos.close();
    const gone = await seen(bens, 'presence', ({ data }) => data.userUuid === cho.id && !data.online);
    assert.equal(typeof gone.lastSeenAt, 'string');
    const back = await cho.connect();
    assert.equal((await seen(bens, 'presence', ({ data }) => data.userUuid === cho.id)).online, true);
    await back.close();
    await close();
  });

  test('a room made or joined later is live at once', async () => {
    const { ana, anas, bens, ben, close } = await pair();
    const [cho] = await users('cho');
    const made = await ana.group([ben]);
    assert.equal((await bens.next('notification')).data.roomUuid, made);
    await anas.send(made, 'welcome');
    assert.equal((await bens.next('message')).room, made);

    const joined = await ana.group([cho]);
    await ana.ok('POST', `/rooms/${joined}/participants`, { userUuids: [ben.id] });
    assert.equal((await bens.next('notification')).data.roomUuid, joined);
    await anas.send(joined, 'you too');
    assert.equal((await bens.next('message')).room, joined);
    await close();
  });

  test('200 sends that wait for no answer keep their order', async () => {
    const { anas, bens, room, close } = await pair();
    const answers = await Promise.all(numbers(200).map((n) => anas.send(room, `${n}`)));
    assert.deepEqual(answers.map(({ seq }) => seq), numbers(200).map((n) => n + 1));
    const got = [];
    while (got.length < 200) got.push((await bens.next('message')).data.content);
    assert.deepEqual(got, numbers(200).map(String));
    await close();
  });

  test('three who send at once are seen in one order by everybody', async () => {
    const people = await users('ana', 'ben', 'cho', 'dee', 'eli');
    const room = await people[0].group(people.slice(1));
    const clients = await Promise.all(people.map((user) => user.connect()));
    const senders = clients.slice(0, 3);
    const sent = await Promise.all(senders.flatMap((client, n) => numbers(50).map((m) => client.send(room, `${n}:${m}`))));
    const order = sent.toSorted((one, other) => one.seq - other.seq).map(({ content }) => content);
    for (const [n, client] of clients.entries()) {
      const others = order.filter((content) => !content.startsWith(`${n}:`));
      const got = [];
      while (got.length < others.length) got.push((await client.next('message')).data.content);
      assert.deepEqual(got, others, people[n].nickname);
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  test('who reads promptly is not taken for slow, however much is said at once', async () => {
    const people = await users('ana', 'ben', 'cho', 'dee', 'eli');
    const room = await people[0].group(people.slice(1));
    const clients = await Promise.all(people.map((user) => user.connect()));
    const content = 'x'.repeat(16_000);
    await Promise.all(clients.slice(0, 4).flatMap((client) => numbers(100).map(() => client.send(room, content))));
    for (const n of numbers(400)) assert.equal((await clients[4].next('message')).data.seq, n + 1);
    await Promise.all(clients.map((client) => client.close()));
  });

  test('a muted room is silent on this connection until it is subscribed to again', async () => {
    const { ben, anas, bens, room, close } = await pair();
    const other = await ben.connect();
    await anas.send(room, 'before');
    await bens.next('message');
    await bens.request('unsubscribe', { room });
    const since = bens.pos;
    for (const content of ['one', 'two']) await anas.send(room, content);
    await bens.send(room, 'sending still works');
    await other.next('message', ({ data }) => data.content === 'sending still works');
    assert.equal((await bens.eventsIn(room, 'message')).length, 1);

    await bens.request('subscribe', { room, since });
    await anas.send(room, 'after');
    const got = [];
    while (got.at(-1) !== 'after') got.push((await bens.next('message')).data.content);
    assert.deepEqual(got, ['one', 'two', 'sending still works', 'after']);
    await other.close();
    await close();
  });
});

describe('one\'s own choices', { timeout: 60_000 }, () => {
  test('notices of a room, a time of quiet and what others see are set, answered, and told to other devices', async () => {
    const { ana, room, anas, close } = await pair();
    const tablet = await ana.connect();
    const told = (type) => tablet.next('notification', ({ data }) => data.type === type);

    const level = { notifications: 'mentions', expiresIn: 3600 };
    assert.equal((await anas.request('setNotifications', { room, level })).notifications, 'mentions');
    assert.equal((await told('notificationsChanged')).data.notifications, 'mentions');
    const quiet = { daily: { from: '22:00', to: '07:00', utcOffset: 540 } };
    assert.deepEqual(await anas.request('setDoNotDisturb', { quiet }), { until: null, ...quiet });
    assert.deepEqual((await told('doNotDisturbChanged')).data.daily, quiet.daily);
    assert.deepEqual(await anas.request('endDoNotDisturb'), { until: null, daily: null });
    const settings = { invisible: true, lastSeen: 'nobody' };
    assert.deepEqual(await anas.request('updateSettings', { settings }), { ...settings, readReceipts: true });
    assert.equal((await told('settings')).data.invisible, true);

    await refused(anas.request('setNotifications', { room: NOBODYS_ROOM, level }), 'ROOM_NOT_FOUND');
    await refused(anas.request('setDoNotDisturb', { quiet: { expiresIn: 0 } }), 'INVALID_INPUT');
    await Promise.all([tablet.close(), close()]);
  });
});

describe('leaving', { timeout: 60_000 }, () => {
  test('who leaves or is taken out gets nothing more of the room and can send nothing there', async () => {
    const [ana, ben, cho] = await users('ana', 'ben', 'cho');
    for (const [kind, part] of [
      ['left', (room) => ben.leave(room)],
      ['removed', (room) => ana.ok('DELETE', `/rooms/${room}/participants/${ben.id}`)],
    ]) {
      const [room, fence] = [await ana.group([ben, cho]), await ana.group([ben])];
      const [anas, bens, chos] = await Promise.all([ana.connect(), ben.connect(), cho.connect()]);
      const burst = numbers(40).map((n) => anas.send(room, `${n}`));
      await burst[0];
      await part(room);
      await Promise.all(burst);
      await anas.send(room, 'without you');
      await anas.send(fence, 'fence');

      assert.equal((await bens.next('notification')).data.type, 'removedFromRoom');
      await bens.next('message', (frame) => frame.room === fence);
      const events = await bens.eventsIn(room);
      assert.equal(events.at(-1).event, 'notification', 'nothing follows');
      assert.ok(!events.some(({ data }) => data.content === 'without you'));
      await refused(bens.send(room, 'x'), 'NOT_A_PARTICIPANT');
      await refused(bens.request('typing', { room, isTyping: true }), 'NOT_A_PARTICIPANT');
      await refused(bens.request('history', { room }), 'NOT_A_PARTICIPANT');
      await refused(bens.request('subscribe', { room }), 'NOT_A_PARTICIPANT');

      assert.equal((await chos.next('system', ({ data }) => data.userUuid === ben.id)).data.kind, kind);
      assert.equal((await chos.next('participant')).data.joined, false);
      await Promise.all([anas.close(), bens.close(), chos.close()]);
    }
  });

  test('a direct room that the other one left is closed', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const { roomUuid: room } = await ana.ok('POST', '/rooms', { type: 'DIRECT', participantUuids: [ben.id] });
    const bens = await ben.connect();
    await ana.leave(room);
    const { data } = await bens.next('room');
    assert.deepEqual([data.change, data.isActive], ['updated', false]);
    await refused(bens.send(room, 'wait'), 'ROOM_CLOSED');
    await bens.close();
  });
});

describe('coming back', { timeout: 60_000 }, () => {
  /** What came between `ready` and `caughtUp`. */
  function replayOf(client) {
    const names = client.events.map(({ event }) => event);
    return client.events.slice(names.indexOf('ready') + 1, names.indexOf('caughtUp'));
  }

  test('what was missed in all rooms is told once in order, then caughtUp, then what is live', async () => {
    const [ana, ben, cho] = await users('ana', 'ben', 'cho');
    const [talk, taken, unchanged] = [await ana.group([ben, cho]), await ana.group([ben, cho]), await ana.group([ben])];
    await ana.say(talk, 'seen');
    const first = await ben.connect();
    await ana.say(talk, 'seen too');
    await first.next('message');
    const since = first.pos;
    await first.close();

    for (const n of numbers(120)) await ana.say(talk, `missed ${n}`);
    await cho.leave(talk);
    await ana.ok('DELETE', `/rooms/${taken}/participants/${cho.id}`);
    await ana.say(taken, 'never to be seen');
    await ana.ok('DELETE', `/rooms/${taken}/participants/${ben.id}`);
    await ana.say(taken, 'nor this');
    const added = await ana.group([ben]);
    await ana.say(added, 'new room');
    await ben.say(talk, 'from another device');

    const back = await ben.connect({ since });
    assert.equal(back.ready.recovered, true);
    const caughtUp = await back.next('caughtUp');
    assertShape(caughtUp.data, EVENTS.caughtUp);
    assert.equal(caughtUp.data.recovered, true);
    const replay = replayOf(back);
    const of = (room, ...names) => replay.filter((frame) => frame.room === room && names.includes(frame.event));

    const told = of(talk, 'message', 'system').map(({ data }) => data);
    assert.deepEqual(told.map(({ seq }) => seq), numbers(122).map((n) => n + 3), 'each once, by seq');
    assert.deepEqual([told[0].content, told[119].content, told[120].kind, told[120].userUuid], ['missed 0', 'missed 119', 'left', cho.id]);
    assert.deepEqual([told[121].content, told[121].isMyMessage], ['from another device', true]);
    assert.deepEqual(of(talk, 'participant').map(({ data }) => [data.userUuid, data.joined]), [[cho.id, false]]);

    assert.deepEqual(replay.filter(({ room }) => room === taken).map(({ event, data }) => [event, data.change]), [['room', 'left']]);
    assert.deepEqual(of(added, 'room', 'message').map(({ event, data }) => [event, data.change]), [['room', 'reset']], 'a new room is reset');
    assert.deepEqual(of(unchanged, 'message', 'system', 'room', 'participant'), []);
    for (const frame of replay) assert.ok(frame.pos === undefined || frame.pos === since, 'a cut in the middle loses nothing');
    assert.equal(back.ready.pos, since);
    assert.notEqual(caughtUp.pos, since);

    await ana.say(talk, 'live');
    assert.equal((await back.next('message', ({ data }) => data.content === 'live')).data.seq, 125);
    await ana.say(added, 'live here');
    assert.equal((await back.next('message', ({ data }) => data.content === 'live here')).room, added);

    const pos = back.pos;
    await back.close();
    const again = await ben.connect({ since: pos });
    await again.next('caughtUp');
    assert.deepEqual(replayOf(again).filter(({ event }) => ['message', 'system', 'room', 'participant'].includes(event)), []);
    await again.close();
  });

  test('no message is lost or told twice while others go on talking', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const anas = await ana.connect();
    let bens = await ben.connect();
    const got = [];
    let pos = bens.pos;
    const take = (client) => {
      for (const { event, data } of client.events) if (event === 'message') got.push(data.seq);
      pos = client.pos;
    };
    let isOver = false;
    const talking = (async () => {
      for (const n of numbers(400)) {
        await anas.send(room, `${n}`);
        if (n % 10 === 0) await sleep(5);
      }
      isOver = true;
    })();
    while (!isOver) {
      await sleep(60);
      bens.socket.terminate();
      await bens.closed;
      take(bens);
      bens = await ben.connect({ since: pos });
    }
    await talking;
    await anas.send(room, 'end');
    await bens.next('message', ({ data }) => data.content === 'end');
    take(bens);
    const unique = [...new Set(got)];
    assert.deepEqual(unique, unique.toSorted((one, other) => one - other), 'in order');
    assert.deepEqual(unique, numbers(401).map((n) => n + 1), 'none lost');
    await Promise.all([anas.close(), bens.close()]);
  });

  test('a connection whose token came by header asks with resume', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const first = await ben.connect();
    await first.close();
    await ana.say(room, 'missed');
    const back = await ben.connect({ how: 'header' });
    await back.request('resume', { since: first.pos });
    assert.equal((await back.next('caughtUp')).data.recovered, true);
    assert.deepEqual((await back.eventsIn(room, 'message')).map(({ data }) => data.content), ['missed']);
    await back.request('unsubscribe', { room });
    await back.request('resume', { since: first.pos });
    await back.next('caughtUp');
    assert.equal((await back.eventsIn(room, 'room')).at(-1).data.change, 'reset', 'a muted room is told as reset');
    await back.close();
  });

  test('a position of another history is not recovered, and says so', async () => {
    const dee = new User(signing.url, 'dee', sign({ userUuid: 'dee', exp: inSeconds(60) }, SECRET));
    const elsewhere = await dee.connect();
    const [ana] = await users('ana');
    const client = await ana.connect({ since: elsewhere.pos });
    assert.equal(client.ready.recovered, false);
    const { pos, data } = await client.next('caughtUp');
    assert.equal(data.recovered, false);
    await client.close();
    const next = await ana.connect({ since: pos });
    assert.equal(next.ready.recovered, true);
    await Promise.all([next.close(), elsewhere.close()]);
  });

  test('more is told than waits for a connection at once', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const [anas, first] = await Promise.all([ana.connect(), ben.connect()]);
    await first.close();
    const content = 'x'.repeat(16_000);
    for (const _ of numbers(10)) await Promise.all(numbers(15).map(() => anas.send(room, content)));
    const back = await ben.connect({ since: first.pos });
    await back.next('caughtUp');
    const seqs = (await back.eventsIn(room, 'message')).map(({ data }) => data.seq);
    assert.deepEqual(seqs, numbers(150).map((n) => n + 1));
    await Promise.all([anas.close(), back.close()]);
  });

  test('who reads nothing slows nobody, is told to come back, and gets all of it then', async () => {
    const { ben, anas, bens, room, close } = await pair();
    bens.socket.pause();
    const content = 'x'.repeat(16_000);
    for (const _ of numbers(48)) await Promise.all(numbers(20).map(() => anas.send(room, content)));
    bens.socket.resume();
    assert.equal((await bens.end(20_000)).code, 4008);
    const seqs = bens.events.filter(({ event }) => event === 'message').map(({ data }) => data.seq);
    assert.deepEqual(seqs, numbers(seqs.length).map((n) => n + 1), 'no hole before the end');
    const back = await ben.connect({ since: bens.pos });
    await back.next('caughtUp', undefined, 20_000);
    for (const { event, data } of back.events) if (event === 'message') seqs.push(data.seq);
    assert.deepEqual([...new Set(seqs)], numbers(960).map((n) => n + 1));
    await back.close();
    await close();
  });
});

describe('what ends by itself', { timeout: 60_000, concurrency: true }, () => {
  test('typing ends after six seconds without a word about it', async () => {
    const { anas, bens, room, close } = await pair();
    const began = Date.now();
    await anas.request('typing', { room, isTyping: true });
    assert.equal((await bens.next('typing')).data.isTyping, true);
    assert.equal((await bens.next('typing', undefined, 9000)).data.isTyping, false);
    const took = Date.now() - began;
    assert.ok(took > 5000 && took < 8000, `${took} ms`);
    assert.deepEqual(await anas.eventsIn(room, 'typing'), [], 'the typist is told nothing');
    await close();
  });

  test('typing ends with the typist’s connection', async () => {
    const { anas, bens, room, close } = await pair();
    await anas.request('typing', { room, isTyping: true });
    await bens.next('typing');
    anas.socket.terminate();
    assert.equal((await bens.next('typing')).data.isTyping, false);
    await close();
  });

  test('a connection that never says hello is closed after about ten seconds', async () => {
    const began = Date.now();
    const client = Client.open(server.url, { protocols: ['chat.v1'] });
    assert.equal((await client.end(13_000)).code, 4001);
    const took = Date.now() - began;
    assert.ok(took > 8000, `${took} ms`);
  });

  test('a token that expires ends its connection within about a second, silent or busy', async () => {
    const user = (name, exp) => new User(signing.url, name, sign({ userUuid: name, exp }, SECRET));
    const [ana, ben] = [user('ana', inSeconds(60)), user('ben', inSeconds(60))];
    const room = await ana.group([ben]);
    const exp = inSeconds(3);
    const [silent, busy] = await Promise.all([user('ana', exp).connect(), user('ben', exp).connect({ how: 'header' })]);
    const anas = await ana.connect();
    const timer = setInterval(() => anas.send(room, 'x').catch(() => {}), 20);
    for (const client of [silent, busy]) {
      assert.equal((await client.end(6000)).code, 4003);
      const late = Date.now() - exp * 1000;
      assert.ok(late > -50 && late < 1500, `${late} ms`);
    }
    clearInterval(timer);
    const messages = busy.events.filter(({ event }) => event === 'message');
    assert.ok(messages.length > 50);
    assert.ok(messages.every(({ data }) => Date.parse(data.createdAt) <= exp * 1000), 'nothing was told after it');
    await anas.close();
  });
});
