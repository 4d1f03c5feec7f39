// Mutes, bans and slow rooms over REST, with what the sockets tell of them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { User } from './client.mjs';
import { sharedServer } from './server.mjs';
import { assertProblem, assertShape, PARTICIPANTS, ROOM } from './shapes.mjs';

const FOR_GOOD = '9999-12-31T23:59:59.999Z';

let server;
let ana;
let ben;
let cho;

before(async () => {
  server = await sharedServer();
  [ana, ben, cho] = await Promise.all(['ana', 'ben', 'cho'].map((name) => User.create(server.url, name)));
});
after(() => server?.stop());

const group = () => ana.group([ben, cho], 'Club');
const say = (user, room) => user.call('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: 'hi' });

describe('moderation', { timeout: 60_000 }, () => {
  test('whoever is muted is told until when, and speaks again after it', async () => {
    const room = await group();
    const path = `/rooms/${room}/participants/${ben.id}/mute`;
    const muted = await ana.ok('PUT', path, { expiresIn: 60.0 });
    assert.deepEqual([muted.roomUuid, muted.userUuid], [room, ben.id]);
    const refused = await say(ben, room);
    assertProblem(refused, 403, 'MUTED');
    assert.equal(refused.body.until, muted.mutedUntil);
    const { participants } = await cho.ok('GET', `/rooms/${room}/participants`);
    assertShape({ participants, nextCursor: null }, PARTICIPANTS);
    const untils = Object.fromEntries(participants.map(({ userUuid, mutedUntil }) => [userUuid, mutedUntil]));
    assert.deepEqual(untils, { [ana.id]: undefined, [ben.id]: muted.mutedUntil, [cho.id]: undefined });
    const shown = await ben.ok('GET', `/rooms/${room}`);
    assertShape(shown, ROOM);
    assert.equal(shown.mutedUntil, muted.mutedUntil);
    assert.equal((await ana.ok('PUT', path)).mutedUntil, FOR_GOOD);
    await ana.ok('DELETE', path);
    assert.equal((await say(ben, room)).status, 201);
    assertProblem(await ben.call('PUT', `/rooms/${room}/participants/${cho.id}/mute`), 403, 'FORBIDDEN');
    for (const bad of [{ expiresIn: 0 }, { expiresIn: -1 }, { expiresIn: 1.5 }, { expiresIn: 31_536_001 }, { expiresIn: 'x' }]) {
      assertProblem(await ana.call('PUT', path, bad), 400, 'INVALID_INPUT', JSON.stringify(bad));
    }
  });

  test('whoever is banned is out, and stays so until the ban is taken back', async () => {
    const room = await group();
    const path = `/rooms/${room}/bans/${ben.id}`;
    const ban = await ana.ok('PUT', path, { expiresIn: 3600, reason: 'Advertising' });
    assert.deepEqual([ban.roomUuid, ban.userUuid, ban.bannedBy, ban.reason], [room, ben.id, ana.id, 'Advertising']);
    assertProblem(await say(ben, room), 403, 'NOT_A_PARTICIPANT');
    const back = await cho.call('POST', `/rooms/${room}/participants`, { userUuids: [ben.id] });
    assertProblem(back, 403, 'BANNED');
    assert.equal(back.body.until, ban.bannedUntil);
    const link = await ana.ok('POST', `/rooms/${room}/invites`);
    assertProblem(await ben.call('POST', `/invites/${link.code}/accept`), 403, 'BANNED');
    assert.equal((await ana.ok('PUT', `/rooms/${room}/bans/nobody-yet`)).bannedUntil, FOR_GOOD);
    const { bans, nextCursor } = await ana.ok('GET', `/rooms/${room}/bans?limit=1`);
    assert.equal(bans.length, 1);
    assert.equal(nextCursor, bans[0].userUuid);
    assert.equal((await ana.ok('GET', `/rooms/${room}/bans?cursor=${nextCursor}`)).bans.length, 1);
    assertProblem(await cho.call('GET', `/rooms/${room}/bans`), 403, 'FORBIDDEN');
    await ana.ok('DELETE', path);
    await ana.ok('DELETE', path);
    await cho.ok('POST', `/rooms/${room}/participants`, { userUuids: [ben.id] });
    for (const bad of [{ expiresIn: 0 }, { reason: 'x'.repeat(1001) }, { reason: 'a\u0000' }, { reason: 5 }]) {
      assertProblem(await ana.call('PUT', path, bad), 400, 'INVALID_INPUT', JSON.stringify(bad).slice(0, 40));
    }
  });

  test('in a slow room 429 says when the next message may come', async () => {
    const room = await group();
    assert.equal((await ana.ok('GET', `/rooms/${room}`)).slowMode, undefined);
    assert.equal((await ana.ok('PATCH', `/rooms/${room}`, { slowMode: 60 })).slowMode, 60);
    assert.equal((await say(ben, room)).status, 201);
    const refused = await say(ben, room);
    assertProblem(refused, 429, 'RATE_LIMITED');
    const after = Number(refused.headers['retry-after']);
    assert.ok(after > 50 && after <= 60, refused.headers['retry-after']);
    assert.equal((await say(ana, room)).status, 201);
    assert.equal((await ana.ok('PATCH', `/rooms/${room}`, '{"slowMode":0.0}')).slowMode, undefined);
    assert.equal((await say(ben, room)).status, 201);
    for (const bad of [{ slowMode: -1 }, { slowMode: 1.5 }, { slowMode: 21_601 }, { slowMode: null }, { slowMode: 'x' }]) {
      assertProblem(await ana.call('PATCH', `/rooms/${room}`, bad), 400, 'INVALID_INPUT', JSON.stringify(bad));
    }
  });

  test('what moderators did is read page by page, the newest first', async () => {
    const room = await group();
    await ana.ok('PUT', `/rooms/${room}/participants/${ben.id}/mute`, { reason: 'Shouting' });
    await ana.ok('PATCH', `/rooms/${room}/participants/${cho.id}`, { role: 'ADMIN' });
    await cho.ok('PATCH', `/rooms/${room}`, { slowMode: 5 });
    const { audit, nextCursor } = await ana.ok('GET', `/rooms/${room}/audit?limit=2`);
    assert.deepEqual(audit.map(({ act, doneBy }) => [act, doneBy]), [['slowMode', cho.id], ['setRole', ana.id]]);
    assert.deepEqual([audit[0].slowMode, audit[1].role, audit[1].userUuid], [5, 'ADMIN', cho.id]);
    const rest = await ana.ok('GET', `/rooms/${room}/audit?cursor=${nextCursor}`);
    assert.deepEqual(rest.audit.map(({ act, reason, until }) => [act, reason, until]), [['mute', 'Shouting', FOR_GOOD]]);
    assert.equal(rest.nextCursor, null);
    assertProblem(await ben.call('GET', `/rooms/${room}/audit`), 403, 'FORBIDDEN');
    assertProblem(await ana.call('GET', `/rooms/${room}/audit?cursor=x`), 400, 'INVALID_INPUT');
  });

  test('what is said of a room, and what is pinned where not every member may, is in the trail as well', async () => {
    const room = await group();
    const { messageUuid } = (await say(ben, room)).body;
    const acts = async () => (await ana.ok('GET', `/rooms/${room}/audit`)).audit.map(({ createdAt, ...told }) => told);
    const said = { name: 'Walkers', topic: 'Walks', picture: 'https://pictures.example/a.png', custom: { week: 4 } };
    for (let times = 0; times < 2; times += 1) await ana.ok('PATCH', `/rooms/${room}`, said);
    await ana.ok('PUT', `/rooms/${room}/messages/${messageUuid}/pin`);
    await ana.ok('DELETE', `/rooms/${room}/messages/${messageUuid}/pin`);
    const of = (act, more) => ({ act, doneBy: ana.id, ...more });
    const whose = { userUuid: ben.id, messageUuid };
    const expected = [of('unpinMessage', whose), of('pinMessage', whose), of('setCustom'), of('setPicture'), of('setTopic'), of('rename')];
    assert.deepEqual(await acts(), expected);
    await ana.ok('PATCH', `/rooms/${room}`, { permissions: { pin: 'MEMBER' } });
    await ben.ok('PUT', `/rooms/${room}/messages/${messageUuid}/pin`);
    assert.deepEqual(await acts(), [of('setPermissions'), ...expected]);
  });

  test('a report waits for moderators until one of them resolves it', async () => {
    const room = await group();
    const { body: { messageUuid } } = await say(ben, room);
    const path = `/rooms/${room}/messages/${messageUuid}/report`;
    const made = await cho.call('POST', path, { reason: 'Advertising' });
    assert.equal(made.status, 201, made.text);
    const { reportUuid } = made.body;
    assert.deepEqual([made.body.messageUuid, made.body.senderUuid, made.body.reportedBy, made.body.reason], [messageUuid, ben.id, cho.id, 'Advertising']);
    assert.equal((await cho.call('POST', path)).body.reportUuid, reportUuid, 'one of each user and message');
    assertProblem(await ben.call('POST', path), 403, 'FORBIDDEN');
    assertProblem(await ben.call('GET', `/rooms/${room}/reports`), 403, 'FORBIDDEN');
    const { reports, nextCursor } = await ana.ok('GET', `/rooms/${room}/reports`);
    assert.deepEqual([reports, nextCursor], [[made.body], null]);
    const resolve = (user, body) => user.call('PATCH', `/rooms/${room}/reports/${reportUuid}`, body);
    assertProblem(await resolve(cho, { outcome: 'dismissed' }), 403, 'FORBIDDEN');
    for (const bad of [{}, { outcome: 'x' }, { outcome: null }]) assertProblem(await resolve(ana, bad), 400, 'INVALID_INPUT');
    assert.equal((await resolve(ana, { outcome: 'messageDeleted' })).status, 200);
    assert.deepEqual((await ana.ok('GET', `/rooms/${room}/reports`)).reports, []);
    const { audit: [last] } = await ana.ok('GET', `/rooms/${room}/audit`);
    assert.deepEqual([last.act, last.outcome, last.messageUuid, last.userUuid], ['resolveReport', 'messageDeleted', messageUuid, ben.id]);
    const missing = await ana.call('PATCH', `/rooms/${room}/reports/01J00000000000000000000000`, { outcome: 'dismissed' });
    assertProblem(missing, 404, 'REPORT_NOT_FOUND');
  });
});
