// What chat-api.js gives names to, in Node against the running server: searches, invitations, files, and all that is kept of one.

import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';

import { Chat, keptInMemory } from '../../examples/server/page/chat.js';
import { ChatApi } from '../../examples/server/page/chat-api.js';
import { sleep, User } from './client.mjs';
import { pdf } from './pictures.mjs';
import { startServer } from './server.mjs';

let server;
before(async () => { server = await startServer(); });
const open = [];
after(async () => {
  open.forEach((chat) => chat.close());
  await server?.stop();
});

const users = (...names) => Promise.all(names.map((name) => User.create(server.url, name)));

/** A client that is online, and what it is told of invitations and of who wants to come in. */
async function connect(user) {
  const chat = new Chat({ url: server.url, user: user.id, token: () => user.token, storage: keptInMemory(), WebSocket });
  open.push(chat);
  const told = [];
  chat.on('notification', (notification) => /^invite|^join/.test(notification.type) && told.push(notification));
  await new Promise((resolve) => chat.on('caughtUp', resolve));
  return { chat, api: new ChatApi(chat), told };
}

/** Waits until it throws no more. */
async function until(check, timeout = 5000) {
  for (const end = Date.now() + timeout; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(10);
    }
  }
}

describe('a search', { timeout: 30_000 }, () => {
  test('asks for what it is told to, and gives snippets in parts', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const [runners, cooks] = [await ana.group([ben], 'Runners'), await ana.group([ben], 'Cooks')];
    await ben.say(runners, 'Salt & pepper? 100%');
    await ana.say(cooks, 'salt, and "fine pepper"');
    const { api } = await connect(ana);
    const found = async (q, where) => (await api.search(q, where)).results.map(({ message }) => message.content);
    const [fine, hot] = ['salt, and "fine pepper"', 'Salt & pepper? 100%'];
    assert.deepEqual(await found('salt pepper'), [fine, hot]);
    assert.deepEqual(await found('"fine pepper"'), [fine]);
    assert.deepEqual(await found('pepper? 100%'), [hot], 'whatever stands in an address');
    assert.deepEqual(await found('salt', { room: runners }), [hot]);
    assert.deepEqual(await found('salt', { sender: ana.id }), [fine]);
    assert.deepEqual(await found('salt', { hasAttachment: true }), []);
    assert.deepEqual(await found('salt', { hasAttachment: false, before: new Date(Date.now() + 60_000).toJSON() }), [fine, hot]);
    assert.deepEqual(await found('salt', { after: new Date(Date.now() + 60_000).toJSON() }), []);
    const first = await api.search('salt', { limit: 1 });
    assert.deepEqual(first.results[0].snippet, [{ text: 'salt', isMatch: true }, { text: ', and "fine pepper"', isMatch: false }]);
    const second = await api.search('salt', { limit: 1, cursor: first.nextCursor });
    assert.equal(second.results[0].message.content, hot);
    await assert.rejects(api.search('x'), { code: 'INVALID_INPUT', field: 'q', status: 400 });
  });

  test('gives messages in the latest state that was told', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const { messageUuid } = await ben.say(room, 'umbrella');
    const { chat } = await connect(ana);
    const changed = new Promise((resolve) => chat.on('messageUpdated', resolve));
    const old = await ana.ok('GET', '/search?q=umbrella');
    await ben.ok('PATCH', `/rooms/${room}/messages/${messageUuid}`, { content: 'parasol' });
    await changed;
    const late = new ChatApi({ http: async () => old, latest: (message) => chat.latest(message) });
    const { results: [{ message, snippet }] } = await late.search('umbrella');
    assert.deepEqual([message.content, snippet[0].text], ['parasol', 'umbrella']);
  });
});

describe('invitations', { timeout: 30_000 }, () => {
  test('are told and listed, accepted, declined and taken back', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const [anas, bens] = await Promise.all([ana, ben].map(connect));
    const rooms = [];
    for (const name of ['One', 'Two', 'Three']) rooms.push(await ana.group([], name));
    const [one, two, three] = await Promise.all(rooms.map((room) => anas.api.createInvite(room, { userUuid: ben.id })));
    assert.deepEqual([one.roomUuid, one.userUuid, one.maxUses], [rooms[0], ben.id, 1]);
    await until(() => assert.deepEqual(bens.told.map(({ type, name }) => `${type} ${name}`).sort(), ['invited One', 'invited Three', 'invited Two']));
    const listed = await bens.api.invitations();
    assert.deepEqual(listed.map(({ code }) => code).sort(), [one, two, three].map(({ code }) => code).sort());
    assert.deepEqual(listed.map(({ invitedBy }) => invitedBy.userUuid), [ana.id, ana.id, ana.id]);

    assert.equal((await bens.api.acceptInvite(one.code)).roomUuid, rooms[0]);
    assert.deepEqual(await bens.api.declineInvite(two.code), { roomUuid: rooms[1] });
    await until(() => assert.deepEqual(anas.told.map(({ type, roomUuid, userUuid }) => [type, roomUuid, userUuid]), [['inviteDeclined', rooms[1], ben.id]]));
    await anas.api.revokeInvite(rooms[2], three.code);
    await until(() => assert.ok(bens.told.some(({ type, code }) => type === 'inviteEnded' && code === three.code)));
    assert.deepEqual(await bens.api.invitations(), []);
    for (const { code } of [two, three]) await assert.rejects(bens.api.acceptInvite(code), { code: 'INVITE_NOT_FOUND' });
  });

  test('are links for whoever has one, listed for those who may see them while they hold', async () => {
    const [ana, ben, cho] = await users('ana', 'ben', 'cho');
    const [anas, bens, chos] = await Promise.all([ana, ben, cho].map(connect));
    const room = await ana.group([ben], 'Runners');
    const first = await anas.api.createInvite(room, { expiresIn: 3600, maxUses: 2 });
    const second = await bens.api.createInvite(room, { maxUses: 1 });
    assert.deepEqual([Date.parse(first.expiresAt) - Date.parse(first.createdAt), first.maxUses, first.uses, first.userUuid], [3_600_000, 2, 0, null]);
    const codes = async (one) => (await one.api.invites(room)).map(({ code }) => code).sort();
    assert.deepEqual(await codes(anas), [first.code, second.code].sort());
    assert.deepEqual(await bens.api.invites(room), [second], 'one’s own');
    await assert.rejects(chos.api.invites(room), { code: 'NOT_A_PARTICIPANT' });
    const { name, roomUuid, participantCount, invitedBy, isParticipant, refusal } = await chos.api.invitePreview(first.code);
    assert.deepEqual([name, roomUuid, participantCount, invitedBy.userUuid, isParticipant, refusal], ['Runners', room, 2, ana.id, false, null]);
    assert.equal((await chos.api.acceptInvite(first.code)).roomUuid, room);
    assert.equal((await chos.api.invitePreview(first.code)).isParticipant, true);
    assert.deepEqual((await anas.api.invites(room)).find(({ code }) => code === first.code), { ...first, uses: 1 });
    await anas.api.revokeInvite(room, second.code);
    assert.deepEqual(await codes(anas), [first.code]);
  });
});

describe('requests to come in', { timeout: 30_000 }, () => {
  test('are told and listed, approved, rejected and taken back', async () => {
    const [ana, ben, cho] = await users('ana', 'ben', 'cho');
    const [anas, bens, chos] = await Promise.all([ana, ben, cho].map(connect));
    const { roomUuid, visibility } = await anas.api.create({ type: 'GROUP', name: 'Door', participantUuids: [], visibility: 'public', custom: { approval: true } });
    assert.equal(visibility, 'public');
    const { code } = await anas.api.createInvite(roomUuid);
    // Who has to wait at the door is not taken for somebody in the room.
    const news = (one, type) => one.told.filter((told) => told.type === type && told.roomUuid === roomUuid);
    for (const [enter, changes] of [[() => bens.api.join(roomUuid), 1], [() => bens.api.join(roomUuid), 1], [() => chos.api.acceptInvite(code), 2]]) {
      await assert.rejects(enter(), { code: 'JOIN_HELD', status: 202 });
      await until(() => assert.equal(news(anas, 'joinRequestsChanged').length, changes));
    }
    const [own] = await bens.api.ownJoinRequests();
    assert.deepEqual([own.roomUuid, own.roomType, own.name, own.code], [roomUuid, 'GROUP', 'Door', undefined]);
    const { joinRequests } = await anas.api.joinRequests(roomUuid);
    const of = (user) => joinRequests.find((one) => one.user.userUuid === user.id);
    assert.deepEqual([joinRequests.length, of(ben).joinRequestUuid, of(ben).code, of(cho).code], [2, own.joinRequestUuid, undefined, code]);
    const first = await anas.api.joinRequests(roomUuid, { limit: 1 });
    const second = await anas.api.joinRequests(roomUuid, { limit: 1, cursor: first.nextCursor });
    assert.deepEqual([...first.joinRequests, ...second.joinRequests], joinRequests);
    await assert.rejects(bens.api.joinRequests(roomUuid), { code: 'NOT_A_PARTICIPANT' });

    assert.deepEqual(await anas.api.approveJoin(roomUuid, own.joinRequestUuid), { roomUuid });
    await until(() => assert.equal(news(bens, 'joinApproved').length, 1));
    assert.equal((await bens.api.room(roomUuid)).participantCount, 2);
    await assert.rejects(anas.api.approveJoin(roomUuid, own.joinRequestUuid), { code: 'JOIN_REQUEST_NOT_FOUND' });
    await anas.api.rejectJoin(roomUuid, of(cho).joinRequestUuid, 'Full & closed');
    await until(() => assert.deepEqual(news(chos, 'joinRejected').map(({ reason }) => reason), ['Full & closed']));
    await assert.rejects(chos.api.join(roomUuid), { code: 'JOIN_HELD' });
    const [again] = await chos.api.ownJoinRequests();
    await assert.rejects(bens.api.withdrawJoin(roomUuid, again.joinRequestUuid), { code: 'JOIN_REQUEST_NOT_FOUND' });
    assert.deepEqual(await chos.api.withdrawJoin(roomUuid, again.joinRequestUuid), { roomUuid });
    assert.deepEqual([await chos.api.ownJoinRequests(), (await anas.api.joinRequests(roomUuid)).joinRequests], [[], []]);
  });
});

describe('files', { timeout: 30_000 }, () => {
  test('are uploaded, sent, read by a link, and gone with their message', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const [anas, bens] = await Promise.all([ana, ben].map(connect));
    const file = await anas.api.upload(room, new File([pdf()], 'plan & more.pdf'));
    assert.deepEqual([file.name, file.mediaType, file.size], ['plan & more.pdf', 'application/pdf', pdf().length]);
    const came = new Promise((resolve) => bens.chat.on('message', resolve));
    anas.chat.send(room, { type: 'TEXT', attachments: [file.attachmentUuid] });
    const message = await came;
    assert.deepEqual([message.content, message.attachments], ['', [file]]);
    const { url } = await bens.api.link(room, file.attachmentUuid);
    const bytes = await (await fetch(new URL(url, server.url))).arrayBuffer();
    assert.deepEqual(Buffer.from(bytes), pdf());
    const deleted = new Promise((resolve) => bens.chat.on('messageDeleted', resolve));
    await anas.chat.delete(room, message.messageUuid);
    await deleted;
    assert.deepEqual(bens.chat.latest(message).attachments, []);
  });

  test('are taken back before they are sent, and not after', async () => {
    const [ana, ben] = await users('ana', 'ben');
    const room = await ana.group([ben]);
    const [anas, bens] = await Promise.all([ana, ben].map(connect));
    const [file, other] = await Promise.all([1, 2].map((n) => anas.api.upload(room, new File([pdf()], `${n}.pdf`))));
    await assert.rejects(bens.api.discard(room, file.attachmentUuid), { code: 'ATTACHMENT_NOT_FOUND' });
    assert.deepEqual(await anas.api.discard(room, file.attachmentUuid), { roomUuid: room });
    for (const late of [() => anas.api.discard(room, file.attachmentUuid), () => anas.api.link(room, file.attachmentUuid)]) {
      await assert.rejects(late(), { code: 'ATTACHMENT_NOT_FOUND' });
    }
    const came = new Promise((resolve) => bens.chat.on('message', resolve));
    anas.chat.send(room, { type: 'TEXT', attachments: [other.attachmentUuid] });
    await came;
    await assert.rejects(anas.api.discard(room, other.attachmentUuid), { code: 'ATTACHMENT_USED', status: 409 });
  });

  test('are refused with the server’s code, given up, and uploaded with a new token where the first holds no more', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([]);
    const { api } = await connect(ana);
    await assert.rejects(api.upload(room, new File([], 'empty')), { code: 'INVALID_INPUT', status: 400 });
    const giving = new AbortController();
    giving.abort();
    await assert.rejects(api.upload(room, new File([pdf()], 'a.pdf'), { signal: giving.signal }), { code: 'ABORTED' });
    const tokens = ['of.no.use', ana.token];
    const late = new Chat({ url: server.url, user: ana.id, token: (isRefused) => tokens[Number(isRefused)], storage: keptInMemory(), WebSocket });
    open.push(late);
    assert.equal((await new ChatApi(late).upload(room, new File([pdf()], 'a.pdf'))).name, 'a.pdf');
  });
});

describe('an export', { timeout: 30_000 }, () => {
  test('has all lines, and is refused where its last one is missing', async () => {
    const [ana] = await users('ana');
    const room = await ana.group([], 'Notes');
    await ana.say(room, 'buy milk');
    const { api } = await connect(ana);
    const lines = (await (await api.export()).text()).trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([lines[0].record, lines[0].userUuid, lines.at(-1).record, lines.at(-1).lines], ['header', ana.id, 'footer', lines.length - 1]);
    assert.ok(lines.some(({ content }) => content === 'buy milk'));
    const cut = new ChatApi({ download: async () => new Blob(['{"record":"header"}\n{"record":"profile","nickname":"\\"record\\":\\"footer\\""}\n']) });
    await assert.rejects(cut.export(), { code: 'INCOMPLETE' });
    const refused = new Chat({ url: server.url, user: ana.id, token: () => 'of.no.use', storage: keptInMemory(), WebSocket });
    open.push(refused);
    await assert.rejects(new ChatApi(refused).export(), { status: 401 });
    await ana.ok('DELETE', `/rooms/${room}`);
  });
});

describe('over the socket', { timeout: 30_000 }, () => {
  test('the same calls come to the same, without a request of HTTP', async () => {
    const [ana, ben, cho] = await users('ana', 'ben', 'cho');
    const { chat } = await connect(ana);
    const http = chat.http.bind(chat);
    chat.http = () => assert.fail('asked over HTTP');
    const api = new ChatApi(chat, { over: 'socket' });
    const { roomUuid } = await api.create({ type: 'GROUP', name: 'Runners', participantUuids: [ben.id, cho.id] });
    assert.equal((await api.rename(roomUuid, 'Early runners')).name, 'Early runners');
    assert.equal((await api.setRole(roomUuid, ben.id, 'ADMIN')).roomUuid, roomUuid);
    await api.ban(roomUuid, cho.id, { reason: 'spam & more' });
    assert.deepEqual((await api.bans(roomUuid)).bans.map(({ userUuid, reason }) => [userUuid, reason]), [[cho.id, 'spam & more']]);
    assert.deepEqual((await api.participants(roomUuid)).map(({ userUuid }) => userUuid).sort(), [ana.id, ben.id].sort());
    assert.deepEqual((await api.rooms()).rooms.map(({ name }) => name), ['Early runners']);
    assert.equal((await api.askFriend(ben.id)).state, 'REQUEST_SENT');
    await assert.rejects(api.setRole(roomUuid, cho.id, 'MEMBER'), { code: 'INVALID_INPUT', field: 'userUuid' });
    await assert.rejects(api.update(roomUuid, { slowMode: -1 }), { code: 'INVALID_INPUT', field: 'slowMode' });
    const attachment = await api.upload(roomUuid, new File([pdf()], 'plan.pdf'));
    assert.equal(attachment.name, 'plan.pdf', 'files go by HTTP all the same');
    chat.http = http;
    chat.close();
    await assert.rejects(api.rooms(), { code: 'OFFLINE' });
  });
});
