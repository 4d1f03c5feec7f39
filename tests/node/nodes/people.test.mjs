// Three server processes on one PostgreSQL and one NATS: who may still be told something, who is there, and
// what is told to one person.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { call, sleep } from '../client.mjs';
import { within, withCluster } from './cluster.mjs';

const timeout = 60_000;
const TIMES = 50;
const NODES = [0, 1, 2];

const members = (room) => `/rooms/${room}/participants`;
const friends = (user, method, path, body) => call(user.url, method, `/api/friends${path}`, { token: user.token, body });
const seqs = (client, room) => client.events.filter((frame) => frame.room === room && frame.data.seq).map(({ data }) => data.seq);

/** What a client was told of a user's coming and going, on all of the given connections. */
const presence = (clients, { id }) => clients.flatMap(({ events }) => events)
  .filter(({ event, data }) => event === 'presence' && data.userUuid === id).map(({ data }) => data.online);

/** Sends to the room from these nodes, one after another, until it is stopped. */
function stream(cluster, nodes, user, room) {
  let isStopped = false;
  const sending = nodes.map(async (number) => {
    while (!isStopped) await cluster.at(number, user).say(room, 'meanwhile');
  });
  return async () => {
    isStopped = true;
    await Promise.all(sending);
  };
}

describe('what is revoked on one node', { concurrency: 2 }, () => {
  test('who was removed is told nothing more by the other nodes, and may not send', { timeout }, withCluster({}, async (cluster) => {
    const [owner, member, witness] = ['owner', 'member', 'witness'].map((name) => cluster.user(name));
    const rooms = [];
    for (let n = 0; n < TIMES; n += 1) rooms.push(await owner.group([member, witness]));
    const [removed, witnesses] = await Promise.all([member, witness].map((user) => (
      Promise.all([1, 2].map((number) => cluster.connect(number, user)))
    )));
    const last = new Map();
    for (const room of rooms) {
      const stop = stream(cluster, [1, 2], witness, room);
      await witnesses[0].next('message', (frame) => frame.room === room);
      await owner.ok('DELETE', `${members(room)}/${member.id}`);
      const typing = witnesses.map((client) => client.request('typing', { room, isTyping: true }));
      const sent = NODES.map((number) => cluster.at(number, witness).say(room, 'after it'));
      const refused = [1, 2].map((number) => cluster.at(number, member).call('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: 'still here' }));
      await assert.rejects(removed[0].send(room, 'still here'), { code: 'NOT_A_PARTICIPANT' });
      for (const { status, body } of await Promise.all(refused)) assert.deepEqual([status, body.code], [403, 'NOT_A_PARTICIPANT']);
      const [{ seq }] = (await Promise.all(sent)).sort((one, other) => other.seq - one.seq);
      await Promise.all([...typing, stop()]);
      for (const client of witnesses) await client.next('message', ({ data }) => data.roomUuid === room && data.seq === seq);
      const told = await witnesses[0].next('system', (frame) => frame.room === room && frame.data.kind === 'removed');
      last.set(room, told.data.seq);
    }
    // Whatever was on its way has come.
    await sleep(1500);
    for (const client of removed) {
      await client.request('ping');
      for (const room of rooms) {
        const later = seqs(client, room).filter((seq) => seq > last.get(room));
        assert.deepEqual(later, [], `told beyond ${last.get(room)} of the room`);
      }
      assert.equal(client.events.some(({ event }) => event === 'typing'), false, 'nobody typed before');
      assert.equal(client.events.filter(({ event, data }) => event === 'notification' && data.type === 'removedFromRoom').length, TIMES);
    }
  }));

  test('who has logged out is told nothing more by the other nodes, and is not let in', { timeout }, withCluster({}, async (cluster) => {
    const owner = cluster.user('owner');
    for (let n = 0; n < TIMES; n += 1) {
      const user = cluster.user('user');
      const room = await owner.group([user]);
      const clients = await Promise.all([1, 2].map((number) => cluster.connect(number, user)));
      const stop = stream(cluster, [2], owner, room);
      await clients[0].next('message');
      assert.equal((await call(user.url, 'POST', '/api/auth/logout', { token: user.token })).status, 200);
      const sent = NODES.map((number) => cluster.at(number, owner).say(room, 'after it'));
      const refused = await Promise.all([1, 2].map((number) => cluster.at(number, user).get('/rooms')));
      assert.deepEqual(refused.map(({ status }) => status), [401, 401]);
      await Promise.all(sent);
      await stop();
      for (const client of clients) {
        assert.equal((await client.end()).code, 4001);
        assert.equal(client.events.some(({ data }) => data.content === 'after it'), false);
      }
    }
  }));

  test('who was blocked sends nothing more by the other nodes', { timeout }, withCluster({}, async (cluster) => {
    const [ana, ben] = ['ana', 'ben'].map((name) => cluster.user(name));
    const { roomUuid: room } = await ana.ok('POST', '/rooms', { type: 'DIRECT', participantUuids: [ben.id] });
    const [anas, bens] = await Promise.all([cluster.connect(2, ana), cluster.connect(1, ben)]);
    for (let n = 0; n < TIMES; n += 1) {
      await bens.send(room, `before ${n}`);
      assert.equal((await friends(ana, 'POST', `/${ben.id}/block`)).status, 200);
      await assert.rejects(bens.send(room, 'too late'), { code: 'FORBIDDEN' });
      await Promise.allSettled([anas, bens].map((client) => client.request('typing', { room, isTyping: true })));
      const overRest = await cluster.at(2, ben).call('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: 'too late' });
      assert.deepEqual([overRest.status, overRest.body.code], [403, 'FORBIDDEN']);
      assert.equal((await friends(ana, 'DELETE', `/${ben.id}/block`)).status, 200);
    }
    await anas.next('message', ({ data }) => data.content === `before ${TIMES - 1}`);
    for (const client of [anas, bens]) {
      await client.request('ping');
      assert.equal(client.events.some(({ event }) => event === 'typing'), false, 'neither is told that the other types');
    }
    assert.deepEqual(seqs(anas, room), Array.from({ length: TIMES }, (_, n) => n + 1));
  }));
});

describe('people on several nodes', { concurrency: 3 }, () => {
  test('who is on two nodes comes once and goes once', { timeout }, withCluster({}, async (cluster) => {
    const [ana, ben] = ['ana', 'ben'].map((name) => cluster.user(name));
    const room = await ana.group([ben]);
    const watching = await Promise.all(NODES.map((number) => cluster.connect(number, ana)));
    const isTold = (...expected) => within(3000, `${expected}`, () => (
      watching.every((client) => `${presence([client], ben)}` === `${expected}`)
    ));
    const online = async () => Promise.all(NODES.map(async (number) => {
      const { participants } = await cluster.at(number, ana).ok('GET', members(room));
      return participants.find(({ userUuid }) => userUuid === ben.id).online;
    }));
    assert.deepEqual(await online(), [false, false, false]);
    const first = await cluster.connect(1, ben);
    await isTold(true);
    const second = await cluster.connect(2, ben);
    await sleep(500);
    assert.deepEqual(await online(), [true, true, true]);
    await first.close();
    await sleep(500);
    await isTold(true);
    assert.deepEqual(await online(), [true, true, true]);
    await second.close();
    await isTold(true, false);
    assert.deepEqual(await online(), [false, false, false]);
    // And nobody thinks better of it with the next beats.
    await sleep(2500);
    await isTold(true, false);
  }));

  test('those of a node that dies silently are gone within 30 s, unless they have come elsewhere', { timeout }, withCluster({}, async (cluster, t) => {
    const [ana, ben, cho] = ['ana', 'ben', 'cho'].map((name) => cluster.user(name));
    await ana.group([ben, cho]);
    const watching = await Promise.all([0, 1].map((number) => cluster.connect(number, ana)));
    for (const user of [ben, cho]) await cluster.connect(2, user);
    const isTold = (ms, user, ...expected) => within(ms, `${expected} of ${user.nickname}`, () => (
      watching.every((client) => `${presence([client], user)}` === `${expected}`)
    ));
    await Promise.all([ben, cho].map((user) => isTold(3000, user, true)));
    // Long enough for the beats to tell who is where.
    await sleep(2500);
    await cluster.kill(2);
    await cluster.connect(1, cho);
    const silence = await isTold(30_000, ben, true, false);
    t.diagnostic(`gone after ${silence} ms`);
    await sleep(1500);
    await isTold(0, cho, true);
  }));

  test('a rolling restart shows nobody coming and going', { timeout }, withCluster({}, async (cluster, t) => {
    const people = ['ana', 'ben', 'cho', 'dee', 'eun', 'fay'].map((name) => cluster.user(name));
    const [observer, ...others] = people;
    await observer.group(others);
    const connections = new Map(people.map((user) => [user, []]));
    let isOver = false;
    const back = [];
    /** Comes back after the delay that it was told. */
    const live = async (user, number, since) => {
      const client = await cluster.connect(number, user, { since });
      connections.get(user).push(client);
      const { code, reason } = await client.closed;
      if (isOver) return;
      assert.equal(code, 4012, reason);
      back.push(Number(/after (\d+) ms/.exec(reason)[1]));
      await sleep(back.at(-1));
      await live(user, cluster.other(number).number, client.pos);
    };
    const living = people.map((user, n) => live(user, n % 3));
    await within(3000, 'everybody', () => others.every((user) => connections.get(user).length === 1));
    await sleep(2500);
    const began = connections.get(observer)[0].events.length;
    for (const { number } of cluster.nodes) {
      assert.deepEqual(await cluster.terminate(number), { code: 0, signal: null });
      await cluster.startNode(number);
      await within(5000, 'the bus', async () => (await cluster.readyz(number)).status === 'ready');
      await sleep(1000);
    }
    const areBack = () => [...connections.values()].every((clients) => clients.at(-1).socket.readyState === 1);
    await within(8000, 'everybody', areBack);
    // A node that has said goodbye is forgotten after 15 s.
    await sleep(17_000);
    const told = connections.get(observer).flatMap(({ events }, n) => (n === 0 ? events.slice(began) : events))
      .filter(({ event }) => event === 'presence');
    isOver = true;
    t.diagnostic(`back after ${back.join(', ')} ms`);
    for (const client of [...connections.values()].flat()) client.socket.terminate();
    await Promise.all(living);
    assert.deepEqual(told.map(({ data }) => [data.userUuid, data.online]), []);
  }));

  test('typing, notices and names reach the other nodes', { timeout }, withCluster({}, async (cluster) => {
    const [ana, ben] = ['ana', 'ben'].map((name) => cluster.user(name));
    const room = await ana.group([ben]);
    const [anas, bens] = await Promise.all([cluster.connect(0, ana), cluster.connect(2, ben)]);
    const typing = async (isTyping, ms) => (await anas.next('typing', ({ data }) => data.isTyping === isTyping, ms)).data.userUuid;
    await bens.request('typing', { room, isTyping: true });
    assert.equal(await typing(true), ben.id);
    await bens.request('typing', { room, isTyping: false });
    assert.equal(await typing(false), ben.id);
    await bens.request('typing', { room, isTyping: true });
    await typing(true);
    const ended = typing(false, 9000);

    const { seq } = await anas.send(room, 'read this');
    await bens.next('message');
    await bens.request('read', { room });
    assert.equal((await anas.next('read')).data.seq, seq);

    const notice = (client, type) => client.next('notification', ({ data }) => data.type === type);
    assert.equal((await friends(ana, 'POST', '/requests', { userUuid: ben.id })).status, 201);
    assert.equal((await notice(bens, 'friendRequest')).data.userUuid, ana.id);
    assert.equal((await friends(cluster.at(1, ben), 'PATCH', `/requests/${ana.id}`, { accept: true })).status, 200);
    assert.equal((await notice(anas, 'friendRequestAccepted')).data.userUuid, ben.id);
    assert.equal((await notice(bens, 'friendsChanged')).data.userUuid, ana.id);
    const list = await friends(cluster.at(1, ana), 'GET', '');
    assert.deepEqual(list.body.friends.map(({ userUuid, online }) => [userUuid, online]), [[ben.id, true]], 'on another node');

    const added = await cluster.at(1, ana).group([ben], 'Another');
    assert.equal((await notice(bens, 'addedToRoom')).data.roomUuid, added);
    await ana.say(added, 'in the new room');
    assert.equal((await bens.next('message', (frame) => frame.room === added)).data.content, 'in the new room');

    const renamed = cluster.at(1, ana, 'Ana the second');
    await renamed.get('/rooms');
    for (const number of [0, 2]) {
      await cluster.at(number, { ...ana, token: renamed.token }).say(room, `from ${number}`);
      const { data } = await bens.next('message', (frame) => frame.data.content === `from ${number}`);
      assert.equal(data.sender.nickname, 'Ana the second');
      const { participants } = await cluster.at(number, ben).ok('GET', members(room));
      assert.equal(participants.find(({ userUuid }) => userUuid === ana.id).nickname, 'Ana the second');
    }
    assert.equal(await ended, ben.id, 'typing ends by itself');
  }));
});
