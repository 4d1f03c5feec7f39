// The page at `/` in a real browser: messages are passed on to other chats.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { call, unique, User } from './client.mjs';
import { png } from './pictures.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

/** Ana at her page, who is in so many groups; Ben says something in the first one. */
async function scene(look = {}, count = 3) {
  const names = ['Ana', 'Ben'].map(unique);
  const [anas, bens] = await Promise.all(names.map((name) => User.atPage(server.url, name)));
  const rooms = {};
  for (let n = count; n > 3; n -= 1) await anas.group([bens], `Old chat ${n}`);
  for (const name of ['Friday dinner', 'Cooks', 'Runners']) rooms[name] = await anas.group([bens], name);
  const ana = await Person.open(browser, server.url, names[0], look);
  await ana.openRoom('Runners');
  await ana.sees('#history-note');
  const close = async () => {
    await ana.isWell();
    await ana.close();
  };
  return { ana, anas, bens, rooms, close };
}

const messageOf = ({ page }, text) => page.locator('#messages .message').filter({ hasText: text });
const press = ({ page }, key) => page.keyboard.press(key);

async function askToForward(person, text) {
  await messageOf(person, text).hover();
  await messageOf(person, text).locator('.more').click();
  await person.click('#forward-message');
  await person.sees('#ask-title', english.forwardTitle);
}

describe('a message', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ light: {}, 'a dark phone': { ...PHONE, colorScheme: 'dark' } })) {
    test(`is passed on with its picture, and says from whom: ${name}`, async () => {
      const { ana, bens, rooms, close } = await scene(look);
      const { body: { attachmentUuid } } = await call(server.url, 'POST', `/api/chat/rooms/${rooms.Runners}/attachments?name=hills.png`, { token: bens.token, body: png(600, 400) });
      await bens.ok('POST', `/rooms/${rooms.Runners}/messages`, { type: 'TEXT', content: 'The hills on Sunday', attachments: [attachmentUuid] });
      await ana.seesMessage('The hills on Sunday');
      await askToForward(ana, 'The hills on Sunday');
      assert.equal(await ana.page.isDisabled('#ask-action'), true, 'nothing is chosen yet');
      assert.equal(await ana.page.evaluate(() => document.activeElement.id), 'forward-search');
      const shot = name.replaceAll(' ', '-');
      await ana.shoot(`forward-${shot}-choose`);
      await ana.isAccessible('choosing');
      await ana.click('.to-room', 'Cooks');
      await ana.shoot(`forward-${shot}-chosen`);
      await ana.isAccessible('chosen');
      await ana.click('#ask-action');
      await ana.sees('#toast', english.forwardedTo('Cooks'));
      await ana.openRoom('Cooks');
      await ana.seesMessage('The hills on Sunday');
      await ana.sees('.mine .forwarded', english.forwardedFrom(bens.nickname));
      await ana.sees('.mine .tile.loaded');
      await ana.shoot(`forward-${shot}`);
      await ana.isAccessible('forwarded');
      await close();
    });
  }

  test('is passed on by the keyboard, to a chat that is far down, and by name', async () => {
    const { ana, bens, anas, rooms, close } = await scene({}, 40);
    await bens.say(rooms.Runners, 'Who is coming?');
    await ana.seesMessage('Who is coming?');
    await askToForward(ana, 'Who is coming?');
    await ana.countIs('#forward-list .to-room', 40);
    await ana.page.keyboard.type('chat 39');
    await ana.countIs('#forward-list .to-room', 1);
    await ana.fill('#forward-search', 'nowhere');
    await ana.sees('#forward-list', english.foundNothing);
    await ana.fill('#forward-search', 'OLD CHAT 4');
    await press(ana, 'ArrowDown');
    await press(ana, 'Space');
    await press(ana, 'Enter');
    await ana.sees('#toast', english.forwardedTo('Old chat 4'));
    const { rooms: [{ roomUuid, lastMessage }] } = await anas.ok('GET', '/rooms?limit=1');
    assert.deepEqual([lastMessage.content, lastMessage.forwarded], ['Who is coming?', { userUuid: bens.id, nickname: bens.nickname }]);
    assert.notEqual(roomUuid, rooms.Runners);
    await close();
  });

  test('is not passed on where one may not write, and tried again it is one message', async () => {
    const { ana, anas, bens, rooms, close } = await scene();
    const closed = await bens.group([anas], 'News');
    await bens.ok('PATCH', `/rooms/${closed}`, { permissions: { send: 'ADMIN' } });
    await ana.sees('#rooms strong', 'News');
    await bens.say(rooms.Runners, 'once');
    await ana.seesMessage('once');
    let cut = true;
    await ana.page.route('**/forward', async (route) => {
      if (!cut) return route.continue();
      cut = false;
      await route.fetch();
      return route.abort();
    });
    await askToForward(ana, 'once');
    await ana.sees('.to-room', 'Friday dinner');
    assert.equal(await ana.count('.to-room', 'News'), 0);
    await ana.click('.to-room', 'Friday dinner');
    await ana.click('#ask-action');
    await ana.sees('#ask-error', english.error_OFFLINE);
    await ana.click('#ask-action');
    await ana.sees('#toast', english.forwardedTo('Friday dinner'));
    assert.equal((await anas.ok('GET', `/rooms/${rooms['Friday dinner']}/messages`)).total, 1);
    await close();
  });
});
