import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { call, inSeconds, sign, unique, User } from './client.mjs';
import { sharedServer, startServer } from './server.mjs';
import {
  assertProblem, assertShape, INVITE_PREVIEW, MARKS, MESSAGE, MESSAGES, PARTICIPANTS, ROOM, ROOMS, WINDOW,
} from './shapes.mjs';

const NOBODYS_ROOM = '01J00000000000000000000000';
/** Both names that clients in the field use. */
const ALIASES = [
  { rooms: '/rooms', room: (id) => `/rooms/${id}`, send: 'messages' },
  { rooms: '/room', room: (id) => `/room/${id}`, send: 'message' },
];

let server;
let ana;
let ben;
let cho;

before(async () => {
  server = await sharedServer();
  [ana, ben, cho] = await Promise.all(['ana', 'ben', 'cho'].map((name) => User.create(server.url, name)));
});
after(() => server?.stop());

/** A group of ana and ben, whose messages are counted from 1. */
const group = (name) => ana.group([ben], name);

async function sayAll(user, room, total) {
  for (let n = 1; n <= total; n += 1) await user.say(room, `message ${n}`);
}

const seqs = (messages) => messages.map(({ seq }) => seq);
const downFrom = (top, total = top) => Array.from({ length: total }, (_, n) => top - n);

describe('making rooms', { timeout: 60_000 }, () => {
  test('each kind of room is made at both addresses, with every field of the contract', async () => {
    for (const { rooms } of ALIASES) {
      for (const body of [
        { type: 'DIRECT', participantUuids: [unique('dee')] },
        { type: 'GROUP', name: 'Runners', participantUuids: [ben.id, cho.id] },
        { type: 'CHALLENGE', challengeUuid: unique('challenge'), participantUuids: [ben.id] },
      ]) {
        const answer = await ana.call('POST', rooms, body);
        assert.equal(answer.status, 201, answer.text);
        assertShape(answer.body, ROOM);
        assert.equal(answer.body.type, body.type);
        assert.deepEqual(answer.body.participantUuids.toSorted(), [ana.id, ...body.participantUuids].toSorted());
        assert.equal(answer.body.participantCount, body.participantUuids.length + 1);
        assert.equal(answer.body.challengeUuid, body.challengeUuid ?? null);
        assert.equal(answer.body.isActive, true);
        assert.deepEqual([answer.body.lastMessageAt, answer.body.lastMessage, answer.body.unreadCount], [null, null, 0]);
      }
    }
  });

  test('a room without a name is named after the others', async () => {
    const { name } = await ana.ok('POST', '/rooms', { type: 'GROUP', participantUuids: [ben.id, cho.id] });
    assert.ok(name.includes(ben.nickname) && name.includes(cho.nickname) && !name.includes(ana.nickname), name);
  });

  test('the same two people get the same direct room, whoever asks and however often', async () => {
    const [dee, eli] = await Promise.all([User.create(server.url, 'dee'), User.create(server.url, 'eli')]);
    const ask = (one, other) => one.call('POST', '/rooms', { type: 'DIRECT', participantUuids: [other.id] });
    const first = await ask(dee, eli);
    assert.equal(first.status, 201);
    const named = await dee.call('POST', '/rooms', { type: 'DIRECT', participantUuids: [eli.id, dee.id, eli.id] });
    for (const again of [await ask(dee, eli), await ask(eli, dee), named]) {
      assert.equal(again.status, 200, again.text);
      assert.equal(again.body.roomUuid, first.body.roomUuid);
      assertShape(again.body, ROOM);
    }
    const atOnce = await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? ask(dee, cho) : ask(cho, dee))));
    assert.equal(new Set(atOnce.map(({ body }) => body.roomUuid)).size, 1);
    assert.equal(atOnce.filter(({ status }) => status === 201).length, 1);
  });

  test('a challenge has one open room, which the refusal names', async () => {
    const body = { type: 'CHALLENGE', challengeUuid: unique('challenge'), participantUuids: [ben.id] };
    const first = await ana.ok('POST', '/rooms', body);
    const second = await cho.call('POST', '/rooms', body);
    assertProblem(second, 409, 'CHALLENGE_ROOM_EXISTS');
    assert.equal(second.body.roomUuid, first.roomUuid);
    await ana.leave(first.roomUuid);
    await ben.leave(first.roomUuid);
    const next = await cho.call('POST', '/rooms', body);
    assert.equal(next.status, 201, 'the last one who leaves closes it');
    assert.notEqual(next.body.roomUuid, first.roomUuid);
  });

  test('making a room stores no message', async () => {
    const room = await group();
    assert.equal((await ana.ok('GET', `/rooms/${room}/messages`)).total, 0);
  });
});

describe('listing rooms', { timeout: 60_000 }, () => {
  test('newest activity is first, with what is unread and what was said last', async () => {
    const dee = await User.create(server.url, 'dee');
    const [first, second, third] = [await ana.group([dee]), await ana.group([dee]), await ana.group([dee])];
    const list = async () => (await dee.ok('GET', '/rooms')).rooms.map(({ roomUuid }) => roomUuid);
    assert.deepEqual(await list(), [third, second, first], 'without a message: by their making');
    await ana.say(first, 'one');
    await ana.say(first, 'two');
    assert.deepEqual(await list(), [first, third, second]);

    const answer = await dee.get('/rooms');
    assert.equal(answer.status, 200);
    assertShape(answer.body, ROOMS);
    const [newest] = answer.body.rooms;
    assert.deepEqual([newest.unreadCount, newest.lastMessage.content], [2, 'two']);
    assert.equal(newest.lastMessageAt, newest.lastMessage.createdAt);
    assert.deepEqual([answer.body.page, answer.body.limit, answer.body.total, answer.body.hasMore], [1, 20, 3, false]);
  });

  test('pages hold every room once', async () => {
    const dee = await User.create(server.url, 'dee');
    const made = [];
    for (let n = 0; n < 5; n += 1) made.push(await dee.group([ana]));
    const seen = [];
    for (const page of [1, 2, 3]) {
      const list = await dee.ok('GET', `/rooms?page=${page}&limit=2`);
      seen.push(...list.rooms.map(({ roomUuid }) => roomUuid));
      assert.deepEqual([list.page, list.limit, list.total, list.hasMore], [page, 2, 5, page < 3]);
    }
    assert.deepEqual(seen, made.toReversed());
    assert.deepEqual((await dee.ok('GET', '/rooms?page=4&limit=2')).rooms, []);
  });

  test('one room is shown at both addresses, to its participants only', async () => {
    const id = await group();
    for (const { room } of ALIASES) {
      const answer = await ben.get(room(id));
      assert.equal(answer.status, 200, answer.text);
      assertShape(answer.body, ROOM);
      assert.deepEqual(answer.body.participantUuids.toSorted(), [ana.id, ben.id].toSorted());
      assertProblem(await cho.get(room(id)), 403, 'NOT_A_PARTICIPANT');
      assertProblem(await ana.get(room(NOBODYS_ROOM)), 404, 'ROOM_NOT_FOUND');
    }
  });
});

describe('messages', { timeout: 60_000 }, () => {
  test('a text and a picture are sent at both addresses, with every field of the contract', async () => {
    for (const { room, send } of ALIASES) {
      const path = `${room(await group())}/${send}`;
      for (const [body, seq] of [
        [{ type: 'TEXT', content: '  안녕 🦊\nsecond line ' }, 1],
        [{ type: 'IMAGE', imageUrl: 'https://example.org/a.png' }, 2],
        [{ type: 'IMAGE', imageUrl: 'http://example.org/a.png', content: 'a caption' }, 3],
      ]) {
        const { status, body: message, text } = await ana.call('POST', path, body);
        assert.equal(status, 201, text);
        assertShape(message, MESSAGE);
        assert.deepEqual([message.type, message.content, message.imageUrl], [body.type, body.content ?? null, body.imageUrl ?? null]);
        assert.deepEqual([message.seq, message.sender.userUuid, message.sender.nickname], [seq, ana.id, ana.nickname]);
        assert.deepEqual([message.isRead, message.readByUuids, message.readCount, message.isMyMessage], [false, [ana.id], 1, true]);
      }
    }
  });

  test('sending once more under one clientId sends once, and another body is refused', async () => {
    const room = await group();
    const body = { type: 'TEXT', content: 'once', clientId: unique('client') };
    const sent = await Promise.all(Array.from({ length: 5 }, () => ana.ok('POST', `/rooms/${room}/messages`, body)));
    assert.equal(new Set(sent.map(({ messageUuid }) => messageUuid)).size, 1);
    assert.equal((await ana.ok('GET', `/rooms/${room}/messages`)).total, 1);
    const other = await ana.call('POST', `/rooms/${room}/messages`, { ...body, content: 'another' });
    assertProblem(other, 409, 'CLIENT_ID_CONFLICT');
    assert.equal((await ben.call('POST', `/rooms/${room}/messages`, body)).status, 201, 'ids are each sender’s own');
  });

  test('105 messages come page by page and by cursors without loss or repeat, at both addresses', async () => {
    const id = await group();
    await sayAll(ana, id, 105);
    for (const { room } of ALIASES) {
      const read = async (query) => {
        const answer = await ben.get(`${room(id)}/messages${query}`);
        assert.equal(answer.status, 200, answer.text);
        assertShape(answer.body, /page|^$/.test(query) ? MESSAGES : WINDOW);
        return answer.body;
      };
      const standard = await read('');
      assert.deepEqual([standard.page, standard.limit, standard.total, standard.hasMore], [1, 50, 105, true]);
      assert.deepEqual(seqs(standard.messages), downFrom(105, 50), 'newest first');
      assert.equal(standard.messages[0].content, 'message 105');

      for (const limit of [1, 7, 50, 100]) {
        const paged = [];
        for (let page = 1, more = true; more; page += 1) {
          const part = await read(`?page=${page}&limit=${limit}`);
          paged.push(...seqs(part.messages));
          more = part.hasMore;
        }
        assert.deepEqual(paged, downFrom(105), `by pages of ${limit}`);
      }
      assert.deepEqual((await read('?page=1000000000&limit=100')).messages, []);

      for (const cursor of ['seq', 'messageUuid']) {
        const back = [...standard.messages];
        for (let more = true; more;) {
          const part = await read(`?before=${back.at(-1)[cursor]}&limit=20`);
          back.push(...part.messages);
          more = part.hasMoreBefore;
          assert.equal(part.hasMoreAfter, true);
        }
        assert.deepEqual(seqs(back), downFrom(105), `before, by ${cursor}`);

        const on = [back.at(-1)];
        for (let more = true; more;) {
          const part = await read(`?after=${on[0][cursor]}&limit=20`);
          on.unshift(...part.messages);
          more = part.hasMoreAfter;
        }
        assert.deepEqual(seqs(on), downFrom(105), `after, by ${cursor}`);

        const around = await read(`?around=${back[50][cursor]}&limit=11`);
        assert.equal(around.messages.length, 11);
        assert.ok(seqs(around.messages).includes(back[50].seq));
        assert.deepEqual([around.hasMoreBefore, around.hasMoreAfter], [true, true]);
      }
      assert.deepEqual((await read('?before=1')).messages, []);
      assert.deepEqual((await read('?after=105')).messages, []);
    }
  });

  test('a cursor of another room is refused', async () => {
    const [one, other] = [await group(), await group()];
    const { messageUuid } = await ana.say(other, 'elsewhere');
    assertProblem(await ana.get(`/rooms/${one}/messages?before=${messageUuid}`), 404, 'MESSAGE_NOT_FOUND');
  });
});

describe('reading', { timeout: 60_000 }, () => {
  test('the mark moves to the newest message or to a given one, never back, at both addresses', async () => {
    for (const { room } of ALIASES) {
      const id = await group();
      await sayAll(ana, id, 6);
      const { messages } = await ben.ok('GET', `/rooms/${id}/messages`);
      const read = async (body) => {
        const answer = await ben.call('PATCH', `${room(id)}/read`, body);
        assert.equal(answer.status, 200, answer.text);
        assertShape(answer.body, MARKS);
        assert.equal((await ben.ok('GET', `/rooms/${id}`)).unreadCount, answer.body.unreadCount);
        return [answer.body.readSeq, answer.body.unreadCount];
      };
      assert.deepEqual(await read({ seq: 2 }), [2, 4]);
      assert.deepEqual(await read({ messageUuid: messages.find(({ seq }) => seq === 3).messageUuid }), [3, 3]);
      assert.deepEqual(await read({ seq: 1 }), [3, 3]);
      assert.deepEqual(await read(undefined), [6, 0]);
      assert.deepEqual(await read({ seq: 1e9 }), [6, 0]);
      assert.equal((await ana.ok('GET', `/rooms/${id}`)).unreadCount, 0, 'one’s own are never unread');
    }
  });

  test('a direct message is read when the other one has read it', async () => {
    const dee = await User.create(server.url, 'dee');
    const { roomUuid } = await ana.ok('POST', '/rooms', { type: 'DIRECT', participantUuids: [dee.id] });
    await ana.say(roomUuid, 'hello');
    await dee.ok('PATCH', `/rooms/${roomUuid}/read`);
    const [message] = (await ana.ok('GET', `/rooms/${roomUuid}/messages`)).messages;
    assert.deepEqual([message.isRead, message.readCount], [true, 2]);
    assert.deepEqual(message.readByUuids.toSorted(), [ana.id, dee.id].toSorted());
  });

  test('elsewhere a message is read when everybody else has read it', async () => {
    const room = await ana.group([ben, cho]);
    await ana.say(room, 'hello');
    const state = async () => {
      const [message] = (await ben.ok('GET', `/rooms/${room}/messages`)).messages;
      return [message.isRead, message.readCount, message.isMyMessage];
    };
    assert.deepEqual(await state(), [false, 1, false]);
    await ben.ok('PATCH', `/rooms/${room}/read`);
    assert.deepEqual(await state(), [false, 2, false]);
    await cho.ok('PATCH', `/rooms/${room}/read`);
    assert.deepEqual(await state(), [true, 3, false]);
  });
});

describe('participants', { timeout: 60_000 }, () => {
  test('who leaves a group sees nothing of it any more, until invited again', async () => {
    for (const { room } of ALIASES) {
      const id = await ana.group([ben, cho]);
      await ana.say(id, 'before');
      assert.equal((await ben.call('DELETE', `${room(id)}/leave`)).status, 200);
      for (const [method, path, body] of [
        ['GET', room(id)],
        ['GET', `${room(id)}/messages`],
        ['GET', `/rooms/${id}/participants`],
        ['PATCH', `${room(id)}/read`],
        ['DELETE', `${room(id)}/leave`],
        ['POST', `/rooms/${id}/messages`, { type: 'TEXT', content: 'after' }],
        ['POST', `/rooms/${id}/participants`, { userUuids: [ben.id] }],
      ]) {
        assertProblem(await ben.call(method, path, body), 403, 'NOT_A_PARTICIPANT', `${method} ${path}`);
      }
      const { rooms } = await ben.ok('GET', '/rooms?limit=100');
      assert.ok(!rooms.some(({ roomUuid }) => roomUuid === id));

      const shown = await ana.ok('GET', `/rooms/${id}`);
      assert.deepEqual([shown.participantCount, shown.isActive, shown.lastMessage.type], [2, true, 'SYSTEM']);
      assert.equal(shown.lastMessage.isMyMessage, false);

      await ana.say(id, 'meanwhile');
      assert.equal((await ana.call('POST', `/rooms/${id}/participants`, { userUuids: [ben.id] })).status, 200);
      const history = await ben.ok('GET', `/rooms/${id}/messages`);
      assert.deepEqual(history.messages.map(({ type }) => type), ['SYSTEM', 'TEXT', 'SYSTEM', 'TEXT'], 'all of it');
      assert.equal((await ben.ok('GET', `/rooms/${id}`)).unreadCount, 0);
      assert.equal((await ana.ok('GET', `/rooms/${id}`)).unreadCount, 0, 'SYSTEM messages count for nobody');
    }
  });

  test('leaving a direct room closes it, and the two get a new one when they ask', async () => {
    const dee = await User.create(server.url, 'dee');
    const ask = { type: 'DIRECT', participantUuids: [dee.id] };
    const { roomUuid } = await ana.ok('POST', '/rooms', ask);
    await ana.say(roomUuid, 'bye');
    await ana.leave(roomUuid);
    assert.equal((await dee.ok('GET', `/rooms/${roomUuid}`)).isActive, false);
    const closed = await dee.call('POST', `/rooms/${roomUuid}/messages`, { type: 'TEXT', content: 'wait' });
    assertProblem(closed, 409, 'ROOM_CLOSED');
    assert.ok((await dee.ok('GET', `/rooms/${roomUuid}/messages`)).total >= 1, 'it can still be read');
    const next = await ana.call('POST', '/rooms', ask);
    assert.equal(next.status, 201);
    assert.notEqual(next.body.roomUuid, roomUuid);
  });

  test('lists are bounded, counts are exact, and pages go through everybody', async () => {
    const others = Array.from({ length: 120 }, (_, n) => `${unique('many')}-${n}`);
    const room = await ana.ok('POST', '/rooms', { type: 'GROUP', name: 'Many', participantUuids: others });
    assert.deepEqual([room.participantUuids.length, room.participantCount], [100, 121]);
    const seen = [];
    for (let cursor; ;) {
      const query = `limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
      const page = await ana.ok('GET', `/rooms/${room.roomUuid}/participants?${query}`);
      assertShape(page, PARTICIPANTS);
      seen.push(...page.participants.map(({ userUuid }) => userUuid));
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    assert.deepEqual(seen.toSorted(), [ana.id, ...others].toSorted());
  });

  test('everybody may invite, only the owner may remove or rename, and nobody in a direct room', async () => {
    const room = await group('Before');
    assert.equal((await ben.call('POST', `/rooms/${room}/participants`, { userUuids: [cho.id] })).status, 200);
    assertProblem(await ben.call('DELETE', `/rooms/${room}/participants/${cho.id}`), 403, 'FORBIDDEN');
    assertProblem(await ben.call('PATCH', `/rooms/${room}`, { name: 'Mine' }), 403, 'FORBIDDEN');
    const renamed = await ana.call('PATCH', `/rooms/${room}`, { name: ' After ' });
    assert.equal(renamed.status, 200, renamed.text);
    assertShape(renamed.body, ROOM);
    assert.equal(renamed.body.name, 'After');
    assert.equal((await ana.call('DELETE', `/rooms/${room}/participants/${cho.id}`)).status, 200);
    assertProblem(await cho.get(`/rooms/${room}`), 403, 'NOT_A_PARTICIPANT');

    const { roomUuid } = await ana.ok('POST', '/rooms', { type: 'DIRECT', participantUuids: [ben.id] });
    assertProblem(await ana.call('POST', `/rooms/${roomUuid}/participants`, { userUuids: [cho.id] }), 403, 'FORBIDDEN');
    assertProblem(await ana.call('DELETE', `/rooms/${roomUuid}/participants/${ben.id}`), 403, 'FORBIDDEN');
  });

  test('roles are given, the owner changes what takes which, and ownership passes on', async () => {
    const room = await group('Roles');
    await ana.ok('POST', `/rooms/${room}/participants`, { userUuids: [cho.id] });
    const role = (user) => `/rooms/${room}/participants/${user.id}`;
    assertProblem(await ben.call('PATCH', role(cho), { role: 'ADMIN' }), 403, 'FORBIDDEN');
    for (const bad of [{}, { role: 'KING' }, { role: 'owner' }, { role: null }]) {
      assertProblem(await ana.call('PATCH', role(ben), bad), 400, 'INVALID_INPUT', JSON.stringify(bad));
    }
    const made = await ana.call('PATCH', role(ben), { role: 'ADMIN' });
    assert.equal(made.status, 200, made.text);
    assertShape(made.body, ROOM);
    assert.equal(made.body.role, 'OWNER');
    assert.deepEqual((await cho.ok('GET', `/rooms/${room}`)).permissions, {
      send: 'MEMBER', react: 'MEMBER', invite: 'MEMBER', rename: 'ADMIN', remove: 'ADMIN', moderate: 'ADMIN', pin: 'ADMIN', setRole: 'ADMIN', close: 'OWNER', mentionAll: 'ADMIN',
    });
    await ben.ok('PATCH', `/rooms/${room}`, { name: 'By an admin' });
    assertProblem(await ben.call('PATCH', `/rooms/${room}`, { permissions: { send: 'ADMIN' } }), 403, 'FORBIDDEN');
    for (const bad of [{}, { name: null }, { permissions: null }, { permissions: { dance: 'OWNER' } }, { permissions: { send: 5 } }, { custom: null }, { custom: [] }, { custom: { long: 'x'.repeat(5000) } }]) {
      assertProblem(await ana.call('PATCH', `/rooms/${room}`, bad), 400, 'INVALID_INPUT', JSON.stringify(bad));
    }
    const update = { name: 'Announcements', permissions: { send: 'ADMIN', close: 'ADMIN' } };
    const { name, permissions } = await ana.ok('PATCH', `/rooms/${room}`, update);
    assert.deepEqual([name, permissions.send, permissions.close, permissions.invite], ['Announcements', 'ADMIN', 'ADMIN', 'MEMBER']);
    assertProblem(await cho.call('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: 'hi' }), 403, 'FORBIDDEN');
    await ana.ok('DELETE', `/rooms/${room}/leave`);
    assert.equal((await ben.ok('GET', `/rooms/${room}`)).role, 'OWNER');
    const said = { topic: 'Only news', picture: 'https://example.org/news.png', custom: { week: 4, '한강': [null, { deep: '🏃' }] } };
    const { topic, picture, custom } = await ben.ok('PATCH', `/rooms/${room}`, said);
    assert.deepEqual({ topic, picture, custom }, said);
    await ben.ok('POST', `/rooms/${room}/close`);
    assertProblem(await cho.call('POST', `/rooms/${room}/reopen`), 403, 'FORBIDDEN');
    assert.equal((await ben.ok('POST', `/rooms/${room}/reopen`)).isActive, true);
    await ben.ok('PATCH', role(cho), { role: 'OWNER' });
    assert.equal((await ben.ok('GET', `/rooms/${room}`)).role, 'ADMIN');
  });
});

describe('public rooms', { timeout: 60_000 }, () => {
  test('they are found by a part of their names and joined, private ones are not', async () => {
    const mark = `Runners ${Date.now()}`;
    const make = (name, more) => ana.ok('POST', '/rooms', { type: 'GROUP', participantUuids: [], name, ...more });
    const found = async (query) => (await cho.ok('GET', `/rooms/public?q=${encodeURIComponent(mark)}${query}`));
    const rooms = [];
    for (let n = 0; n < 3; n += 1) rooms.push((await make(`${mark} ${n}`, { visibility: 'public', topic: 'five km' })).roomUuid);
    // Newest first; those of one millisecond in any order.
    rooms.sort();
    const hidden = (await make(`${mark} hidden`)).roomUuid;
    const first = await found('&limit=2');
    assert.deepEqual(first.rooms.map(({ roomUuid }) => roomUuid), [rooms[2], rooms[1]]);
    assert.equal(first.rooms[0].topic, 'five km');
    const second = await found(`&limit=2&cursor=${first.nextCursor}`);
    assert.deepEqual(second.rooms.map(({ roomUuid }) => roomUuid), [rooms[0]]);
    assert.equal(second.nextCursor, null);
    const joined = await cho.call('POST', `/rooms/${rooms[1]}/join`);
    assert.equal(joined.status, 200, joined.text);
    assertShape(joined.body, ROOM);
    assert.deepEqual([joined.body.role, joined.body.participantCount], ['MEMBER', 2]);
    assertProblem(await cho.call('POST', `/rooms/${hidden}/join`), 403, 'NOT_A_PARTICIPANT');
    assertProblem(await cho.call('PATCH', `/rooms/${rooms[1]}`, { visibility: 'private' }), 403, 'FORBIDDEN');
    await ana.ok('PATCH', `/rooms/${rooms[0]}`, { visibility: 'private' });
    assert.equal((await found('')).rooms.length, 2);
    for (const bad of [{ visibility: 'secret' }, { visibility: null }]) {
      assertProblem(await ana.call('PATCH', `/rooms/${rooms[0]}`, bad), 400, 'INVALID_INPUT', JSON.stringify(bad));
    }
    assertProblem(await ana.get('/rooms/public?cursor=x'), 400, 'INVALID_INPUT');
    const direct = { type: 'DIRECT', participantUuids: [ben.id], visibility: 'public' };
    assertProblem(await ana.call('POST', '/rooms', direct), 400, 'INVALID_INPUT');
  });
});

describe('invite links', { timeout: 60_000 }, () => {
  test('whoever has one that holds comes in', async () => {
    const { roomUuid } = await ana.ok('POST', '/rooms', { type: 'GROUP', participantUuids: [ben.id], name: 'Club' });
    const path = `/rooms/${roomUuid}/invites`;
    const made = await ana.call('POST', path, { expiresIn: 60, maxUses: 1 });
    assert.equal(made.status, 201, made.text);
    assert.match(made.body.code, /^[\w-]{22}$/);
    assert.deepEqual([made.body.roomUuid, made.body.createdBy, made.body.maxUses, made.body.uses], [roomUuid, ana.id, 1, 0]);
    assert.equal((await ana.call('POST', path, '{"expiresIn":60.0,"maxUses":1.0}')).status, 201, 'a whole number however written');
    const forever = await ben.call('POST', path);
    assert.deepEqual([forever.status, forever.body.expiresAt, forever.body.maxUses], [201, null, null]);
    assert.equal((await ana.ok('GET', path)).invites.length, 3);
    assert.deepEqual((await ben.ok('GET', path)).invites.map(({ code }) => code), [forever.body.code]);
    const preview = (who, code) => who.call('GET', `/invites/${code}`);
    const seen = await preview(cho, made.body.code);
    assert.equal(seen.status, 200, seen.text);
    assertShape(seen.body, INVITE_PREVIEW);
    assert.deepEqual(
      [seen.body.roomUuid, seen.body.name, seen.body.participantCount, seen.body.invitedBy.userUuid, seen.body.isParticipant, seen.body.refusal],
      [roomUuid, 'Club', 2, ana.id, false, null],
    );
    assert.equal((await preview(ben, made.body.code)).body.isParticipant, true);
    assertProblem(await preview(cho, 'x'), 400, 'INVALID_INPUT');
    const accept = (code) => cho.call('POST', `/invites/${code}/accept`);
    const joined = await accept(made.body.code);
    assert.equal(joined.status, 200, joined.text);
    assertShape(joined.body, ROOM);
    await cho.ok('DELETE', `/rooms/${roomUuid}/leave`);
    assertProblem(await accept(made.body.code), 404, 'INVITE_NOT_FOUND');
    assertProblem(await preview(cho, made.body.code), 404, 'INVITE_NOT_FOUND');
    await ana.ok('PUT', `/rooms/${roomUuid}/bans/${cho.id}`, { expiresIn: 60 });
    const kept = (await preview(cho, forever.body.code)).body;
    assertShape(kept, INVITE_PREVIEW);
    assert.deepEqual([kept.refusal.code, Date.parse(kept.refusal.until) > Date.now()], ['BANNED', true]);
    const barred = await accept(forever.body.code);
    assertProblem(barred, 403, 'BANNED');
    const { title, status, detail, ...error } = barred.body;
    assert.deepEqual(kept.refusal, error, 'the preview tells the error itself');
    await ana.ok('DELETE', `/rooms/${roomUuid}/bans/${cho.id}`);
    assertProblem(await accept('x'), 400, 'INVALID_INPUT');
    for (const bad of [{ expiresIn: 0 }, { expiresIn: 'x' }, { maxUses: 0 }, { maxUses: -1 }, { maxUses: 2 ** 32 }, { expiresIn: 31_536_001 }]) {
      assertProblem(await ana.call('POST', path, bad), 400, 'INVALID_INPUT', JSON.stringify(bad));
    }
    assert.equal((await ana.call('DELETE', `${path}/${forever.body.code}`)).status, 200);
    assertProblem(await accept(forever.body.code), 404, 'INVITE_NOT_FOUND');
  });

  test('an invitation is for one person, who accepts or declines it', async () => {
    const { roomUuid } = await ana.ok('POST', '/rooms', { type: 'GROUP', participantUuids: [ben.id], name: 'Trail' });
    const invite = async (userUuid) => ana.call('POST', `/rooms/${roomUuid}/invites`, { userUuid });
    const own = async (who) => (await who.ok('GET', '/invites?limit=100')).invitations.filter((one) => one.roomUuid === roomUuid);
    const made = await invite(cho.id);
    assert.deepEqual([made.status, made.body.userUuid, made.body.maxUses], [201, cho.id, 1], made.text);
    const [{ code, name, invitedBy, roomType, expiresAt }] = await own(cho);
    assert.deepEqual([code, name, invitedBy.userUuid, roomType, expiresAt], [made.body.code, 'Trail', ana.id, 'GROUP', null]);
    assert.deepEqual(await own(ben), []);
    assertProblem(await ben.call('POST', `/invites/${code}/decline`), 404, 'INVITE_NOT_FOUND');
    assert.deepEqual((await cho.call('POST', `/invites/${code}/decline`)).body, { roomUuid });
    assertProblem(await cho.call('POST', `/invites/${code}/accept`), 404, 'INVITE_NOT_FOUND');
    const again = await invite(cho.id);
    assertShape((await cho.call('POST', `/invites/${again.body.code}/accept`)).body, ROOM);
    assert.deepEqual(await own(cho), []);
    assertProblem(await invite(cho.id), 400, 'INVALID_INPUT', 'who is there already');
    assertProblem(await invite(''), 400, 'INVALID_INPUT');
  });
});

describe('bad input', { timeout: 60_000 }, () => {
  const long = 'x'.repeat(10_000);
  const bomb = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const bombIn = (field) => `{"type":"TEXT","${field}":${bomb}}`;
  const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

  test('no body of a message is a server error, and none is stored', async () => {
    const room = await group();
    const path = `/rooms/${room}/messages`;
    const wide = { type: 'TEXT', content: 'x'.repeat(16 * 1024 + 1) };
    for (const [body, status = 400, code = 'INVALID_INPUT'] of [
      [''], ['{'], ['null'], ['5'], ['"text"'], ['[]'], ['{}'], ['{} {}'], [{ type: 'TEXT' }], [{ content: 'x' }],
      [{ type: 'TEXT', content: 5 }], [{ type: 'TEXT', content: null }], [{ type: 'TEXT', content: ['x'] }],
      [{ type: 'TEXT', content: '' }], [{ type: 'TEXT', content: ' \n\t ' }], [{ type: 'TEXT', content: '\u3000' }],
      [{ type: 'TEXT', content: 'a\0b' }], [{ type: 'TEXT', content: '\u001b[31m' }], [{ type: 'TEXT', content: '\u0085' }],
      [{ type: 'text', content: 'x' }], [{ type: 5, content: 'x' }], [{ type: null, content: 'x' }],
      [{ type: 'SYSTEM', content: 'x' }], [{ type: 'TEXT', content: 'x', imageUrl: 'https://example.org' }],
      [{ type: 'IMAGE' }], [{ type: 'IMAGE', content: 'x' }], [{ type: 'IMAGE', imageUrl: '' }], [{ type: 'IMAGE', imageUrl: 5 }],
      [{ type: 'IMAGE', imageUrl: 'javascript:alert(1)' }], [{ type: 'IMAGE', imageUrl: '//example.org' }],
      [{ type: 'IMAGE', imageUrl: `https://example.org/${long}` }], [{ type: 'IMAGE', imageUrl: 'https://a\nb' }],
      [{ type: 'TEXT', content: 'x', clientId: '' }], [{ type: 'TEXT', content: 'x', clientId: 5 }],
      [{ type: 'TEXT', content: 'x', clientId: 'y'.repeat(129) }], [{ type: 'TEXT', content: 'x', clientId: 'a\0' }],
      ['{"type":"TEXT","content":"\\ud800"}'], ['{"type":"TEXT","content":"x","content":"y"}'],
      [bytes('{"type":"TEXT","content":"', [0xff, 0xfe], '"}')], [bytes([0xef, 0xbb, 0xbf], '{"type":"TEXT","content":"x"}')],
      [bomb], [bombIn('content')], [bombIn('unknown')], [wide, 413, 'PAYLOAD_TOO_LARGE'],
      [`{"type":"TEXT","content":"${'x'.repeat(1024 * 1024)}"}`, 413, 'PAYLOAD_TOO_LARGE'],
    ]) {
      const shown = String(typeof body === 'object' && !Buffer.isBuffer(body) ? JSON.stringify(body) : body).slice(0, 80);
      assertProblem(await ana.call('POST', path, body, { alone: status === 413 }), status, code, shown);
    }
    assert.equal((await ana.ok('GET', path)).total, 0, 'nothing is stored');
  });

  test('no body that makes a room is a server error, and none makes one', async () => {
    const dee = await User.create(server.url, 'dee');
    const participantUuids = [ben.id];
    for (const body of [
      '', '{', 'null', '[]', '{}', { type: 'GROUP' }, { participantUuids }, { type: 'PUBLIC', participantUuids },
      { type: 'GROUP', participantUuids: 'ben' }, { type: 'GROUP', participantUuids: [5] }, { type: 'GROUP', participantUuids: null },
      { type: 'GROUP', participantUuids: [''] }, { type: 'GROUP', participantUuids: [' '] }, { type: 'GROUP', participantUuids: ['a\0b'] },
      { type: 'GROUP', participantUuids: ['x'.repeat(129)] }, { type: 'GROUP', participantUuids: ['a\u2028b'] },
      { type: 'GROUP', participantUuids: Array.from({ length: 1001 }, (_, n) => `user-${n}`) },
      { type: 'GROUP', participantUuids, name: 5 }, { type: 'GROUP', participantUuids, name: 'x'.repeat(201) },
      { type: 'GROUP', participantUuids, name: 'a\0b' }, { type: 'GROUP', participantUuids, name: 'a\nb' },
      { type: 'DIRECT', participantUuids: [] }, { type: 'DIRECT', participantUuids: [dee.id] }, { type: 'DIRECT', participantUuids: [ben.id, cho.id] },
      { type: 'CHALLENGE', participantUuids }, { type: 'CHALLENGE', participantUuids, challengeUuid: '' },
      { type: 'CHALLENGE', participantUuids, challengeUuid: 5 }, { type: 'CHALLENGE', participantUuids, challengeUuid: 'x'.repeat(129) },
      { type: 'GROUP', participantUuids, challengeUuid: 'x' }, `{"type":"GROUP","participantUuids":${bomb}}`,
    ]) {
      assertProblem(await dee.call('POST', '/rooms', body), 400, 'INVALID_INPUT', JSON.stringify(body).slice(0, 100));
    }
    assert.equal((await dee.ok('GET', '/rooms')).total, 0);
  });

  test('the field at fault is named', async () => {
    const room = await group();
    const send = (body) => ana.call('POST', `/rooms/${room}/messages`, body);
    for (const [answer, field] of [
      [await send({ type: 'TEXT', content: ' ' }), /content/],
      [await send({ type: 'TEXT', content: 5 }), /content/],
      [await send({ content: 'x' }), /type/],
      [await send({ type: 'IMAGE' }), /imageUrl/],
      [await ana.call('POST', '/rooms', { type: 'GROUP' }), /participantUuids/],
      [await ana.get('/rooms?limit=0'), /limit/],
      [await ana.get(`/rooms/${room}/messages?before=x`), /before/],
    ]) {
      assert.match(answer.body.detail, field);
    }
  });

  test('other media types and too large bodies are refused', async () => {
    const room = await group();
    const body = '{"type":"TEXT","content":"x"}';
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', '']) {
      const answer = await ana.call('POST', `/rooms/${room}/messages`, body, { headers: { 'content-type': type } });
      assertProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE', type);
    }
    const typed = await ana.call('POST', `/rooms/${room}/messages`, body, { headers: { 'content-type': 'Application/JSON; charset=utf-8' } });
    assert.equal(typed.status, 201);
    const large = Buffer.alloc(3 * 1024 * 1024, ' ');
    // On a connection of its own: the server may end one whose body it does not read to the end.
    assertProblem(await ana.call('POST', '/rooms', large, { alone: true }), 413, 'PAYLOAD_TOO_LARGE');
  });

  test('odd numbers and cursors in the query are refused', async () => {
    const room = await group();
    await ana.say(room, 'x');
    for (const query of [
      'limit=0', 'limit=-1', 'limit=1000000000', 'limit=abc', 'limit=101', 'limit=', 'limit=1.5', 'limit=99999999999999999999',
      'page=0', 'page=-1', 'page=x', 'page=', 'page=99999999999999999999',
    ]) {
      for (const path of ['/rooms', `/rooms/${room}/messages`, ...(query.startsWith('l') ? [`/rooms/${room}/participants`] : [])]) {
        assertProblem(await ana.get(`${path}?${query}`), 400, 'INVALID_INPUT', `${path} ${query}`);
      }
    }
    for (const query of [
      'before=', 'before=x', 'before=-1', 'before=%00', 'after=x', 'around=%ff', `before=${long}`, 'before=1&after=1', 'before=1&page=x', 'around=1&page=0',
      'before=1&limit=0', 'before=18446744073709551616',
    ]) {
      assertProblem(await ana.get(`/rooms/${room}/messages?${query}`), 400, 'INVALID_INPUT', query);
    }
    assertProblem(await ana.get(`/rooms/${room}/participants?cursor=%00`), 400, 'INVALID_INPUT');
    assertProblem(await ana.get(`/rooms/${room}/messages?before=${NOBODYS_ROOM}`), 404, 'MESSAGE_NOT_FOUND');
    for (const query of ['page=18446744073709551615', 'before=18446744073709551615', 'after=18446744073709551615', 'around=0']) {
      assert.equal((await ana.get(`/rooms/${room}/messages?${query}`)).status, 200, query);
    }
  });

  test('no odd id in a path is a server error', async () => {
    const odd = ['%00', '%0a', '%ff', '%2e%2e', '..%2f..%2fetc%2fpasswd', '%2F', '%20', '%F0%9F%A6%8A', "'%20OR%201=1", long, '01J0000000000000000000000', '8ZZZZZZZZZZZZZZZZZZZZZZZZZZ'];
    for (const id of odd) {
      for (const [method, path, body] of [
        ['GET', `/rooms/${id}`], ['GET', `/room/${id}`], ['GET', `/rooms/${id}/messages`], ['PATCH', `/rooms/${id}/read`],
        ['DELETE', `/room/${id}/leave`], ['POST', `/rooms/${id}/messages`, { type: 'TEXT', content: 'x' }], ['GET', `/rooms/${id}/participants`],
      ]) {
        const answer = await ana.call(method, path, body);
        assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path.slice(0, 60)}: ${answer.status}`);
        assertProblem(answer, answer.status, answer.body?.code, path.slice(0, 60));
        assert.match(answer.body.code, /^[A-Z_]+$/);
      }
    }
    const room = await group();
    for (const id of ['%00', '%ff', 'x'.repeat(129), '%20']) {
      assertProblem(await ana.call('DELETE', `/rooms/${room}/participants/${id}`), 400, 'INVALID_INPUT', id);
    }
    for (const body of ['{', '[]', { seq: -1 }, { seq: 'x' }, { seq: 1.5 }, { messageUuid: 5 }, { messageUuid: 'x' }, bomb]) {
      assertProblem(await ana.call('PATCH', `/rooms/${room}/read`, body), 400, 'INVALID_INPUT', JSON.stringify(body).slice(0, 60));
    }
    assertProblem(await ana.call('PATCH', `/rooms/${room}/read`, { messageUuid: NOBODYS_ROOM }), 404, 'MESSAGE_NOT_FOUND');
  });

  test('unknown rooms, addresses and methods are told apart', async () => {
    for (const { room, send } of ALIASES) {
      for (const [method, path, body] of [
        ['GET', room(NOBODYS_ROOM)], ['GET', `${room(NOBODYS_ROOM)}/messages`], ['PATCH', `${room(NOBODYS_ROOM)}/read`],
        ['DELETE', `${room(NOBODYS_ROOM)}/leave`], ['POST', `${room(NOBODYS_ROOM)}/${send}`, { type: 'TEXT', content: 'x' }],
      ]) {
        assertProblem(await ana.call(method, path, body), 404, 'ROOM_NOT_FOUND', `${method} ${path}`);
      }
    }
    for (const path of ['/nothing', '/rooms/a/b/c', '']) assertProblem(await ana.get(path), 404, 'NOT_FOUND', path);
    assertProblem(await ana.call('PUT', '/rooms', {}), 405, 'METHOD_NOT_ALLOWED');
  });

  test('a development token needs a user id that is one', async () => {
    const ask = (body) => call(server.url, 'POST', '/api/auth/dev-token', { body });
    for (const body of ['{', {}, { userUuid: '' }, { userUuid: ' ' }, { userUuid: 5 }, { userUuid: 'a\0' }, { userUuid: 'x'.repeat(129) }, { userUuid: 'x', nickname: 5 }]) {
      assertProblem(await ask(body), 400, 'INVALID_INPUT', JSON.stringify(body));
    }
    const good = await ask({ userUuid: '01HUSER0000000000000000001' });
    assert.equal(good.status, 201);
    assert.deepEqual([typeof good.body.accessToken, typeof good.body.expiresIn], ['string', 'number']);
  });
});

describe('around the routes', { timeout: 30_000 }, () => {
  test('the server says that it is up', async () => {
    assert.equal((await call(server.url, 'GET', '/healthz')).status, 200);
  });

  test('in development a page of any origin is let in, with credentials', async () => {
    const origin = 'https://page.example';
    const asked = await call(server.url, 'OPTIONS', '/api/chat/rooms', {
      headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization,content-type' },
    });
    assert.ok(asked.status < 300, asked.text);
    assert.equal(asked.headers['access-control-allow-origin'], origin);
    assert.equal(asked.headers['access-control-allow-credentials'], 'true');
    assert.match(asked.headers['access-control-allow-methods'], /PATCH/);
    assert.match(asked.headers['access-control-allow-headers'], /authorization/i);
    const refused = await call(server.url, 'GET', '/api/chat/rooms', { headers: { origin } });
    assertProblem(refused, 401, 'UNAUTHENTICATED');
    assert.equal(refused.headers['access-control-allow-origin'], origin, 'pages can read errors too');
  });
});

describe('tokens', { timeout: 60_000 }, () => {
  const secret = 'an example secret of more than 32 bytes';
  let own;
  before(async () => { own = await startServer({ secret }); });
  after(() => own?.stop());

  const rooms = (token, headers) => call(own.url, 'GET', '/api/chat/rooms', { token, headers });
  const claims = (more) => ({ userUuid: 'ana', nickname: 'Ana', iat: inSeconds(0), exp: inSeconds(60), ...more });

  test('a token that was signed with the key is taken, and shows in what its owner sends', async () => {
    const image = 'https://example.org/ana.png';
    const dee = new User(own.url, 'dee', sign(claims({ userUuid: 'dee', nickname: 'Dée', profileImage: image }), secret));
    const room = await dee.group([{ id: 'eli' }]);
    const { sender } = await dee.say(room, 'x');
    assert.deepEqual(sender, { userUuid: 'dee', nickname: 'Dée', profileImage: image });

    const bare = new User(own.url, 'eli', sign({ userUuid: 'eli', exp: inSeconds(60) }, secret));
    const said = await bare.say(room, 'y');
    assert.deepEqual(said.sender, { userUuid: 'eli', nickname: 'eli', profileImage: null });
  });

  test('a development token is signed with the key', async () => {
    const issued = await call(own.url, 'POST', '/api/auth/dev-token', { body: { userUuid: 'ana' } });
    assert.equal((await rooms(issued.body.accessToken)).status, 200);
  });

  test('missing, garbage, expired, unsigned and wrongly signed tokens are refused', async () => {
    const good = sign(claims(), secret);
    const [head, body, signature] = good.split('.');
    for (const [what, token, code = 'UNAUTHENTICATED'] of [
      ['missing', undefined], ['empty', ''], ['garbage', 'garbage'], ['garbage in parts', 'a.b.c'], ['long', 'x'.repeat(9000)],
      ['expired', sign(claims({ exp: inSeconds(-1) }), secret), 'TOKEN_EXPIRED'],
      ['without exp', sign(claims({ exp: undefined }), secret)],
      ['exp of a wrong type', sign(claims({ exp: 'soon' }), secret)],
      ['without a user', sign(claims({ userUuid: undefined }), secret)],
      ['with a blank user', sign(claims({ userUuid: ' ' }), secret)],
      ['not yet valid', sign(claims({ nbf: inSeconds(60) }), secret)],
      ['alg none', sign(claims(), secret, 'none')],
      ['alg none with a signature', `${sign(claims(), secret, 'none')}${signature}`],
      ['alg nonE', sign(claims(), secret, 'nonE')],
      ['signed with another key', sign(claims(), 'another secret of more than 32 bytes ..')],
      ['signed as another algorithm', sign(claims(), secret, 'HS512')],
      ['without its signature', `${head}.${body}.`],
      ['of another body', `${head}.${sign(claims({ userUuid: 'ben' }), 'x').split('.')[1]}.${signature}`],
    ]) {
      assertProblem(await rooms(token), 401, code, what);
    }
    assertProblem(await rooms(undefined, { authorization: good }), 401, 'UNAUTHENTICATED', 'without its scheme');
    assertProblem(await rooms(undefined, { authorization: `Basic ${good}` }), 401, 'UNAUTHENTICATED', 'of another scheme');
    assert.equal((await rooms(undefined, { authorization: `bearer ${good}` })).status, 200);
  });
});
