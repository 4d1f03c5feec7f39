// Threads, for the client that apps copy (examples/server/page/chat.js and chat-api.js), in Node against the running server.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';

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

/** A client that is online, and keeps the messages that it is told. */
async function connect(user, { url = server.url } = {}) {
  const chat = new Chat({ url, user: user.id, token: () => user.token, storage: keptInMemory(), timing, WebSocket });
  open.push(chat);
  const messages = new Map();
  const put = (message) => messages.set(message.messageUuid, chat.latest(message));
  chat.on('message', put);
  chat.on('messageUpdated', ({ messageUuid }) => messages.has(messageUuid) && put(messages.get(messageUuid)));
  await new Promise((resolve) => chat.on('caughtUp', resolve));
  return { chat, messages, put, api: new ChatApi(chat) };
}

async function scene() {
  const [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => User.create(server.url, name)));
  const room = await ana.group([ben]);
  const { messageUuid: root } = await ana.say(room, 'who runs?');
  return { ana, ben, room, root };
}

/** Sends, and waits until the server has it. */
async function send({ chat }, room, draft) {
  const entry = chat.send(room, { type: 'TEXT', ...draft });
  await until(() => assert.equal(entry.state, 'sent'));
  return entry.message;
}

describe('threads', { timeout: 60_000 }, () => {
  test('are written by drafts, told by messages, and counted by their roots', async () => {
    const { ana, ben, room, root } = await scene();
    const [anas, bens] = await Promise.all([ana, ben].map((user) => connect(user)));
    anas.put((await anas.api.history(room)).messages.find(({ messageUuid }) => messageUuid === root));
    assert.equal(anas.messages.get(root).thread, undefined);
    const aside = await send(bens, room, { content: 'me', parentMessageUuid: root });
    assert.deepEqual([aside.parentMessageUuid, aside.showInRoom], [root, undefined]);
    const shown = await send(bens, room, { content: 'at six', parentMessageUuid: root, showInRoom: true });
    assert.deepEqual([shown.parentMessageUuid, shown.showInRoom], [root, true]);
    const thread = { replyCount: 2, lastReplyAt: shown.createdAt, participantUuids: [ben.id] };
    await until(() => assert.deepEqual(anas.messages.get(root).thread, thread));
    assert.equal(anas.messages.get(aside.messageUuid).parentMessageUuid, root);
    assert.equal((await anas.api.room(room)).unreadCount, 1, 'that for the thread alone is not unread');
    // Any other change of the root keeps what is known of its thread.
    await anas.chat.edit(room, root, 'who runs on Sunday?');
    await anas.chat.react(room, root, '👍');
    assert.deepEqual(anas.messages.get(root).thread, thread);
    await bens.chat.delete(room, aside.messageUuid);
    await until(() => assert.equal(anas.messages.get(root).thread.replyCount, 1));
    await assert.rejects(bens.chat.request('send', { room, message: { type: 'TEXT', content: '?', parentMessageUuid: shown.messageUuid } }), { code: 'FORBIDDEN' });
  });

  test('are loaded by pages, the newest first, in the latest state that was told', async () => {
    const { ana, ben, room, root } = await scene();
    const client = await connect(ana);
    const uuids = [];
    for (const content of ['1', '2', '3']) uuids.push((await ben.ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content, parentMessageUuid: root })).messageUuid);
    const first = await client.api.replies(room, root, { limit: 2 });
    assert.deepEqual(first.messages.map(({ content }) => content), ['3', '2']);
    const second = await client.api.replies(room, root, { limit: 2, cursor: first.nextCursor });
    assert.deepEqual([second.messages.map(({ content }) => content), second.nextCursor], [['1'], null]);
    const old = await ana.ok('GET', `/rooms/${room}/messages/${root}/replies`);
    await client.chat.react(room, uuids[0], '👍');
    const late = new ChatApi({ http: async () => old, latest: (message) => client.chat.latest(message) });
    assert.deepEqual((await late.replies(room, root)).messages[2].ownReactions, ['👍']);
    await client.api.hide(room, uuids[1]);
    assert.deepEqual((await client.api.replies(room, root)).messages.map(({ content }) => content), ['3', '1']);
    await assert.rejects(client.api.replies(room, room), { code: 'MESSAGE_NOT_FOUND' });
  });

  test('are followed, listed and read, and another device is told', async () => {
    const { ana, ben, room, root } = await scene();
    const [anas, bens] = await Promise.all([ana, ben].map((user) => connect(user)));
    const told = [];
    anas.chat.on('threadRead', (state) => told.push(state));
    const state = await bens.api.follow(room, root);
    assert.deepEqual([state.messageUuid, state.following, state.unreadReplies], [root, true, 0]);
    const reply = await send(bens, room, { content: 'me', parentMessageUuid: root });
    // Whoever began it follows it by the first reply.
    await until(() => assert.deepEqual(told.map(({ messageUuid, following }) => [messageUuid, following]), [[root, true]]));
    const { threads: [one], nextCursor } = await anas.api.threads();
    assert.deepEqual([one.message.messageUuid, one.message.thread.replyCount, one.unreadCount, one.activeAt, nextCursor], [root, 1, 1, reply.createdAt, null]);
    assert.equal((await anas.api.replies(room, root)).threadState.unreadReplies, 1);
    assert.deepEqual(await anas.api.markThreadRead(room, root, reply.seq), { roomUuid: room, messageUuid: root, following: true, readSeq: reply.seq, unreadReplies: 0 });
    await until(() => assert.equal(told.at(-1).readSeq, reply.seq));
    assert.equal((await anas.api.follow(room, root, false)).following, false);
    await until(() => assert.equal(told.at(-1).following, false));
    assert.deepEqual((await anas.api.threads({ limit: 1 })).threads, []);
    // A reply of one's own has one follow it again, which is told here too, before it is sent.
    const own = await send(anas, room, { content: 'me too', parentMessageUuid: root });
    assert.deepEqual(told.at(-1), { roomUuid: room, messageUuid: root, following: true, readSeq: own.seq });
  });

  test('of an absence are told when one comes back', async () => {
    const { ana, ben, room, root } = await scene();
    const proxy = await startProxy(server.url);
    const [away, bens] = [await connect(ana, { url: proxy.url }), await connect(ben)];
    away.put((await away.api.history(room)).messages[0]);
    proxy.isOpen = false;
    proxy.cut();
    await until(() => assert.ok(!away.chat.isOnline));
    const { messageUuid, createdAt } = await send(bens, room, { content: 'me', parentMessageUuid: root });
    proxy.isOpen = true;
    away.chat.hurry();
    await until(() => assert.deepEqual(away.messages.get(root).thread, { replyCount: 1, lastReplyAt: createdAt, participantUuids: [ben.id] }));
    assert.equal(away.messages.get(messageUuid).parentMessageUuid, root);
    away.chat.close();
    await proxy.stop();
  });
});
