// The page at `/` in a real browser: a room is deleted for everybody.

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

/** Ana, who owns a group, and Ben, each at a page with it open. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben'].map(unique);
  const [anas, bens] = await Promise.all(names.map((name) => User.atPage(server.url, name)));
  const room = await anas.group([bens], 'Runners');
  await anas.say(room, 'Who runs?');
  const [ana, ben] = await Promise.all(names.map((name) => Person.open(browser, server.url, name, look)));
  await Promise.all([ana, ben].map((person) => person.openRoom('Runners')));
  const close = async () => {
    for (const person of [ana, ben]) await person.isWell();
    await Promise.all([ana.close(), ben.close()]);
  };
  return { ana, ben, anas, bens, room, close };
}

async function askToDelete(person) {
  await person.click('#people-open');
  await person.click('#delete-room');
  await person.sees('#ask-title', 'Runners');
}

describe('a room', { timeout: 240_000 }, () => {
  test('is deleted by its owner, and whoever looks at it sees so', async () => {
    const { ana, ben, anas, bens, room, close } = await scene();
    const other = await anas.group([bens], 'Other');
    await bens.ok('POST', `/rooms/${other}/messages`, { type: 'TEXT', content: 'here' });
    await ben.click('#people-open');
    await ben.sees('#leave');
    assert.equal(await ben.count('#delete-room'), 0, 'it is not his');
    await ben.click('#people-close');
    // Ben is about to look at a picture, to write, and to react.
    await ben.fill('#text', 'half a');
    await ben.page.locator('#messages .message').hover();
    await ben.click('#messages .more');
    await ben.sees('#menu');
    await askToDelete(ana);
    await ana.sees('#ask-text', english.deleteRoomText);
    await ana.click('#ask-cancel');
    assert.equal((await anas.ok('GET', `/rooms/${room}`)).roomUuid, room, 'one may think better of it');
    await ana.click('#delete-room');
    await ana.click('#ask-action');
    for (const person of [ana, ben]) {
      await person.sees('#toast', english.roomDeleted('Runners'));
      await person.sees('#chat-empty-text', english.roomDeleted('Runners'));
      await person.seesNo('#chat-room');
      await person.seesNo('#rooms strong', 'Runners');
      await person.seesNo('#people');
      await person.seesNo('#menu');
      await person.page.waitForFunction(() => document.activeElement.closest('#rooms'));
      assert.equal(await person.page.evaluate(() => location.hash), '');
    }
    assert.equal((await bens.get(`/rooms/${room}`)).status, 404);
    await ben.openRoom('Other');
    await ben.seesMessage('here');
    await close();
  });

  test('that was deleted while one was away is gone when one is back, with what waited for it', async () => {
    const { ana, ben, anas, room, close } = await scene();
    await ben.page.context().setOffline(true);
    await ben.sees('#offline');
    await ben.say('later');
    await ben.sees('.waiting .text', 'later');
    await anas.ok('DELETE', `/rooms/${room}`);
    await ana.sees('#toast', english.roomDeleted('Runners'));
    await ben.page.context().setOffline(false);
    await ben.sees('#toast', english.roomDeleted('Runners'));
    await ben.seesNo('#chat-room');
    await ben.sees('#no-rooms');
    await ben.page.waitForFunction(() => document.activeElement.id === 'rooms-tab');
    assert.deepEqual(await ben.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('chat-outbox'))), []);
    await close();
  });

  test('that is somebody else’s by now is not deleted, and one is told why', async () => {
    const { ana, anas, bens, room, close } = await scene();
    await askToDelete(ana);
    await anas.ok('PATCH', `/rooms/${room}/participants/${bens.id}`, { role: 'OWNER' });
    await ana.click('#ask-action');
    await ana.sees('#ask-error', english.error_FORBIDDEN);
    await ana.click('#ask-cancel');
    await ana.seesNo('#delete-room');
    await ana.sees('#room-name', 'Runners');
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: {}, 'a dark phone': { ...PHONE, colorScheme: 'dark', locale: 'ko-KR' },
  })) {
    test(name, async () => {
      const words = look.locale ? korean : english;
      const { ana, ben, close } = await scene(look);
      const check = async (person, where) => {
        await person.shoot(`deletion-${name.replaceAll(' ', '-')}-${where.replaceAll(' ', '-')}`);
        await person.isAccessible(where);
      };
      await ana.click('#people-open');
      await ana.sees('#delete-room');
      await check(ana, 'people');
      await ana.click('#delete-room');
      await ana.sees('#ask-text', words.deleteRoomText);
      await check(ana, 'asking');
      await ana.click('#ask-action');
      await ben.sees('#toast', words.roomDeleted('Runners'));
      await ben.seesNo('#chat-room');
      await check(ben, 'deleted');
      await close();
    });
  }
});
