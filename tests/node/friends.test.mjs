// Friends, requests and blocks over REST, and what is told live; `--policy friends`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { call, sign, inSeconds, unique, User } from './client.mjs';
import { startServer } from './server.mjs';
import { assertProblem, assertShape, FRIENDS, RELATION } from './shapes.mjs';

const SECRET = 'a secret of at least thirty-two bytes';
let server;

before(async () => {
  server = await startServer({ secret: SECRET, args: ['--policy', 'friends'] });
});
after(() => server?.stop());

/** People whose tokens the server has seen, so that it knows their names. */
const people = (...names) => Promise.all(names.map(async (name) => {
  const user = await User.create(server.url, name);
  await user.ok('GET', '/rooms');
  return user;
}));
const path = (rest) => `/api${rest}`;
const api = (user, method, rest, body) => call(server.url, method, path(rest), { token: user.token, body });

/** A call that must succeed with this status; gives its body. */
async function ok(status, user, method, rest, body) {
  const answer = await api(user, method, rest, body);
  assert.equal(answer.status, status, answer.text);
  return answer.body;
}

const ask = (user, other) => api(user, 'POST', '/friends/requests', { userUuid: other.id });
const answer = (user, other, accept) => api(user, 'PATCH', `/friends/requests/${other.id}`, { accept });
const openDirect = (user, other) => user.call('POST', '/rooms', { type: 'DIRECT', participantUuids: [other.id] });
const ids = (list) => list.map(({ userUuid }) => userUuid);

async function befriend(user, other) {
  assert.equal((await ask(user, other)).status, 201);
  assert.equal((await answer(other, user, true)).status, 200);
}

describe('friends', { timeout: 60_000 }, () => {
  test('a request, its acceptance, and the lists of both', async () => {
    const [ana, ben] = await people('ana', 'ben');
    const made = await ask(ana, ben);
    assert.equal(made.status, 201);
    assertShape(made.body, RELATION);
    assert.deepEqual([made.body.userUuid, made.body.nickname, made.body.state], [ben.id, ben.nickname, 'REQUEST_SENT']);
    assert.equal((await ask(ana, ben)).status, 200, 'asking again is no second request');

    const { requests } = await ok(200, ben, 'GET', '/friends/requests');
    assert.deepEqual(requests.map(({ userUuid, state }) => [userUuid, state]), [[ana.id, 'REQUEST_RECEIVED']]);
    assertShape(requests[0], RELATION);
    assert.equal((await ok(200, ana, 'GET', '/friends/requests')).requests[0].state, 'REQUEST_SENT');

    const accepted = await answer(ben, ana, true);
    assert.deepEqual([accepted.status, accepted.body.state], [200, 'FRIEND']);
    assert.equal((await answer(ben, ana, true)).status, 200, 'accepting again is no error');
    for (const [user, friend] of [[ana, ben], [ben, ana]]) {
      const list = await ok(200, user, 'GET', '/friends');
      assertShape(list, FRIENDS);
      assert.deepEqual(list.friends.map(({ userUuid, nickname, online }) => [userUuid, nickname, online]), [[friend.id, friend.nickname, false]]);
      assert.deepEqual((await ok(200, user, 'GET', '/friends/requests')).requests, []);
    }
  });

  test('a request is declined, withdrawn in two ways, and a friendship ended', async () => {
    const [ana, ben] = await people('ana', 'ben');
    await ask(ana, ben);
    assert.equal((await answer(ben, ana, false)).body.state, 'NONE');
    assertProblem(await answer(ben, ana, true), 404, 'FRIEND_REQUEST_NOT_FOUND');
    for (const end of [`/friends/requests/${ben.id}`, `/friends/${ben.id}`]) {
      await ask(ana, ben);
      const body = await ok(200, ana, 'DELETE', end);
      assert.deepEqual([body.state, body.since], ['NONE', null]);
      assert.deepEqual((await ok(200, ben, 'GET', '/friends/requests')).requests, []);
    }
    await befriend(ana, ben);
    assert.equal((await ok(200, ben, 'DELETE', `/friends/${ana.id}`)).state, 'NONE');
    assert.equal((await ok(200, ben, 'DELETE', `/friends/${ana.id}`)).state, 'NONE', 'twice is once');
    assert.deepEqual((await ok(200, ana, 'GET', '/friends')).friends, []);
  });

  test('lists come in pages', async () => {
    const [ana, ...others] = await people('ana', 'a', 'b', 'c', 'd', 'e');
    for (const other of others) await befriend(other, ana);
    const seen = [];
    for (let cursor = ''; cursor !== null;) {
      const page = await ok(200, ana, 'GET', `/friends?limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      assert.ok(page.friends.length <= 2);
      seen.push(...ids(page.friends));
      cursor = page.nextCursor;
    }
    assert.deepEqual(seen, others.map(({ id }) => id).toSorted());
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=', `cursor=${'x'.repeat(129)}`]) {
      assertProblem(await api(ana, 'GET', `/friends?${query}`), 400, 'INVALID_INPUT');
    }
  });

  test('a direct room needs friends; groups and challenges do not', async () => {
    const [ana, ben] = await people('ana', 'ben');
    assertProblem(await openDirect(ana, ben), 403, 'NOT_FRIENDS');
    await ask(ana, ben);
    assertProblem(await openDirect(ben, ana), 403, 'NOT_FRIENDS');
    await answer(ben, ana, true);
    const first = await openDirect(ana, ben);
    assert.equal(first.status, 201);
    const again = await openDirect(ben, ana);
    assert.deepEqual([again.status, again.body.roomUuid], [200, first.body.roomUuid]);
    assert.deepEqual([first.body.name, again.body.name], [ben.nickname, ana.nickname], 'each sees the other');
    const [cho] = await people('cho');
    await ana.group([cho]);
    await ana.ok('POST', '/rooms', { type: 'CHALLENGE', challengeUuid: unique('c'), participantUuids: [cho.id] });
  });

  test('a block stops both, is told to nobody, and is undone', async () => {
    const [ana, ben, cho] = await people('ana', 'ben', 'cho');
    await befriend(ana, ben);
    const { roomUuid } = (await openDirect(ana, ben)).body;
    const group = await ben.group([cho]);
    const live = await ben.connect();

    const blocked = await ok(200, ana, 'POST', `/friends/${ben.id}/block`);
    assert.deepEqual([blocked.userUuid, blocked.state], [ben.id, 'BLOCKED']);
    assert.deepEqual(ids((await ok(200, ana, 'GET', '/blocks')).blocks), [ben.id]);
    assert.deepEqual((await ok(200, ben, 'GET', '/blocks')).blocks, []);
    assert.deepEqual((await ok(200, ben, 'GET', '/friends')).friends, []);
    for (const user of [ana, ben]) {
      const refused = await user.call('POST', `/rooms/${roomUuid}/messages`, { type: 'TEXT', content: 'hello?' });
      assertProblem(refused, 403, 'FORBIDDEN');
      assert.ok(!/block/i.test(refused.text), refused.text);
    }
    assertProblem(await openDirect(ben, ana), 403, 'NOT_FRIENDS');
    assertProblem(await ben.call('POST', `/rooms/${group}/participants`, { userUuids: [ana.id] }), 403, 'FORBIDDEN');
    assertProblem(await ben.call('POST', '/rooms', { type: 'GROUP', participantUuids: [cho.id, ana.id] }), 403, 'FORBIDDEN');

    // The request of a blocked person is like any other, and nobody gets it.
    const pretended = await ask(ben, ana);
    assert.deepEqual([pretended.status, pretended.body.state], [201, 'REQUEST_SENT']);
    assert.deepEqual(ids((await ok(200, ben, 'GET', '/friends/requests')).requests), [ana.id]);
    assert.deepEqual((await ok(200, ana, 'GET', '/friends/requests')).requests, []);
    assertProblem(await ask(ana, ben), 403, 'FORBIDDEN');

    // Whatever came live until this request of cho's was not about the block.
    await ask(cho, ben);
    const told = await live.next('notification', ({ data }) => data.type === 'friendRequest');
    assert.equal(told.data.userUuid, cho.id);
    const about = live.events.filter(({ event, data }) => event === 'notification' && data.userUuid === ana.id).map(({ data }) => data.type);
    assert.deepEqual(about, ['friendsChanged'], 'only what ben did himself');
    live.close();

    await ok(200, ana, 'DELETE', `/friends/${ben.id}/block`);
    await ben.say(roomUuid, 'here again');
    assert.deepEqual((await ok(200, ben, 'GET', '/friends/requests')).requests.filter(({ state }) => state === 'REQUEST_SENT'), []);
  });

  test('requests and answers are told live, with who it is', async () => {
    const [ana, ben] = await people('ana', 'ben');
    const [toAna, toBen] = await Promise.all([ana.connect(), ben.connect()]);
    const next = (live, type) => live.next('notification', ({ data }) => data.type === type);
    await ask(ana, ben);
    const { room, data } = await next(toBen, 'friendRequest');
    assert.equal(room, undefined);
    assert.deepEqual(data, { type: 'friendRequest', userUuid: ana.id, nickname: ana.nickname, profileImage: null });
    assert.equal((await next(toAna, 'friendsChanged')).data.userUuid, ben.id);
    await ok(200, ana, 'DELETE', `/friends/requests/${ben.id}`);
    assert.equal((await next(toBen, 'friendRequestWithdrawn')).data.userUuid, ana.id);
    await ask(ana, ben);
    await answer(ben, ana, false);
    assert.equal((await next(toAna, 'friendRequestDeclined')).data.userUuid, ben.id);
    await ask(ana, ben);
    await answer(ben, ana, true);
    assert.equal((await next(toAna, 'friendRequestAccepted')).data.userUuid, ben.id);
    assert.equal((await ok(200, ana, 'GET', '/friends')).friends[0].online, true);
    toAna.close();
    toBen.close();
  });

  test('bad input is named, and nobody befriends themselves', async () => {
    const [ana, ben] = await people('ana', 'ben');
    for (const body of [{}, { userUuid: '' }, { userUuid: 5 }, { userUuid: 'x'.repeat(129) }, { userUuid: ana.id }]) {
      const refused = await api(ana, 'POST', '/friends/requests', body);
      assertProblem(refused, 400, 'INVALID_INPUT');
      assert.equal(refused.body.field, 'userUuid', JSON.stringify(body));
    }
    const unclear = await api(ana, 'PATCH', `/friends/requests/${ben.id}`, {});
    assertProblem(unclear, 400, 'INVALID_INPUT');
    assert.equal(unclear.body.field, 'accept');
    for (const method of ['POST', 'DELETE']) {
      assertProblem(await api(ana, method, `/friends/${ana.id}/block`), 400, 'INVALID_INPUT');
    }
    assertProblem(await call(server.url, 'GET', path('/friends')), 401, 'UNAUTHENTICATED');
    assertProblem(await api(ana, 'PUT', '/friends'), 405, 'METHOD_NOT_ALLOWED');
  });

  test('names follow the tokens: in rooms, lists and requests', async () => {
    const [ana] = await people('ana');
    const id = unique('dee');
    const token = (nickname, profileImage) => sign({ userUuid: id, nickname, profileImage, iat: inSeconds(0), exp: inSeconds(60) }, SECRET);
    await ok(201, ana, 'POST', '/friends/requests', { userUuid: id });
    const group = await ana.ok('POST', '/rooms', { type: 'GROUP', participantUuids: [id] });
    assert.equal(group.name, id, 'nobody has seen a token of theirs');
    for (const [nickname, image] of [['Dée', null], ['디', 'https://example.org/dee.png']]) {
      const dee = new User(server.url, id, token(nickname, image ?? undefined));
      await dee.get('/rooms');
      assert.equal((await ana.ok('GET', `/rooms/${group.roomUuid}`)).name, nickname);
      const [request] = (await ok(200, ana, 'GET', '/friends/requests')).requests;
      assert.deepEqual([request.nickname, request.profileImage], [nickname, image]);
    }
  });
});
