// What a server that anybody reaches, one without development mode, lets one user and one connection do.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Client, inSeconds, sign, unique, User } from './client.mjs';
import { startServer } from './server.mjs';
import { assertProblem } from './shapes.mjs';

const SECRET = 'a secret of at least thirty-two bytes';
let server;

before(async () => {
  server = await startServer({ secret: SECRET, dev: false });
});
after(() => server?.stop());

const user = (name) => {
  const id = unique(name);
  return new User(server.url, id, sign({ userUuid: id, exp: inSeconds(600) }, SECRET));
};

describe('rate limits', { timeout: 60_000 }, () => {
  test('messages beyond the rate get 429 with the time to wait, and are not stored', async () => {
    const [ana, ben] = [user('ana'), user('ben')];
    const room = await ana.group([ben]);
    const sends = await Promise.all(Array.from({ length: 120 }, (_, n) => (
      ana.call('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: `message ${n}` })
    )));
    const refused = sends.filter(({ status }) => status !== 201);
    assert.ok(refused.length > 0 && refused.length < 120, `${refused.length} refused`);
    for (const answer of refused) {
      assertProblem(answer, 429, 'RATE_LIMITED');
      assert.ok(Number(answer.headers['retry-after']) >= 1, answer.headers['retry-after']);
    }
    const { total } = await ben.ok('GET', `/rooms/${room}/messages`);
    assert.equal(total, 120 - refused.length);
    await ben.say(room, 'the other one may');
  });

  test('a connection that goes on after its refusals is closed with 4009', async () => {
    const ana = user('ana');
    const [flood, calm] = await Promise.all([ana.connect(), ana.connect()]);
    for (let id = 1; id <= 2000; id += 1) flood.raw({ id, op: 'ping' });
    assert.equal((await flood.end()).code, 4009);
    await calm.request('ping');
    await calm.close();
  });

  test('malformed frames within the rate are answered, each, and close nothing', async () => {
    const client = await user('ana').connect();
    for (let id = 1; id <= 150; id += 1) client.raw(id % 2 ? { id, op: 'dance' } : `{"id":${id},`);
    for (let id = 1; id <= 150; id += 2) {
      assert.equal((await client.answer(id)).error.code, 'INVALID_INPUT');
    }
    await client.request('ping');
    await client.close();
  });

  test('without a token nobody gets a rate, but the refusal', async () => {
    const client = Client.open(server.url);
    client.raw({ id: 1, op: 'ping' });
    assert.equal((await client.end()).code, 4001);
  });
});
