// The page at `/` in a real browser: people are mentioned.

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

/** Ana, who owns the room, and Ben, each at a page, with Cho over REST. */
async function scene(look = {}) {
  const names = ['Ana Maria', 'Ben', 'Cho'].map((name) => `${name}${unique('')}`);
  const ids = names.map((name) => name.toLowerCase().replaceAll(' ', '-'));
  const [anas, bens, chos] = await Promise.all(names.map((name, n) => User.as(server.url, ids[n], name)));
  // Who has never been here is called by their id.
  await chos.ok('GET', '/rooms');
  const room = await anas.group([bens, chos], 'Runners');
  const [ana, ben] = await Promise.all(names.slice(0, 2).map((name) => Person.open(browser, server.url, name, look)));
  await Promise.all([ana, ben].map(async (person) => {
    await person.openRoom('Runners');
    await person.sees('#history-note');
  }));
  const close = async () => {
    for (const person of [ana, ben]) await person.isWell();
    await Promise.all([ana.close(), ben.close()]);
  };
  return { ana, ben, anas, bens, chos, room, close };
}

const press = ({ page }, key) => page.keyboard.press(key);
const options = ({ page }) => page.locator('#mention-list .name').allInnerTexts();
const newest = async (user, room) => (await user.ok('GET', `/rooms/${room}/messages?limit=1`)).messages[0];

describe('a mention', { timeout: 240_000 }, () => {
  test('is chosen by the keys, stands out for whom it means, and is counted in the list', async () => {
    const { ana, ben, anas, bens, chos, room, close } = await scene();
    await ben.toLists();
    await ben.newChat('GROUP', { people: ana.name, name: 'Elsewhere' });
    await ben.sees('#room-name', 'Elsewhere');
    await ana.page.focus('#text');
    await ana.page.keyboard.type('Hi @');
    await ana.sees('#mention-list [role="option"]', bens.nickname);
    await ana.page.waitForFunction(() => document.querySelectorAll('#mention-list li').length === 3);
    assert.deepEqual((await options(ana)).toSorted(), [bens.nickname, chos.nickname, english.everyone].toSorted());
    await ana.page.keyboard.type('b');
    await ana.countIs('#mention-list li', 1);
    const field = await ana.page.getByRole('combobox', { name: english.message }).getAttribute('aria-activedescendant');
    assert.equal(await ana.page.locator(`#${field}`).getAttribute('aria-selected'), 'true');
    await press(ana, 'Enter');
    assert.equal(await ana.page.inputValue('#text'), `Hi @${bens.nickname} `);
    assert.equal(await ana.count('#mention-list'), 0);
    await ana.page.keyboard.type('and @');
    await ana.sees('#mention-list');
    await press(ana, 'Escape');
    await ana.seesNo('#mention-list');
    await ana.sees('#composer');
    await ana.page.keyboard.type('nobody: nine?');
    await press(ana, 'Enter');
    await ana.seesMessage('nine?');
    assert.deepEqual((await newest(anas, room)).mentions, [bens.id]);
    await ana.sees('.mine .mention', `@${bens.nickname}`);
    await ben.sees('#rooms a .badge.mentions', '@');
    await ben.shoot('mentions-list');
    await ben.openRoom('Runners');
    await ben.sees('.message.mentions-me .mention.me', `@${bens.nickname}`);
    await ben.seesNo('#rooms .badge.mentions');
    await close();
  });

  test('of a name with a space, of everybody, and by a click', async () => {
    const { ana, ben, anas, bens, room, close } = await scene(PHONE);
    await ben.page.focus('#text');
    await ben.page.keyboard.type('@mari');
    await ben.click('#mention-list li', anas.nickname);
    await ben.page.keyboard.type('look');
    await press(ben, 'Enter');
    await ana.sees('.message.mentions-me', 'look');
    assert.deepEqual((await newest(bens, room)).mentions, [anas.id]);
    await ben.page.keyboard.type(`@${english.everyone} hello`);
    await press(ben, 'Enter');
    await ana.seesMessage('hello');
    assert.equal((await newest(bens, room)).mentionsAll, undefined, 'a member may not');
    await ana.page.focus('#text');
    await ana.page.keyboard.type('@ever');
    await ana.sees('#mention-list li', english.everyone);
    await press(ana, 'Tab');
    await ana.page.keyboard.type('come');
    await press(ana, 'Enter');
    await ben.sees('.message.mentions-me .mention.me', `@${english.everyone}`);
    assert.equal((await newest(anas, room)).mentionsAll, true);
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: { colorScheme: 'light' }, dark: { colorScheme: 'dark', locale: 'ko-KR' },
    'a light phone': { ...PHONE, colorScheme: 'light', locale: 'ko-KR' }, 'a dark phone': { ...PHONE, colorScheme: 'dark' },
  })) {
    test(name, async () => {
      const { ana, ben, anas, bens, room, close } = await scene(look);
      const { everyone } = look.locale ? korean : english;
      await bens.ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: `@${anas.nickname} do you bring the water?`, mentions: [anas.id] });
      await anas.ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: `Yes, @${bens.nickname}. @${everyone}: nine o’clock`, mentions: [bens.id], mentionsAll: true });
      await ana.sees('.mention.me');
      await ben.sees('.message.mentions-me');
      await ana.page.focus('#text');
      await ana.page.keyboard.type('@');
      await ana.countIs('#mention-list li', 3);
      await press(ana, 'ArrowDown');
      await ana.shoot(`mentions-${name.replaceAll(' ', '-')}`);
      await ana.isAccessible('the list');
      await close();
    });
  }
});
