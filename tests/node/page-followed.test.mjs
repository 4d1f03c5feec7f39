// The page at `/` in a real browser: threads that one follows, what is unread in them, and their list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import korean from '../../examples/server/page/texts.ko.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

/** Ana at a page, in a group with Ben and Cho that she has open. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben', 'Cho'].map(unique);
  const [anas, bens, chos] = await Promise.all(names.map((name) => User.atPage(server.url, name)));
  const room = await anas.group([bens, chos], 'Runners');
  const ana = await Person.open(browser, server.url, names[0], look);
  await ana.openRoom('Runners');
  const say = async (user, content, more = {}, to = room) => (
    (await user.ok('POST', `/rooms/${to}/messages`, { type: 'TEXT', content, ...more })).messageUuid
  );
  const close = async () => {
    await ana.isWell();
    await ana.close();
  };
  return { ana, anas, bens, chos, room, say, close };
}

const inRoom = ({ page }, text) => page.locator('#messages .message', { has: page.locator('.text', { hasText: text }) });
const inThread = ({ page }, text) => page.locator('#thread .message', { has: page.locator('.text', { hasText: text }) });
const rowOf = (text) => `#threads-list li:has-text("${text}")`;
const press = ({ page }, key) => page.keyboard.press(key);
const stateOf = async (user, room, root) => (await user.ok('GET', `/rooms/${room}/messages/${root}/replies?limit=1`)).threadState;

async function openThread(person, text) {
  const message = inRoom(person, text);
  await message.waitFor();
  await message.hover();
  await message.locator('.more').click();
  await person.click('#thread-message');
  await person.sees('#thread-count');
}

/** Waits until the server has it so. */
async function until(check) {
  for (let n = 0; !await check(); n += 1) {
    assert.ok(n < 100, String(check));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('threads that one follows', { timeout: 240_000 }, () => {
  test('are followed and left off by a button, and by a reply, here and on other devices', async () => {
    const { ana, anas, bens, room, say, close } = await scene();
    const root = await say(bens, 'Who runs on Sunday?');
    await ana.click('#threads-tab');
    await ana.sees('#no-threads', english.noThreads);
    await openThread(ana, 'Who runs');
    await ana.sees('#thread-follow', /^Follow$/);
    await ana.click('#thread-follow');
    await ana.sees('#thread-follow', english.following);
    await ana.sees(rowOf('Who runs'), english.noReplies);
    assert.equal((await stateOf(anas, room, root)).following, true);
    await ana.click('#thread-follow');
    await ana.seesNo(rowOf('Who runs'));
    assert.equal((await stateOf(anas, room, root)).following, false);
    // A reply of others is none of one's business; one of one's own is.
    await say(bens, 'I do', { parentMessageUuid: root });
    await inThread(ana, 'I do').waitFor();
    assert.equal(await ana.count(rowOf('Who runs')), 0);
    await ana.fill('#thread-text', 'So do I');
    await press(ana, 'Enter');
    await ana.sees('#thread-follow', english.following);
    await ana.sees(rowOf('Who runs'), english.replies(2));
    // On another device.
    await anas.ok('DELETE', `/rooms/${room}/messages/${root}/follow`);
    await ana.sees('#thread-follow', /^Follow$/);
    await ana.seesNo(rowOf('Who runs'));
    await anas.ok('PUT', `/rooms/${room}/messages/${root}/follow`);
    await ana.sees('#thread-follow', english.following);
    await ana.sees(rowOf('Who runs'));
    await close();
  });

  test('count what is unread, live and after an absence, until it is read here or elsewhere', async () => {
    const { ana, anas, bens, room, say, close } = await scene();
    const root = await say(anas, 'Who brings the tea?');
    const other = await anas.group([bens], 'Other');
    await ana.openRoom('Other');
    // The first reply has whoever began it follow it.
    await say(bens, 'I do', { parentMessageUuid: root });
    await ana.sees('#threads-badge', '1');
    await say(bens, 'and the cups', { parentMessageUuid: root });
    await ana.sees('#threads-badge', '2');
    const gone = await say(bens, 'no cups', { parentMessageUuid: root });
    await ana.sees('#threads-badge', '3');
    await bens.ok('DELETE', `/rooms/${room}/messages/${gone}`);
    await ana.sees('#threads-badge', '2');
    await say(bens, 'in Other', { parentMessageUuid: await say(anas, 'Another one', {}, other) }, other);
    await ana.sees('#threads-badge', '3');
    // Read on another device.
    const [newest] = (await anas.ok('GET', '/threads')).threads;
    await anas.ok('PATCH', `/rooms/${other}/messages/${newest.message.messageUuid}/replies/read`, {});
    await ana.sees('#threads-badge', '2');
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await say(bens, 'and sugar', { parentMessageUuid: root });
    await ana.page.context().setOffline(false);
    await ana.sees('#threads-badge', '3');
    // It opens where reading goes on, beside its room, and is read.
    await ana.click('#threads-tab');
    await ana.click(`${rowOf('Who brings')} button`);
    await ana.sees('#room-name', 'Runners');
    await inThread(ana, 'I do').locator('.first-unread').waitFor();
    await ana.sees(`${rowOf('Who brings')} [aria-current]`);
    await ana.seesNo('#threads-badge');
    await ana.seesNo(`${rowOf('Who brings')} .badge`);
    await until(async () => (await stateOf(anas, room, root)).unreadReplies === 0);
    // What comes under one's eyes never is unread.
    await say(bens, 'and spoons', { parentMessageUuid: root });
    await inThread(ana, 'and spoons').waitFor();
    await until(async () => (await stateOf(anas, room, root)).unreadReplies === 0);
    await ana.seesNo('#threads-badge');
    await ana.reload();
    await ana.click('#threads-tab');
    await ana.sees(rowOf('Who brings'), english.replies(4));
    assert.equal(await ana.count('#threads-badge'), 0);
    await close();
  });

  test('are asked about once more where a reply comes meanwhile', async () => {
    const { ana, bens, say, anas, close } = await scene();
    const root = await say(anas, 'Who brings the tea?');
    await ana.sees('.message .text', 'Who brings');
    let isHeld = false;
    await ana.page.route('**/replies?limit=1', async (route) => {
      if (isHeld) return route.continue();
      isHeld = true;
      const answer = await route.fetch();
      await say(bens, 'and the cups', { parentMessageUuid: root });
      await ana.sees('#messages .thread .replies', english.replies(2));
      return route.fulfill({ response: answer });
    });
    await say(bens, 'I do', { parentMessageUuid: root });
    await ana.sees('#threads-badge', '2');
    assert.ok(isHeld);
    await close();
  });

  test('are not read where the newest reply is out of sight', async () => {
    const { ana, anas, bens, room, say, close } = await scene();
    const root = await say(anas, 'Count with me');
    for (let n = 0; n < 25; n += 1) await say(bens, `number ${n}`, { parentMessageUuid: root });
    await ana.sees('#threads-badge', '25');
    await ana.click('#messages .thread');
    await inThread(ana, 'number 0').locator('.first-unread').waitFor();
    await ana.page.waitForTimeout(300);
    assert.equal((await stateOf(anas, room, root)).unreadReplies, 25, 'one has seen the first ones alone');
    await ana.page.locator('#thread-scroller').evaluate((node) => { node.scrollTop = node.scrollHeight; });
    await ana.seesNo('#threads-badge');
    await until(async () => (await stateOf(anas, room, root)).unreadReplies === 0);
    await close();
  });

  test('are listed by pages, the newest activity first, and go along by the keyboard', async () => {
    const { ana, anas, bens, room, say, close } = await scene();
    const roots = [];
    for (let n = 0; n < 36; n += 1) {
      roots.push(await say(bens, `thread ${n}.`));
      await anas.ok('PUT', `/rooms/${room}/messages/${roots[n]}/follow`);
    }
    await ana.reload();
    await ana.click('#threads-tab');
    await ana.sees(rowOf('thread 35.'));
    const firsts = () => ana.page.locator('#threads-list .snippet').allTextContents();
    assert.match((await firsts())[0], /thread 35\./);
    await ana.page.locator('#threads-pane').evaluate((node) => { node.scrollTop = node.scrollHeight; });
    await ana.countIs('#threads-list li', 36);
    await ana.seesNo('#more-threads');
    await say(bens, 'up', { parentMessageUuid: roots[0] });
    await ana.page.waitForFunction(() => document.querySelector('#threads-list .snippet').textContent.includes('thread 0.'));
    await ana.sees('#threads-badge', '1');
    await ana.page.focus('#threads-tab');
    await press(ana, 'ArrowRight');
    await ana.sees('#friends-pane');
    await press(ana, 'ArrowLeft');
    await ana.page.focus('#threads-list button');
    await press(ana, 'ArrowDown');
    await press(ana, 'ArrowUp');
    await press(ana, 'Enter');
    await ana.sees('#thread-root .text', 'thread 0.');
    await ana.page.waitForFunction(() => document.activeElement.id === 'thread-text');
    await close();
  });

  test('go with their room, and with their root', async () => {
    const { ana, anas, bens, room, say, close } = await scene();
    const [one, two] = [await say(anas, 'the first'), await say(bens, 'the second')];
    await anas.ok('PUT', `/rooms/${room}/messages/${two}/follow`);
    await say(bens, 'me', { parentMessageUuid: one });
    await ana.click('#threads-tab');
    await ana.countIs('#threads-list li', 2);
    await anas.ok('PUT', `/rooms/${room}/messages/${two}/hidden`);
    await ana.countIs('#threads-list li', 1);
    await anas.leave(room);
    await ana.countIs('#threads-list li', 0);
    await ana.sees('#no-threads');
    await ana.seesNo('#threads-badge');
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: {}, dark: { colorScheme: 'dark', locale: 'ko-KR' }, 'a narrow window': { width: 760, height: 700 },
    'a light phone': PHONE, 'a dark phone': { ...PHONE, colorScheme: 'dark', locale: 'ko-KR' },
  })) {
    test(name, async () => {
      const words = look.locale ? korean : english;
      const { ana, anas, bens, chos, room, say, close } = await scene(look);
      const check = async (where) => {
        await ana.shoot(`followed-${name.replaceAll(' ', '-')}-${where.replaceAll(' ', '-')}`);
        await ana.isAccessible(where);
      };
      await ana.toLists('threads');
      await ana.sees('#no-threads');
      await check('none');
      const root = await say(bens, 'The long run is on Sunday, we meet at the old bridge and go along the river as far as the mill. Who comes, and who brings the tea for all of us?');
      await anas.ok('PUT', `/rooms/${room}/messages/${root}/follow`);
      for (let n = 0; n < 3; n += 1) await say(chos, `I bring ${n} cups`, { parentMessageUuid: root });
      const mine = await say(anas, '사진 잘 봤어요!');
      await say(chos, 'Beautiful', { parentMessageUuid: mine });
      await anas.ok('PATCH', `/rooms/${room}/messages/${mine}/replies/read`, {});
      const other = await bens.group([anas], 'A chat with a name that is much longer than its row, as some are');
      await anas.ok('PUT', `/rooms/${other}/messages/${await say(bens, 'Shall we?', {}, other)}/follow`);
      await ana.sees('#threads-badge', '3');
      await ana.countIs('#threads-list li', 3);
      await check('the list');
      await ana.click(`${rowOf('The long run')} button`);
      await ana.sees('#thread .first-unread');
      await ana.sees('#thread-follow', words.following);
      await check('followed');
      await ana.click('#thread-follow');
      await ana.page.waitForFunction((text) => document.querySelector('#thread-follow').textContent === text, words.follow);
      await check('not followed');
      await close();
    });
  }
});
