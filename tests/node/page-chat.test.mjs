// The page at `/` in a real browser, where the network is bad and the mouse broken.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person } from './browser.mjs';
import { call, unique, User } from './client.mjs';
import { startProxy } from './proxy.mjs';
import { startServer } from './server.mjs';

const PHONE = { width: 390, height: 844 };
const numbers = (total) => Array.from({ length: total }, (_, n) => n);

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

const overRest = (name) => User.atPage(server.url, name);

/** Ana at her page behind a network of her own, and Ben over REST, with a direct chat that she has open. */
async function scene(look) {
  const proxy = await startProxy(server.url);
  const names = ['Ana', 'Ben'].map(unique);
  const [ana, ben] = await Promise.all([Person.open(browser, proxy.url, names[0], look), overRest(names[1])]);
  await ana.newChat('DIRECT', { people: ben.nickname });
  await ana.sees('#room-name', ben.nickname);
  const { rooms: [{ roomUuid: room }] } = await ben.ok('GET', '/rooms');
  const said = async () => (await ben.ok('GET', `/rooms/${room}/messages?limit=100`)).messages.reverse().map(({ content }) => content);
  const close = async () => {
    await ana.isWell();
    await Promise.all([ana.close(), proxy.stop()]);
  };
  return { ana, ben, room, proxy, said, close };
}

/** Presses the banner's button, which goes away by itself as well. */
const tryNow = (ana) => ana.page.locator('#offline-retry').evaluate((button) => button.click());

describe('a message', { timeout: 240_000 }, () => {
  test('is being sent, then sent, then read, by an icon and by words', async () => {
    const { ana, ben, room, proxy, close } = await scene();
    const words = () => ana.page.locator('.mine .receipt').last().innerText();
    proxy.hold();
    await ana.say('on its way');
    await ana.sees('.message.waiting', 'on its way');
    assert.equal(await words(), english.sending);
    assert.equal(await ana.count('.waiting .receipt svg'), 1);
    proxy.release();
    await ana.seesMessage('on its way');
    assert.equal(await words(), english.sent);
    await ben.ok('PATCH', `/rooms/${room}/read`);
    await ana.sees('.receipt.read svg');
    assert.equal(await words(), english.read);
    await close();
  });

  test('that was refused says why, outlives a reload, and is tried again or deleted', async () => {
    const { ana, ben, said, close } = await scene();
    const block = (method) => call(server.url, method, `/api/friends/${ana.name.toLowerCase()}/block`, { token: ben.token });
    await block('POST');
    await ana.say('for later');
    await ana.say('for nobody');
    await ana.sees('.failed .failure', english.unreachable);
    await ana.countIs('.message.failed', 2);
    assert.equal(await ana.page.locator('.failed .receipt').first().innerText(), english.notSent);
    await ana.reload();
    await ana.countIs('.message.failed', 2);
    await ana.page.locator('.failed', { hasText: 'for nobody' }).getByText(english.delete).click();
    await ana.countIs('.message.failed', 1);
    await block('DELETE');
    await ana.click('.failure button', english.retry);
    await ana.seesMessage('for later');
    await ana.reload();
    await ana.seesMessage('for later');
    assert.deepEqual([await ana.messages(), await said()], [['for later'], ['for later']]);
    await close();
  });

  test('outlives a reload in the middle of being sent, and is sent once', async () => {
    const { ana, proxy, said, close } = await scene();
    // The server gets the first, and its answer is lost; the second does not even leave.
    proxy.toClient = (chunk) => ({ chunk: chunk.includes('"ok":{"message"') ? Buffer.alloc(0) : chunk });
    await ana.say('answer lost');
    for (const end = Date.now() + 5000; (await said()).length === 0;) assert.ok(Date.now() < end);
    proxy.hold();
    await ana.say('never left');
    await ana.countIs('.message.waiting', 2);
    proxy.toClient = (chunk) => ({ chunk });
    await ana.reload();
    await ana.seesMessage('never left');
    await ana.countIs('.message.waiting', 0);
    assert.deepEqual([await ana.messages(), await said()], [['answer lost', 'never left'], ['answer lost', 'never left']]);
    await close();
  });
});

describe('the network', { timeout: 240_000 }, () => {
  test('is cut: a banner says so; it is mended: all is there, in order and once', async () => {
    const { ana, ben, room, proxy, said, close } = await scene(PHONE);
    await ana.say('before');
    await ana.seesMessage('before');
    proxy.isOpen = false;
    proxy.cut();
    await ana.sees('#offline [role="status"]', english.offlineText);
    for (const n of numbers(3)) await ana.say(`mine ${n}`);
    await ana.countIs('.message.waiting', 3);
    for (const n of numbers(60)) await ben.say(room, `missed ${n}`);
    assert.equal(await ana.count('.message'), 4, 'nothing comes meanwhile');
    proxy.isOpen = true;
    await tryNow(ana);
    await ana.seesNo('#offline');
    await ana.countIs('.message.waiting', 0);
    const expected = ['before', ...numbers(60).map((n) => `missed ${n}`), ...numbers(3).map((n) => `mine ${n}`)];
    await ana.seesMessage('mine 2');
    assert.deepEqual(await ana.messages(), expected);
    assert.deepEqual(await said(), expected);
    // It goes on as if nothing had been.
    await ben.say(room, 'live');
    await ana.seesMessage('live');
    await close();
  });

  test('comes back by itself', async () => {
    const { ana, ben, room, proxy, close } = await scene();
    for (const n of numbers(3)) {
      proxy.cut();
      await ben.say(room, `while it was cut ${n}`);
      await ana.seesMessage(`while it was cut ${n}`);
    }
    await ana.seesNo('#offline');
    // Away for longer, it waits longer, unless the browser says that there is a network again.
    proxy.isOpen = false;
    proxy.cut();
    await ana.sees('#offline');
    await ana.page.waitForTimeout(3000);
    proxy.isOpen = true;
    await ana.page.context().setOffline(true);
    await ana.page.context().setOffline(false);
    await ana.page.locator('#offline').waitFor({ state: 'hidden', timeout: 1500 });
    await close();
  });
});

describe('what people write', { timeout: 240_000 }, () => {
  test('has links, to the web alone, which say what they are', async () => {
    const { ana, ben, room, close } = await scene();
    const texts = {
      'see https://example.org/a?b=c&d=%20#e.': ['https://example.org/a?b=c&d=%20#e'],
      '(https://en.wikipedia.org/wiki/Chat_(disambiguation)) or HTTP://Example.org': ['https://en.wikipedia.org/wiki/Chat_(disambiguation)', 'HTTP://Example.org'],
      '한국어 https://ko.example/서울, 그리고 끝': ['https://ko.example/서울'],
      'javascript:alert(1) ftp://x.example data:text/html,x mailto:a@b.c www.example.org': [],
      'https:// and http://<script>window.hacked=1</script>': [],
    };
    for (const text of Object.keys(texts)) await ben.say(room, text);
    await ana.seesMessage('https:// and');
    assert.deepEqual(await ana.messages(), Object.keys(texts), 'the text is as it was written');
    const links = ana.page.locator('#messages .text a');
    assert.deepEqual(await links.allInnerTexts(), Object.values(texts).flat());
    for (const link of await links.all()) {
      assert.match(await link.getAttribute('href'), /^https?:\/\//);
      assert.deepEqual([await link.getAttribute('target'), await link.getAttribute('rel')], ['_blank', 'noopener noreferrer']);
    }
    await close();
  });

  test('has pictures, which are loaded when they come near, in a box that does not change', async () => {
    const { ana, ben, room, close } = await scene(PHONE);
    await ana.getsPictures();
    const picture = (name, content) => ben.ok('POST', `/rooms/${room}/messages`, { type: 'IMAGE', imageUrl: `https://pictures.example/${name}`, content });
    await picture('first.svg', 'Hills far up');
    for (const n of numbers(39)) await ben.say(room, `line ${n}\n\n\n`.repeat(12));
    await picture('last.svg');
    await picture('gone.png');
    // Unread ones would be where she comes back to.
    const isRead = async () => (await ben.ok('GET', `/rooms/${room}/messages?limit=1`)).messages[0].isRead;
    for (const end = Date.now() + 10_000; !await isRead();) assert.ok(Date.now() < end, 'she has read it');
    const asked = [];
    ana.page.on('request', (request) => asked.push(request.url()));
    await ana.reload();
    await ana.sees('.picture.loaded');
    await ana.sees('.picture', english.openPicture);
    const boxes = await Promise.all((await ana.page.locator('.picture').all()).slice(-2).map((box) => box.boundingBox()));
    assert.deepEqual([boxes[0].width, boxes[0].height], [boxes[1].width, boxes[1].height]);
    assert.ok(boxes[0].width < PHONE.width && boxes[0].height < 300);
    assert.equal(await ana.page.locator('.picture img').last().getAttribute('loading'), 'lazy');
    assert.ok(!asked.some((url) => url.endsWith('first.svg')), 'what is far away is not loaded');
    await ana.page.locator('#scroller').evaluate((node) => { node.scrollTop = 0; });
    await ana.sees('.picture:has([alt="Hills far up"]).loaded');
    await close();
  });
});

describe('the keyboard', { timeout: 240_000 }, () => {
  const focused = (ana) => ana.page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('href'));

  test('does everything: skip, choose a room, write, leave it, and retry', async () => {
    const { ana, ben, room, close } = await scene();
    const press = (key) => ana.page.keyboard.press(key);
    const { roomUuid: other } = await ben.ok('POST', '/rooms', { type: 'GROUP', name: 'Other', participantUuids: [ana.name.toLowerCase()] });
    await ana.sees('#rooms a', 'Other');
    await ana.page.evaluate(() => {
      document.body.tabIndex = -1;
      document.body.focus();
    });
    await press('Tab');
    assert.equal(await focused(ana), 'skip');
    await press('Enter');
    assert.equal(await focused(ana), 'text');

    await press('Escape');
    assert.equal(await focused(ana), `#${room}`, 'the row of the room one was in');
    await press('Home');
    assert.equal(await focused(ana), `#${other}`);
    await press('ArrowDown');
    assert.equal(await focused(ana), `#${room}`);
    await press('ArrowUp');
    await ben.say(other, 'redraws the list');
    await ana.sees('#rooms .preview', 'redraws the list');
    assert.equal(await focused(ana), `#${other}`, 'and keeps the place in it');
    await press('Enter');
    await ana.sees('#room-name', 'Other');
    assert.equal(await focused(ana), 'text');

    await ana.page.keyboard.type('one line');
    await press('Shift+Enter');
    await ana.page.keyboard.type('and another');
    await press('Enter');
    await ana.seesMessage('one line');
    assert.deepEqual(await ana.messages(), ['redraws the list', 'one line\nand another']);
    assert.equal(await ana.page.inputValue('#text'), '');

    // Dialogs close by Escape, and give the focus back.
    await ana.page.focus('#picture-open');
    await press('Enter');
    await ana.sees('#picture[open]');
    await press('Escape');
    await ana.seesNo('#picture[open]');
    assert.equal(await focused(ana), 'picture-open');
    await close();
  });

  test('goes back to the list on a phone', async () => {
    const { ana, room, close } = await scene(PHONE);
    await ana.page.focus('#text');
    await ana.page.keyboard.press('Escape');
    await ana.sees('#rooms a');
    await ana.page.waitForFunction((href) => document.activeElement.getAttribute('href') === href, `#${room}`);
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' },
    'a light phone': { ...PHONE, colorScheme: 'light' }, 'a dark phone': { ...PHONE, colorScheme: 'dark' },
  })) {
    test(name, async () => {
      const { ana, ben, room, proxy, close } = await scene(look);
      await ana.getsPictures();
      const check = (where) => ana.isAccessible(where);
      await call(server.url, 'POST', '/api/friends/requests', { token: ben.token, body: { userUuid: ana.name.toLowerCase() } });
      await ben.say(room, 'with a link https://example.org/and/so/on');
      await ben.ok('POST', `/rooms/${room}/messages`, { type: 'IMAGE', imageUrl: 'https://pictures.example/hills.svg', content: 'Hills' });
      await ben.ok('POST', `/rooms/${room}/messages`, { type: 'IMAGE', imageUrl: 'https://pictures.example/gone.png' });
      await ana.say('mine');
      await ana.seesMessage('mine');
      await ana.sees('.picture', english.openPicture);
      await check('a room');
      await call(server.url, 'POST', `/api/friends/${ana.name.toLowerCase()}/block`, { token: ben.token });
      await ana.say('refused');
      await ana.sees('.failed .failure');
      proxy.isOpen = false;
      proxy.cut();
      await ana.sees('#offline');
      await ana.say('waiting');
      await ana.sees('.waiting');
      await check('a room without a connection');
      await ana.click('#picture-open');
      await check('sending a picture');
      await ana.page.keyboard.press('Escape');
      proxy.isOpen = true;
      await tryNow(ana);
      await ana.seesNo('#offline');
      await ana.click('#people-open');
      await ana.sees('#people-list .person');
      await check('its people');
      await ana.click('#people-close');
      await ana.toLists('friends');
      await check('friends');
      await ana.toLists();
      await ana.sees('#rooms a');
      await check('the rooms');
      await ana.click('#new-room-open');
      await check('a new chat');
      await ana.page.keyboard.press('Escape');
      await ana.toLists();
      await ana.click('#sign-out');
      await ana.sees('#sign-in');
      await check('signing in');
      await close();
    });
  }
});
