import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import WebSocket from 'ws';

import { Client } from './client.mjs';
import { startServer } from './server.mjs';

const MESSAGES = 200;

let server;
/** The one certificate that clients here trust. */
let ca;
let ana;
let ben;
let room;

/** One request, by a client that knows the server by its certificate. */
async function call(method, path, { token, body } = {}) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const sent = request(new URL(path, server.url), { method, headers, ca, agent: false });
  sent.end(body && JSON.stringify(body));
  const [answer] = await once(sent, 'response');
  const text = (await answer.toArray()).join('');
  assert.ok(answer.statusCode < 300, `${method} ${path}: ${answer.statusCode} ${text}`);
  return JSON.parse(text);
}

async function user(name) {
  const { accessToken } = await call('POST', '/api/auth/dev-token', { body: { userUuid: name } });
  return accessToken;
}

/** Some are larger than a record of TLS. */
const content = (n) => `${n} ${'é'.repeat(n % 9 === 0 ? 7000 : 1)}`;

const say = (n) => call('POST', `/api/chat/rooms/${room}/messages`, { token: ana, body: { type: 'TEXT', content: content(n) } });

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chat-core-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=chat', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert,
  ]);
  ca = await readFile(cert);
  server = await startServer({ folder, args: ['--tls-cert', cert, '--tls-key', key] });
  [ana, ben] = [await user('ana'), await user('ben')];
  const group = { type: 'GROUP', name: 'Runners', participantUuids: ['ben'] };
  room = (await call('POST', '/api/chat/rooms', { token: ana, body: group })).roomUuid;
});
after(() => server?.stop());

describe('over TLS', { timeout: 60_000 }, () => {
  test('REST answers, and only to who trusts the certificate', async () => {
    assert.match(server.url, /^https:/);
    assert.equal((await call('GET', '/api/chat/rooms', { token: ben })).rooms.length, 1);
    const distrustful = request(new URL('/healthz', server.url), { agent: false });
    distrustful.end();
    const [error] = await once(distrustful, 'error');
    assert.match(error.code, /SELF_SIGNED|UNABLE_TO_VERIFY/);
  });

  test('a native WebSocket hears all in order, small and large, and the close', async () => {
    const url = `${server.url.replace('https', 'wss')}/api/chat/ws`;
    const client = new Client(new WebSocket(url, ['chat.v1', `bearer.${ben}`], { ca }));
    const { seq } = (await client.next('ready')).data.rooms[0];
    const heard = [];
    for (let n = 0; n < MESSAGES; n += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, of) => say(n + of)));
    }
    while (heard.length < MESSAGES) heard.push((await client.next('message')).data);
    assert.deepEqual(heard.map((message) => message.seq), heard.map((_, n) => seq + 1 + n));
    for (const message of heard) assert.equal(message.content, content(Number.parseInt(message.content, 10)));
    // The server's pong, and its answer to a close, come through too.
    client.socket.ping();
    await once(client.socket, 'pong');
    client.socket.close(1000);
    assert.equal((await client.end()).code, 1000);
  });

  for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
    test(`Socket.IO by ${transports.join(', then ')} hears all in order, and sends`, async () => {
      const options = { transports, ca, auth: { token: ben }, forceNew: true, reconnection: false };
      const socket = io(`${server.url}/chat`, options);
      const heard = [];
      const texts = new Promise((resolve) => {
        socket.on('newMessage', (message) => { if (heard.push(message) === MESSAGES) resolve(); });
      });
      await new Promise((resolve, reject) => {
        socket.once('connected', resolve);
        socket.once('connect_error', reject);
      });
      for (let n = 0; n < MESSAGES; n += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, of) => say(n + of)));
      }
      await texts;
      assert.deepEqual(heard.map(({ seq }) => seq), heard.map((_, n) => heard[0].seq + n));
      for (const message of heard) assert.equal(message.content, content(Number.parseInt(message.content, 10)));
      assert.equal(socket.io.engine.transport.name, transports.at(-1));
      const message = { type: 'TEXT', content: 'hello' };
      const ack = await socket.timeout(5000).emitWithAck('sendMessage', { roomUuid: room, message });
      assert.equal(ack.ok, true);
      socket.disconnect();
    });
  }

  test('a stop tells native clients when to come back', async () => {
    const url = `${server.url.replace('https', 'wss')}/api/chat/ws`;
    const client = new Client(new WebSocket(url, ['chat.v1', `bearer.${ben}`], { ca }));
    await client.next('ready');
    const stopping = server.stop();
    const { code, reason } = await client.end(9000);
    assert.equal(code, 4012);
    assert.match(reason, /\d+/);
    assert.deepEqual(await stopping, { code: 0, signal: null });
    server = undefined;
  });
});
