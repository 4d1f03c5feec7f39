// A page of another origin with the npm build of socket.io-client, in Chromium: two tabs chat, and the
// connection goes from polling to WebSocket.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { openBrowser } from './browser.mjs';
import { User } from './client.mjs';
import { startServer } from './server.mjs';

const BUILD = new URL('node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url);
const HTML = `<!doctype html><meta charset="utf-8"><title>Socket.IO</title><ul></ul>
<script src="/socket.io.min.js"></script><script src="/page.js"></script>`;
const SCRIPT = `
const { server, token } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const socket = io(server + '/chat', { auth: { token }, withCredentials: true });
const show = (name) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: name }));
socket.io.engine.on('upgrade', (transport) => show('upgraded to ' + transport.name));
socket.on('connected', ({ userUuid }) => show('connected as ' + userUuid));
socket.on('newMessage', ({ content }) => show('got ' + content));
socket.on('connect_error', ({ message }) => show('refused: ' + message));
`;

let server;
let pages;
let browser;

before(async () => {
  const files = { '/': ['text/html', HTML], '/page.js': ['text/javascript', SCRIPT], '/socket.io.min.js': ['text/javascript', await readFile(BUILD)] };
  pages = createServer((request, response) => {
    const [type, text] = files[request.url] ?? ['text/plain', ''];
    response.writeHead(files[request.url] ? 200 : 404, { 'content-type': type }).end(text);
  }).listen(0, '127.0.0.1');
  [server, browser] = await Promise.all([startServer(), openBrowser(), once(pages, 'listening')]);
});
after(async () => {
  await browser?.close();
  pages?.close();
  await server?.stop();
});

test('two tabs of another origin chat over the npm build of the client', { timeout: 60_000 }, async () => {
  const [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => User.create(server.url, name)));
  const room = await ana.group([ben]);
  const open = async ({ token }) => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://localhost:${pages.address().port}/#${new URLSearchParams({ server: server.url, token })}`);
    return page;
  };
  const sees = (page, text) => page.locator('li', { hasText: text }).first().waitFor({ timeout: 15_000 });
  const [anas, bens] = await Promise.all([open(ana), open(ben)]);
  await Promise.all([sees(anas, `connected as ${ana.id}`), sees(bens, `connected as ${ben.id}`)]);
  await Promise.all([sees(anas, 'upgraded to websocket'), sees(bens, 'upgraded to websocket')]);
  const sent = await anas.evaluate((roomUuid) => (
    socket.emitWithAck('sendMessage', { roomUuid, message: { type: 'TEXT', content: '안녕 <b>Ben</b>' } })
  ), room);
  assert.equal(sent.ok, true);
  await sees(bens, 'got 안녕 <b>Ben</b>');
  const refused = await open({ token: 'nonsense' });
  await sees(refused, 'refused: the token is missing or invalid');
});
