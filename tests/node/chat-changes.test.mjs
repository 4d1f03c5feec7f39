// What becomes of messages, for the client that apps copy (examples/server/page/chat.js), in Node against the running server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws';

import { Chat, keptInMemory } from '../../examples/server/page/chat.js';
import { ChatApi } from '../../examples/server/page/chat-api.js';
import { sleep, User } from './client.mjs';
import { startProxy } from './proxy.mjs';
import { startServer } from './server.mjs';

const timing = { heartbeat: 300, answer: 400, firstDelay: 20, longestDelay: 200, stable: 1000 };

let server;
before(async () => { server = await startServer(); });
const open = [];
after(async () => {
  open.forEach((chat) => chat.close());
  await server?.stop();
});

/** A client that keeps what it is told of messages and of their changes. */
function connect(user, { url = server.url } = {}) {
  const chat = new Chat({ url, user: user.id, token: () => user.token, storage: keptInMemory(), timing, WebSocket });
  open.push(chat);
  const [messages, changes] = [new Map(), []];
  const put = (message) => messages.set(message.messageUuid, chat.latest(message));
  chat.on('message', put);
  for (const name of ['messageUpdated', 'messageDeleted']) {
    chat.on(name, (change) => {
      changes.push({ name, ...change });
      if (messages.has(change.messageUuid)) put(messages.get(change.messageUuid));
    });
  }
  /** What it shows of a message. */
  const shown = (uuid) => {
    const { content, reactions = [], ownReactions = [], deletedAt } = messages.get(uuid);
    return { content, reactions: reactions.map(({ reaction, count }) => `${reaction} ${count}`), own: ownReactions, isDeleted: Boolean(deletedAt) };
  };
  /** Waits until this has become of a message. */
  const shows = (uuid, expected) => until(async () => {
    assert.ok(messages.has(uuid), 'it was told');
    assert.deepEqual(shown(uuid), { reactions: [], own: [], isDeleted: false, ...expected });
  });
  return { chat, messages, changes, put, shown, shows, api: new ChatApi(chat) };
}

/** Waits until it throws no more. */
async function until(check, timeout = 5000) {
  for (const end = Date.now() + timeout; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(5);
    }
  }
}

const isOnline = ({ chat }) => until(() => assert.ok(chat.isOnline));
const users = (...names) => Promise.all(names.map((name) => User.create(server.url, name)));

/** Ana and Ben in a room, and what Ana has said in it. */
async function scene(...texts) {
  const [ana, ben] = await users('ana', 'ben');
  const room = await ana.group([ben]);
  const uuids = [];
  for (const text of texts) uuids.push((await ana.say(room, text)).messageUuid);
  return { ana, ben, room, uuids };
}

/** Loads the room as an app does. */
const load = async ({ api, put }, room) => (await api.history(room)).messages.forEach(put);

/** A client behind a proxy of its own, that has loaded the room. */
async function behindProxy(user, room) {
  const proxy = await startProxy(server.url);
  const client = connect(user, { url: proxy.url });
  await isOnline(client);
  await load(client, room);
  const leave = () => {
    proxy.isOpen = false;
    proxy.cut();
    return until(() => assert.ok(!client.chat.isOnline));
  };
  const comeBack = async () => {
    proxy.isOpen = true;
    const caughtUp = new Promise((resolve) => client.chat.on('caughtUp', resolve));
    client.chat.hurry();
    assert.deepEqual(await caughtUp, { recovered: true });
  };
  return { client, leave, comeBack, stop: () => (client.chat.close(), proxy.stop()) };
}

describe('changes of messages', { timeout: 60_000 }, () => {
  test('are told to whoever makes them, to others, and to one’s other devices', async () => {
    const { ana, ben, room, uuids: [uuid] } = await scene('hello');
    const [anas, phone, bens] = [connect(ana), connect(ana), connect(ben)];
    const all = [anas, phone, bens];
    await Promise.all(all.map(isOnline));
    await Promise.all(all.map((client) => load(client, room)));

    const edited = await anas.chat.edit(room, uuid, 'hello there');
    assert.equal(edited.content, 'hello there');
    assert.deepEqual(anas.changes.map(({ name, version }) => [name, version]), [['messageUpdated', edited.version]], 'once, and before the promise');
    for (const client of all) await client.shows(uuid, { content: 'hello there' });
    assert.ok(bens.messages.get(uuid).editedAt);

    await bens.chat.react(room, uuid, '👍');
    await phone.chat.react(room, uuid, '👍');
    await phone.chat.react(room, uuid, 'like');
    for (const client of [anas, phone]) await client.shows(uuid, { content: 'hello there', reactions: ['👍 2', 'like 1'], own: ['👍', 'like'] });
    await bens.shows(uuid, { content: 'hello there', reactions: ['👍 2', 'like 1'], own: ['👍'] });
    await anas.chat.react(room, uuid, '👍', false);
    for (const client of [anas, phone]) await client.shows(uuid, { content: 'hello there', reactions: ['👍 1', 'like 1'], own: ['like'] });
    await bens.shows(uuid, { content: 'hello there', reactions: ['👍 1', 'like 1'], own: ['👍'] });

    assert.equal((await phone.chat.delete(room, uuid)).content, null);
    for (const client of all) {
      await client.shows(uuid, { content: null, isDeleted: true });
      assert.equal(client.changes.at(-1).name, 'messageDeleted');
      const versions = client.changes.map(({ version }) => version);
      assert.deepEqual(versions, [...new Set(versions)].sort((one, other) => one - other), 'each once, in their order');
      assert.equal(versions.length, 6);
    }
  });

  test('what the app keeps with a message comes with it, changes with or without its words, and is caught up on', async () => {
    const { ana, ben, room, uuids: [plain] } = await scene('hello');
    const anas = connect(ana);
    const { client: bens, leave, comeBack, stop } = await behindProxy(ben, room);
    await isOnline(anas);
    await load(anas, room);
    const kept = (client, uuid) => client.messages.get(uuid)?.custom;
    const keeps = (client, uuid, custom) => until(() => assert.deepEqual(kept(client, uuid), custom));
    assert.equal(kept(anas, plain), undefined);

    const entry = anas.chat.send(room, { type: 'TEXT', content: 'done', custom: { km: 8, place: '한강' } });
    await until(() => assert.equal(entry.state, 'sent'));
    const uuid = entry.message.messageUuid;
    assert.deepEqual(entry.message.custom, { km: 8, place: '한강' });
    await keeps(bens, uuid, { km: 8, place: '한강' });
    const changed = await anas.chat.edit(room, uuid, undefined, { km: 9 });
    assert.deepEqual([changed.content, changed.custom, changed.editedAt], ['done', { km: 9 }, null]);
    await keeps(bens, uuid, { km: 9 });
    assert.equal(bens.shown(uuid).content, 'done');
    await anas.api.edit(room, uuid, 'done it');
    await bens.shows(uuid, { content: 'done it' });
    await keeps(bens, uuid, { km: 9 });

    await leave();
    await anas.api.edit(room, uuid, undefined, {});
    await anas.chat.edit(room, plain, 'hi', { pace: 5 });
    await comeBack();
    await keeps(bens, uuid, undefined);
    await keeps(bens, plain, { pace: 5 });
    await bens.shows(plain, { content: 'hi' });
    await anas.chat.delete(room, plain);
    await keeps(bens, plain, undefined);
    await stop();
  });

  test('over REST, they are told as any other', async () => {
    const { ana, ben, room, uuids: [one, other] } = await scene('one', 'other');
    const [anas, bens] = [connect(ana), connect(ben)];
    await Promise.all([anas, bens].map(isOnline));
    await load(anas, room);
    await bens.api.react(room, one, '❤️');
    await anas.api.react(room, one, 'a/b');
    await anas.api.edit(room, one, 'won');
    await anas.shows(one, { content: 'won', reactions: ['❤️ 1', 'a/b 1'], own: ['a/b'] });
    await anas.api.react(room, one, 'a/b', false);
    await anas.shows(one, { content: 'won', reactions: ['❤️ 1'] });
    await anas.api.delete(room, other);
    await anas.shows(other, { content: null, isDeleted: true });
    const { reactions, nextCursor } = await anas.api.reactions(room, one);
    assert.deepEqual([reactions.map(({ reaction, user }) => [reaction, user.nickname]), nextCursor], [[['❤️', 'ben']], null]);
    assert.equal((await bens.api.message(room, one)).content, 'won');
  });

  test('of an absence are told when one comes back, one’s own reactions with them', async () => {
    const { ana, ben, room, uuids: [first, second, third] } = await scene('first', 'second', 'third');
    const { client, leave, comeBack, stop } = await behindProxy(ben, room);
    const [anas, bensPhone] = [connect(ana), connect(ben)];
    await Promise.all([anas, bensPhone].map(isOnline));
    await client.chat.react(room, third, '👍');
    await leave();
    await anas.chat.edit(room, first, 'first, edited');
    await anas.chat.react(room, first, '🎉');
    await anas.chat.delete(room, second);
    await bensPhone.chat.react(room, third, '👍', false);
    await bensPhone.chat.react(room, third, '😂');
    await anas.chat.react(room, third, '👍');
    const { messageUuid: fresh } = await ana.say(room, 'fresh');
    await bensPhone.chat.react(room, fresh, '👀');
    await anas.chat.edit(room, fresh, 'fresh, edited');
    const { messageUuid: gone } = await ana.say(room, 'gone before it was seen');
    await anas.chat.delete(room, gone);
    await comeBack();
    await client.shows(first, { content: 'first, edited', reactions: ['🎉 1'] });
    await client.shows(second, { content: null, isDeleted: true });
    await client.shows(third, { content: 'third', reactions: ['😂 1', '👍 1'], own: ['😂'] });
    await client.shows(fresh, { content: 'fresh, edited', reactions: ['👀 1'], own: ['👀'] });
    await client.shows(gone, { content: null, isDeleted: true });
    await stop();
  });

  test('that one makes for oneself alone are told here, on one’s other devices, and when one comes back, and to nobody else', async () => {
    const { ana, ben, room, uuids: [first, second, third] } = await scene('first', 'second', 'third');
    const { client, leave, comeBack, stop } = await behindProxy(ben, room);
    const [anas, bensPhone] = [connect(ana), connect(ben)];
    await Promise.all([anas, bensPhone].map(isOnline));
    const told = ({ chat }) => {
      const hidden = [];
      chat.on('messageHidden', ({ roomUuid, messageUuid }) => hidden.push([roomUuid, messageUuid]));
      return hidden;
    };
    const [here, there, anasOwn] = [client, bensPhone, anas].map(told);
    await client.chat.hide(room, first);
    assert.deepEqual(here, [[room, first]], 'before the promise');
    await until(() => assert.deepEqual(there, [[room, first]]));
    await leave();
    await assert.rejects(client.chat.hide(room, second), { code: 'OFFLINE' });
    await bensPhone.api.hide(room, second);
    await comeBack();
    await until(() => assert.deepEqual(here, [[room, first], [room, second]], 'each once'));
    await until(() => assert.deepEqual(there, [[room, first], [room, second]]));
    assert.deepEqual((await client.api.history(room)).messages.map(({ messageUuid }) => messageUuid), [third]);
    await assert.rejects(client.api.message(room, first), { code: 'MESSAGE_NOT_FOUND' });
    assert.equal((await anas.api.history(room)).messages.length, 3);
    assert.deepEqual(anasOwn, []);
    await stop();
  });

  test('of what one has just sent are told after an absence, too', async () => {
    const { ana, room } = await scene();
    const { client, leave, comeBack, stop } = await behindProxy(ana, room);
    const phone = connect(ana);
    await isOnline(phone);
    const entry = client.chat.send(room, { type: 'TEXT', content: 'sent' });
    await until(() => assert.equal(entry.state, 'sent'));
    await leave();
    // Its answer named no position: the message itself is told again, and was told before.
    await phone.chat.edit(room, entry.message.messageUuid, 'edited elsewhere');
    await comeBack();
    await client.shows(entry.message.messageUuid, { content: 'edited elsewhere' });
    assert.equal(client.messages.size, 1);
    await stop();
  });

  test('of a message that was never seen are told all the same', async () => {
    const { ana, ben, room, uuids: [uuid] } = await scene('never seen');
    const [anas, bens] = [connect(ana), connect(ben)];
    await Promise.all([anas, bens].map(isOnline));
    await anas.chat.delete(room, uuid);
    await until(() => assert.deepEqual(bens.changes.map(({ name, messageUuid, content, seq }) => [name, messageUuid, content, seq]), [['messageDeleted', uuid, null, 1]]));
    assert.equal(bens.messages.size, 0);
  });

  test('do not wait: without a connection, or refused, they fail with the error', async () => {
    const { ana, ben, room, uuids: [uuid, other] } = await scene('hers', 'much liked');
    const { client, leave, comeBack, stop } = await behindProxy(ben, room);
    await assert.rejects(client.chat.edit(room, uuid, 'his'), { code: 'FORBIDDEN' });
    await assert.rejects(client.chat.delete(room, uuid), { code: 'FORBIDDEN' });
    await assert.rejects(client.chat.react(room, uuid, 'two words'), { code: 'INVALID_INPUT', field: 'reaction' });
    for (let kind = 0; kind < 20; kind += 1) await client.chat.react(room, other, `kind-${kind}`);
    await assert.rejects(client.chat.react(room, other, 'one-more'), { code: 'LIMIT_REACHED', limit: 'reactions', allowed: 20 });
    await leave();
    await assert.rejects(client.chat.edit(room, uuid, 'his'), { code: 'OFFLINE' });
    await assert.rejects(client.chat.react(room, uuid, '👍'), { code: 'OFFLINE' });
    await comeBack();
    await client.chat.react(room, uuid, '👍');
    const changes = client.changes.filter(({ messageUuid }) => messageUuid === uuid);
    assert.deepEqual(changes.map(({ reactions }) => reactions), [[{ reaction: '👍', count: 1 }]], 'what was refused was not kept for later');
    assert.equal((await ana.ok('GET', `/rooms/${room}/messages`)).messages.at(-1).content, 'hers');
    await stop();
  });
});

describe('versions never go back', { timeout: 60_000 }, () => {
  test('what was loaded before a change and arrives after it', async () => {
    const { ana, ben, room, uuids: [uuid] } = await scene('old');
    const [anas, bens] = [connect(ana), connect(ben)];
    await Promise.all([anas, bens].map(isOnline));
    const old = await anas.api.message(room, uuid);
    await bens.chat.react(room, uuid, '👍');
    await anas.chat.react(room, uuid, '🎉');
    const { version } = await anas.chat.edit(room, uuid, 'new');
    await until(() => assert.equal(bens.changes.at(-1)?.version, version));
    assert.deepEqual([anas.chat.latest(old).content, anas.chat.latest(old).ownReactions], ['new', ['🎉']]);
    assert.deepEqual([bens.chat.latest(old).content, bens.chat.latest(old).ownReactions], ['new', ['👍']]);
    const late = new ChatApi({ http: async () => ({ messages: [old], hasMore: false }), latest: (message) => bens.chat.latest(message) });
    assert.equal((await late.history(room)).messages[0].content, 'new', 'ChatApi sees to it');
    const later = { ...old, version: version + 1, content: 'newest' };
    assert.equal(anas.chat.latest(later), later, 'and what is later than all that was told stays');
  });

  test('answers behind later changes, changes told twice and out of order', async () => {
    // A server that tells what it is told to, where none would.
    const telling = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(telling, 'listening');
    const change = (version, reactions, more) => ({
      roomUuid: 'r', messageUuid: 'm', seq: 1, version, type: 'TEXT', content: `at ${version}`, imageUrl: null, editedAt: null, deletedAt: null,
      reactions: reactions.map((reaction) => ({ reaction, count: 1 })), ...more,
    });
    const tell = (socket, data) => socket.send(JSON.stringify({ event: 'messageUpdated', room: 'r', pos: 'p', data }));
    telling.on('connection', (socket) => socket.on('message', (data) => {
      const { id, op } = JSON.parse(data);
      if (op === 'hello') socket.send(JSON.stringify({ event: 'ready', data: { userUuid: 'ana', pos: 'p', recovered: true, rooms: [] } }));
      if (op !== 'react') return;
      tell(socket, change(3, ['a', 'b'], { userUuid: 'ben', reaction: { reaction: 'b', on: true } }));
      socket.send(JSON.stringify({ id, ok: { message: change(2, ['a']) } }));
      // Her phone took it back, and the answer to its leaving it comes late.
      tell(socket, change(5, ['b'], { userUuid: 'ana', reaction: { reaction: 'a', on: false } }));
      tell(socket, change(4, ['a', 'b'], { userUuid: 'ana', reaction: { reaction: 'a', on: true } }));
      tell(socket, change(5, ['b'], { userUuid: 'ana', reaction: { reaction: 'a', on: false } }));
      tell(socket, change(6, ['a', 'b'], { ownReactions: ['b'] }));
      tell(socket, change(6, ['a', 'b'], { ownReactions: ['b'] }));
      // A message that has changed before it was told, and a change from before that.
      socket.send(JSON.stringify({ event: 'message', room: 'r', pos: 'p', data: { ...change(8, []), messageUuid: 'n', seq: 2 } }));
      tell(socket, { ...change(7, []), messageUuid: 'n', seq: 2 });
      tell(socket, change(9, []));
    }));
    const anas = connect({ id: 'ana', token: 'x' }, { url: `http://127.0.0.1:${telling.address().port}` });
    await isOnline(anas);
    const own = [];
    anas.put({ messageUuid: 'm', content: 'at 0' });
    anas.chat.on('messageUpdated', () => own.push(anas.messages.get('m').ownReactions.join()));
    await anas.chat.react('r', 'm', 'a');
    await until(() => assert.equal(anas.changes.at(-1).version, 9));
    assert.deepEqual(anas.changes.map(({ version, content }) => [version, content]), [[3, 'at 3'], [3, 'at 3'], [5, 'at 5'], [6, 'at 6'], [9, 'at 9']]);
    assert.deepEqual(own, ['', 'a', '', 'b', '']);
    assert.equal(anas.messages.get('n').content, 'at 8');
    anas.chat.close();
    telling.close();
  });
});

describe('answers and pins', { timeout: 60_000 }, () => {
  test('an answer shows what it answers as that is now, live and after an absence', async () => {
    const { ana, ben, room, uuids: [asked] } = await scene('At nine?');
    const anas = connect(ana);
    await isOnline(anas);
    const { client: bens, leave, comeBack } = await behindProxy(ben, room);
    anas.chat.send(room, { type: 'TEXT', content: 'Nine it is', quotedMessageUuid: asked });
    const answer = await until(() => {
      const found = [...bens.messages.values()].find(({ content }) => content === 'Nine it is');
      assert.ok(found);
      return found.messageUuid;
    });
    const quotedBy = ({ chat, messages }) => {
      const { messageUuid, content, deletedAt, sender } = chat.latest(messages.get(answer)).quotedMessage;
      return [messageUuid, content, Boolean(deletedAt), sender.userUuid];
    };
    for (const one of [anas, bens]) assert.deepEqual(quotedBy(one), [asked, 'At nine?', false, ana.id]);
    const before = bens.messages.get(answer);
    assert.equal(bens.chat.latest(before), before, 'the same one, as long as nothing has changed');
    await anas.chat.edit(room, asked, 'At ten?');
    await until(() => { for (const one of [anas, bens]) assert.deepEqual(quotedBy(one), [asked, 'At ten?', false, ana.id]); });
    await leave();
    await anas.chat.delete(room, asked);
    await comeBack();
    await until(() => { for (const one of [anas, bens]) assert.deepEqual(quotedBy(one), [asked, null, true, ana.id]); });
    // What was loaded before comes after it.
    const late = new ChatApi({ http: async () => ({ messages: [before], hasMore: false }), latest: (message) => bens.chat.latest(message) });
    assert.ok((await late.history(room)).messages[0].quotedMessage.deletedAt);
    const refused = new Promise((resolve) => anas.chat.on('entry', (entry) => entry.state === 'failed' && resolve(entry.error.code)));
    anas.chat.send(room, { type: 'TEXT', content: 'too late', quotedMessageUuid: asked });
    assert.equal(await refused, 'MESSAGE_DELETED');
  });

  test('a pin is told to all, by whichever way it is put, and is off again', async () => {
    const { ana, ben, room, uuids: [first, second] } = await scene('one', 'two');
    const [anas, bens] = [connect(ana), connect(ben)];
    await Promise.all([anas, bens].map(isOnline));
    await Promise.all([anas, bens].map((one) => load(one, room)));
    const change = await anas.chat.pin(room, first);
    assert.equal(change.pinned.userUuid, ana.id);
    await anas.api.pin(room, second);
    const pinned = ({ chat, messages }, uuid) => chat.latest(messages.get(uuid)).pinned?.userUuid;
    await until(() => { for (const uuid of [first, second]) assert.equal(pinned(bens, uuid), ana.id); });
    const { messages, nextCursor } = await bens.api.pins(room, { limit: 1 });
    assert.deepEqual(messages.map(({ content }) => content), ['two'], 'the newest first');
    assert.deepEqual((await bens.api.pins(room, { limit: 1, cursor: nextCursor })).messages.map(({ content }) => content), ['one']);
    await assert.rejects(bens.chat.pin(room, first, false), { code: 'FORBIDDEN' });
    await anas.chat.pin(room, first, false);
    await anas.api.pin(room, second, false);
    await until(() => { for (const uuid of [first, second]) assert.equal(pinned(bens, uuid), undefined); });
    assert.deepEqual((await bens.api.pins(room)).messages, []);
  });
});

describe('what is being written', { timeout: 60_000 }, () => {
  test('grows as it comes, and is whole in the end', async () => {
    const { ana, ben, room } = await scene();
    const [writer, reader] = [connect(ana), connect(ben)];
    await Promise.all([isOnline(writer), isOnline(reader)]);
    const { message, append, stop } = await writer.chat.stream(room, { clientId: 'answer-1' });
    assert.deepEqual([message.content, typeof message.streamingUntil, message.seq], ['', 'string', 1]);
    let words = '';
    for (const part of ['Let ', 'us 🏃', '‍♀️ at ', '한강']) {
      await append(part);
      words += part;
      await reader.shows(message.messageUuid, { content: words });
    }
    assert.ok(reader.messages.get(message.messageUuid).streamingUntil);
    const whole = await stop();
    assert.deepEqual([whole.content, whole.editedAt, whole.streamingUntil], [words, null, undefined]);
    await until(() => assert.equal(reader.messages.get(message.messageUuid).streamingUntil, undefined));
    assert.equal(reader.shown(message.messageUuid).content, words);
    await assert.rejects(append('more'), { code: 'FORBIDDEN' });
    assert.deepEqual((await ben.ok('GET', `/rooms/${room}/messages/${message.messageUuid}`)).content, words);
  });

  test('is seen by who loads it half written, and given up by deleting it', async () => {
    const { ana, ben, room } = await scene();
    const [writer, reader] = [connect(ana), connect(ben)];
    await Promise.all([isOnline(writer), isOnline(reader)]);
    const { message, append } = await writer.chat.stream(room, { content: 'One' });
    await append(', two');
    const late = connect(ben);
    await isOnline(late);
    await until(async () => {
      await load(late, room);
      assert.equal(late.shown(message.messageUuid).content, 'One, two');
    });
    await append(', three');
    await late.shows(message.messageUuid, { content: 'One, two, three' });
    await writer.chat.delete(room, message.messageUuid);
    await late.shows(message.messageUuid, { content: null, isDeleted: true });
    await assert.rejects(append('!'), { code: 'MESSAGE_DELETED' });
  });

  test('comes by REST, each time whole', async () => {
    const { ana, ben, room } = await scene();
    const reader = connect(ben);
    await isOnline(reader);
    const begun = await ana.call('POST', `/rooms/${room}/streams`, { clientId: 'answer-2' });
    assert.deepEqual([begun.status, begun.body.content], [201, '']);
    const path = `/rooms/${room}/streams/${begun.body.messageUuid}`;
    assert.equal((await ana.ok('POST', `${path}/append`, { text: 'One' })).content, 'One');
    await reader.shows(begun.body.messageUuid, { content: 'One' });
    assert.equal((await ana.ok('POST', `${path}/append`, { text: ', two' })).content, 'One, two');
    assert.equal((await ben.call('POST', `${path}/append`, { text: '!' })).status, 403);
    assert.equal((await ana.ok('POST', `${path}/stop`)).streamingUntil, undefined);
    await reader.shows(begun.body.messageUuid, { content: 'One, two' });
    assert.equal((await ana.call('POST', `${path}/stop`)).body.code, 'FORBIDDEN');
  });
});
