import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, test } from 'node:test';

import { sleep, unique, User } from './client.mjs';
import { startServer } from './server.mjs';

const SENDS = 300;

describe('a restart', { timeout: 60_000 }, () => {
  test('under load loses nothing that was acknowledged, and logs nobody out', async () => {
    const first = await startServer();
    const people = await Promise.all(['ana', 'ben', 'cho', 'dee'].map((name) => User.create(first.url, name)));
    const [ana, ben] = people;
    const room = await ana.group(people.slice(1));
    const clients = await Promise.all(people.map((user) => user.connect()));
    const listener = await ben.connect();

    const drafts = clients.flatMap((client, who) => Array.from({ length: SENDS }, (_, n) => {
      return { client, who, content: `${who}:${n}`, clientId: unique('client') };
    }));
    const sending = drafts.map(({ client, content, clientId }) => client.send(room, content, { clientId }));
    const overRest = Array.from({ length: 20 }, (_, n) => ana.call('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: `rest:${n}` }));
    const settled = Promise.allSettled(sending);
    const answered = Promise.allSettled(overRest);
    await Promise.race(sending);

    const began = Date.now();
    const stopping = first.stop({ keep: true });
    for (const client of [...clients, listener]) {
      const { code, reason } = await client.end(9000);
      assert.equal(code, 4012);
      assert.match(reason, /\d+/, 'it names the delay');
    }
    const { code, signal } = await stopping;
    assert.deepEqual([code, signal], [0, null]);
    assert.ok(Date.now() - began < 10_000);

    const outcomes = await settled;
    const acked = new Map();
    const unacked = [];
    for (const [n, { status, value, reason }] of outcomes.entries()) {
      if (status === 'fulfilled') acked.set(drafts[n].clientId, value);
      else unacked.push({ ...drafts[n], reason });
    }
    const unanswered = unacked.filter(({ reason }) => reason.code !== 'UNAVAILABLE');
    assert.deepEqual(unanswered.map(({ content, reason }) => `${content} ${reason.message}`), [], 'every send is acked or refused');
    const restAcked = (await answered).flatMap(({ value }) => (value?.status === 201 ? [value.body] : []));

    const second = await startServer({ folder: first.folder, db: first.db });
    try {
      const back = people.map((user) => new User(second.url, user.id, user.token, user.nickname));
      const history = async () => {
        const messages = [];
        for (let page = 1, more = true; more; page += 1) {
          const part = await back[1].ok('GET', `/rooms/${room}/messages?limit=100&page=${page}`);
          messages.unshift(...part.messages.toReversed());
          more = part.hasMore;
        }
        return messages;
      };
      const stored = new Map((await history()).map((message) => [message.messageUuid, message]));
      for (const message of [...acked.values(), ...restAcked]) {
        const { seq, content } = stored.get(message.messageUuid) ?? assert.fail(`${message.content} was acked and is lost`);
        assert.deepEqual([seq, content], [message.seq, message.content]);
      }

      // The listener comes back with its position, and whoever was refused sends again.
      const seen = listener.events.filter(({ event }) => event === 'message');
      const returned = await back[1].connect({ since: listener.pos });
      assert.equal((await returned.next('caughtUp')).data.recovered, true);
      const again = await Promise.all(back.map((user) => user.connect()));
      await Promise.all(unacked.map(({ who, content, clientId }) => again[who].send(room, content, { clientId })));
      await again[0].send(room, 'end');
      await returned.next('message', ({ data }) => data.content === 'end');
      const all = await history();
      assert.deepEqual(all.map(({ seq }) => seq), all.map((_, n) => n + 1), 'without a gap');
      const sent = all.map(({ content }) => content);
      assert.equal(new Set(sent).size, sent.length, 'none twice');
      for (const { content } of drafts) assert.ok(sent.includes(content), content);

      const told = [...seen, ...returned.events.filter(({ event }) => event === 'message')].map(({ data }) => data.seq);
      assert.deepEqual([...new Set(told)], all.map(({ seq }) => seq), 'the listener missed none');
      await Promise.all([returned, ...again].map((client) => client.close()));
    } finally {
      await second.stop({ keep: true });
      await rm(first.folder, { recursive: true, force: true });
    }
  });

  test('who reads slowly still gets all that waited, and the close', async () => {
    const server = await startServer();
    const [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => User.create(server.url, name)));
    const room = await ana.group([ben]);
    const [anas, bens] = await Promise.all([ana.connect(), ben.connect()]);
    bens.socket.pause();
    const content = 'x'.repeat(16_000);
    // More than sockets hold (about 4 MB on Linux), and less than lags.
    for (let n = 0; n < 280; n += 20) await Promise.all(Array.from({ length: 20 }, () => anas.send(room, content)));
    const stopping = server.stop();
    await sleep(1000);
    bens.socket.resume();
    assert.equal((await bens.end(6000)).code, 4012);
    assert.equal(bens.events.filter(({ event }) => event === 'message').length, 280);
    assert.deepEqual(await stopping, { code: 0, signal: null });
  });
});
