// The Postman collection of examples/server, run as someone does who has just imported it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import newman from 'newman';

import { unique } from './client.mjs';
import { startServer } from './server.mjs';

const collection = JSON.parse(await readFile(new URL('../../examples/server/postman.json', import.meta.url), 'utf8'));
const VARIABLES = ['baseUrl', 'userUuid', 'nickname', 'otherUserUuid', 'accessToken', 'roomUuid', 'messageUuid'];
const ROOM = /(?<=\/rooms\/)[0-9A-Z]{26}/;
/** Fewer tests than this mean that some were lost on the way. */
const LEAST_TESTS = 40;
const REQUESTS = [
  'POST /api/auth/dev-token',
  'POST /api/chat/rooms',
  'GET /api/chat/rooms?page=1&limit=20',
  'GET /api/chat/rooms/…',
  'POST /api/chat/rooms/…/messages',
  'GET /api/chat/rooms/…/messages?page=1&limit=50',
  'PATCH /api/chat/rooms/…/read',
  'DELETE /api/chat/rooms/…/leave',
];

/** Runs the collection `times` in a row. Each call is a fresh import; what scripts save lasts for its runs. */
async function run(url, variables = {}, times = 1) {
  const envVar = Object.entries({ baseUrl: url, ...variables }).map(([key, value]) => ({ key, value }));
  const { run: done } = await new Promise((resolve, reject) => {
    const options = { collection: structuredClone(collection), envVar, iterationCount: times, timeoutRequest: 10_000 };
    newman.run(options, (error, summary) => (error ? reject(error) : resolve(summary)));
  });
  return done;
}

const people = () => ({ userUuid: unique('ana'), nickname: 'Ana Ngô', otherUserUuid: unique('ben') });

function assertGreen({ failures, executions, stats }, times) {
  assert.deepEqual(failures.map(({ source, error }) => `${source?.name}: ${error.test ?? ''} ${error.message}`), []);
  const sent = executions.map(({ request }) => `${request.method} ${request.url.getPathWithQuery().replace(ROOM, '…')}`);
  assert.deepEqual(sent, Array.from({ length: times }, () => REQUESTS).flat());
  assert.equal(stats.requests.total, sent.length, 'no script sends more');
  assert.ok(stats.assertions.total >= LEAST_TESTS * times, `${stats.assertions.total} tests`);
  for (const { item, assertions } of executions) assert.ok(assertions.length >= 3, item.name);
}

describe('the Postman collection', { timeout: 60_000 }, () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server?.stop());

  test('is one that Postman imports, with its variables and no secret in it', () => {
    assert.equal(collection.info.schema, 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json');
    assert.deepEqual(collection.variable.map(({ key }) => key), VARIABLES);
    const value = Object.fromEntries(collection.variable.map((variable) => [variable.key, variable.value]));
    assert.equal(value.baseUrl, 'http://127.0.0.1:7777', 'where the server listens when it is not told otherwise');
    assert.deepEqual([value.accessToken, value.roomUuid, value.messageUuid], ['', '', ''], 'scripts fill these in');
    for (const { request } of collection.item) assert.ok(request.description, 'each request is explained');
  });

  test('is green as it is imported, and once more on what the first run left', async () => {
    assertGreen(await run(server.url), 1);
    assertGreen(await run(server.url, {}, 2), 2);
  });

  test('is green for other users', async () => {
    assertGreen(await run(server.url, people(), 2), 2);
  });

  test('fails at every request when the answers hold nothing', async () => {
    for (const status of [200, 201, 500]) {
      const stub = createServer((request, response) => {
        request.resume();
        response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
      }).listen(0, '127.0.0.1');
      await once(stub, 'listening');
      try {
        const { failures, executions } = await run(`http://127.0.0.1:${stub.address().port}`, people());
        assert.equal(executions.length, REQUESTS.length);
        const failed = new Set(failures.map(({ source }) => source.name));
        assert.deepEqual([...failed], collection.item.map(({ name }) => name), `${status} {}`);
      } finally {
        stub.closeAllConnections();
        stub.close();
      }
    }
  });
});
