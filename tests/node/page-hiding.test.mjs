// The page at `/` in a real browser: messages are deleted for oneself alone.

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

const overRest = (name) => User.atPage(server.url, name);

/** Ana at a page, with a room of Ben's open. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben'].map(unique);
  const [anas, bens] = await Promise.all(names.map(overRest));
  const room = await bens.group([anas], 'Runners');
  const ana = await Person.open(browser, server.url, names[0], look);
  await ana.openRoom('Runners');
  const close = async () => {
    await ana.isWell();
    await ana.close();
  };
  return { ana, name: names[0], anas, bens, room, close };
}

const messageOf = ({ page }, text) => page.locator('#messages .message').filter({ hasText: text });

async function openMenu(person, text) {
  await messageOf(person, text).hover();
  await messageOf(person, text).locator('.more').click();
  await person.sees('#menu');
}

async function hide(person, text, words = english) {
  await openMenu(person, text);
  await person.click('#hide-message');
  await person.sees('#ask', words.hideTitle);
  await person.click('#ask-action');
  await person.seesNo('#ask');
}

const saysAll = ({ page }, expected) => page.waitForFunction((wanted) => (
  JSON.stringify([...document.querySelectorAll('#messages .text')].map(({ innerText }) => innerText)) === JSON.stringify(wanted)
), expected);

/** Who said it is shown beside these messages alone, of those that stand in a row. */
const showsFaces = ({ page }, expected) => page.waitForFunction((wanted) => {
  const shown = [...document.querySelectorAll('#messages .message')].filter((node) => getComputedStyle(node.querySelector('.avatar')).visibility === 'visible');
  return JSON.stringify(shown.map((node) => node.querySelector('.text').innerText)) === JSON.stringify(wanted);
}, expected);

describe('a message that one deletes for oneself', { timeout: 240_000 }, () => {
  test('leaves whoever said it beside the last message of a row', async () => {
    const { ana, bens, room, close } = await scene();
    for (const text of ['one', 'two', 'three']) await bens.say(room, text);
    await ana.seesMessage('three');
    await showsFaces(ana, ['three']);
    await hide(ana, 'two');
    await showsFaces(ana, ['three']);
    await hide(ana, 'three');
    await showsFaces(ana, ['one']);
    await bens.say(room, 'four');
    await showsFaces(ana, ['four']);
    await close();
  });

  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`is gone here, in one’s other tabs and after a reload, and stays for others: ${name}`, async () => {
      const { ana, name: anaName, anas, bens, room, close } = await scene(look);
      for (const text of ['one', 'two', 'three']) await bens.say(room, text);
      await anas.say(room, 'my own');
      const [tab, ben] = await Promise.all([Person.open(browser, server.url, anaName, look), Person.open(browser, server.url, bens.nickname, look)]);
      await Promise.all([tab, ben].map((person) => person.openRoom('Runners')));
      for (const person of [ana, tab, ben]) await person.seesMessage('my own');
      await openMenu(ana, 'two');
      assert.equal(await ana.count('#own-message'), 0, 'it is not hers');
      await ana.page.keyboard.press('Escape');
      await hide(ana, 'two');
      await ana.page.waitForFunction(() => document.activeElement.id === 'scroller');
      await hide(ana, 'my own');
      for (const person of [ana, tab]) await saysAll(person, ['one', 'three']);
      await saysAll(ben, ['one', 'two', 'three', 'my own']);
      for (const person of [ana, tab]) {
        await person.toLists();
        await person.sees('#rooms .preview', 'three');
      }
      await ben.toLists();
      await ben.sees('#rooms .preview', 'my own');
      await ana.openRoom('Runners');
      await ana.reload();
      await saysAll(ana, ['one', 'three']);
      await Promise.all([tab, ben].map((person) => person.isWell()));
      await Promise.all([tab, ben].map((person) => person.close()));
      await close();
    });
  }

  test('counts as unread no more, in any tab', async () => {
    const { ana, name, anas, bens, room, close } = await scene();
    const other = await anas.group([bens], 'Other');
    const tab = await Person.open(browser, server.url, name);
    for (const person of [ana, tab]) await person.openRoom('Other');
    const { messageUuid } = await bens.say(room, `@${name} come`);
    await bens.say(room, 'or not');
    for (const person of [ana, tab]) await person.sees('#rooms .unread .badge', '2');
    await anas.ok('PUT', `/rooms/${room}/messages/${messageUuid}/hidden`);
    for (const person of [ana, tab]) await person.sees('#rooms .unread .badge', '1');
    const { messages: [{ messageUuid: last }] } = await anas.ok('GET', `/rooms/${room}/messages?limit=1`);
    await anas.ok('PUT', `/rooms/${room}/messages/${last}/hidden`);
    for (const person of [ana, tab]) {
      await person.seesNo('#rooms .unread');
      await person.page.waitForFunction((empty) => [...document.querySelectorAll('#rooms .preview')].every((node) => !/or not/.test(node.innerText)), '');
    }
    assert.equal((await bens.ok('GET', `/rooms/${other}`)).unreadCount, 0);
    await tab.isWell();
    await tab.close();
    await close();
  });

  test('is answered, edited, pinned and found no more', async () => {
    const { ana, anas, bens, room, close } = await scene();
    const { messageUuid } = await bens.say(room, 'a walk on Sunday');
    const { messageUuid: own } = await anas.say(room, 'a walk of mine');
    const path = (uuid) => `/rooms/${room}/messages/${uuid}`;
    await bens.ok('PUT', `${path(messageUuid)}/pin`);
    await ana.sees('#pins-open');
    await openMenu(ana, 'on Sunday');
    await ana.click('#answer-message');
    await ana.sees('#answering');
    await ana.click('#room-search-open');
    await ana.fill('#room-search-text', 'walk');
    await ana.countIs('#found-here .hit', 2);
    await anas.ok('PUT', `${path(messageUuid)}/hidden`);
    await ana.seesNo('#answering');
    await ana.seesNo('#pins-open');
    await ana.countIs('#found-here .hit', 1);
    await ana.page.focus('#text');
    await ana.page.keyboard.press('ArrowUp');
    await ana.sees('#editing');
    await anas.ok('PUT', `${path(own)}/hidden`);
    await ana.seesNo('#editing');
    await saysAll(ana, []);
    await close();
  });

  test('leaves a history that goes on, although whole pages of it are gone', async () => {
    const { ana, anas, bens, room, close } = await scene();
    await ana.toLists('friends');
    for (let n = 0; n < 130; n += 1) {
      const { messageUuid } = await bens.say(room, `line ${n}`);
      if (n >= 40) await anas.ok('PUT', `/rooms/${room}/messages/${messageUuid}/hidden`);
    }
    await ana.reload();
    await ana.seesMessage('line 39');
    await ana.page.locator('#scroller').evaluate((node) => { node.scrollTop = 0; });
    await ana.seesMessage('line 0');
    await ana.sees('#history-note', english.beginning);
    assert.equal((await ana.messages()).length, 40);
    await bens.say(room, 'and on');
    await ana.seesMessage('and on');
    await close();
  });

  test('says so where it cannot be done', async () => {
    const { ana, bens, room, close } = await scene();
    await bens.say(room, 'still here');
    await ana.seesMessage('still here');
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await openMenu(ana, 'still here');
    await ana.click('#hide-message');
    await ana.click('#ask-action');
    await ana.sees('#ask-error', english.error_OFFLINE);
    await ana.page.keyboard.press('Escape');
    await ana.page.context().setOffline(false);
    await ana.seesNo('#offline');
    await saysAll(ana, ['still here']);
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: { colorScheme: 'light' }, 'a dark phone': { ...PHONE, colorScheme: 'dark', locale: 'ko-KR' },
  })) {
    test(name, async () => {
      const words = look.locale ? korean : english;
      const { ana, anas, bens, room, close } = await scene(look);
      await bens.say(room, 'Who comes along?');
      await anas.say(room, 'I do');
      const check = async (where) => {
        await ana.shoot(`hiding-${name.replaceAll(' ', '-')}-${where.replaceAll(' ', '-')}`);
        await ana.isAccessible(where);
      };
      await ana.seesMessage('I do');
      await openMenu(ana, 'Who comes');
      await ana.page.waitForTimeout(100);
      await check('the menu');
      await ana.page.keyboard.press('Escape');
      await openMenu(ana, 'I do');
      await ana.page.waitForTimeout(100);
      await check('the menu of ones own');
      await ana.click('#hide-message');
      await ana.sees('#ask', words.hideTitle);
      await check('asked');
      await ana.page.keyboard.press('Escape');
      await close();
    });
  }
});
