// The page at `/` in a real browser: people are invited to a chat, and accept or decline.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { isAccessibleInEachLook } from './looks.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

const overRest = (name) => User.atPage(server.url, name);

const people = (...names) => Promise.all(names.map((name) => overRest(unique(name))));
const openPage = ({ nickname }, look) => Person.open(browser, server.url, nickname, look);
const close = async (...persons) => {
  for (const person of persons) {
    await person.isWell();
    await person.close();
  }
};
const invite = (by, room, { id }) => by.ok('POST', `/rooms/${room}/invites`, { userUuid: id });

describe('an invitation', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`is made in a room’s people, stands above the chats at once, and leads into the room: ${name}`, async () => {
      const [anas, bens] = await people('Ana', 'Ben');
      const room = await anas.group([], 'Runners');
      await anas.say(room, 'Who comes along?');
      const [ana, ben] = await Promise.all([openPage(anas, look), openPage(bens, look)]);
      await ben.sees('#no-rooms');
      await ana.openRoom('Runners');
      await ana.click('#people-open');
      await ana.click('#invite');
      // Nobody, oneself, and then somebody.
      await ana.page.check('#ask-first');
      await ana.click('#ask-action');
      await ana.sees('#ask-error', english.chooseOthers);
      await ana.fill('#ask input[id^="picker"]', ana.name);
      await ana.click('#ask-action');
      await ana.sees('#ask-error', english.chooseOthers);
      await ana.fill('#ask input[id^="picker"]', ben.name);
      await ana.shoot(`invite-${name.replaceAll(' ', '-')}`);
      await ana.click('#ask-action');
      await ana.sees('#toast', english.invitedSome(1));
      assert.equal(await ana.count('#people-list .person'), 1, 'he is not in it yet');

      await ben.sees('#invitations .person', 'Runners');
      await ben.sees('#invitations .muted', english.invitedBy(ana.name));
      await ben.sees('#toast', english.invitesYou(ana.name, 'Runners'));
      assert.equal(await ben.count('#rooms li'), 0);
      await ben.reload();
      await ben.sees('#invitations .person', 'Runners');
      await ben.click('#invitations button', english.accept);
      await ben.sees('#room-name', 'Runners');
      await ben.seesMessage('Who comes along?');
      await ana.countIs('#people-list .person', 2);
      await ben.toLists();
      await ben.sees('#rooms strong', 'Runners');
      assert.equal(await ben.count('#invitations-section'), 0);
      await close(ana, ben);
    });
  }

  test('is declined, which whoever invites is told', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const room = await anas.group([], 'Runners');
    const [ana, ben, other] = await Promise.all([openPage(anas), openPage(bens), openPage(bens)]);
    await invite(anas, room, bens);
    await Promise.all([ben, other].map((one) => one.sees('#invitations .person', 'Runners')));
    await ben.page.getByRole('button', { name: `${english.decline}: Runners` }).click();
    await Promise.all([ben, other].map((one) => one.seesNo('#invitations')));
    await ana.sees('#toast', english.declinedBy(ben.name, 'Runners'));
    assert.equal(await ben.count('#rooms li'), 0);
    await close(ana, ben, other);
  });

  test('ends where it is taken back, or one comes in by another way; one that is older says so', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const [first, second] = [await anas.group([], 'First'), await anas.group([], 'Second')];
    const ben = await openPage(bens);
    const { code } = await invite(anas, first, bens);
    await ben.sees('#invitations .person', 'First');
    await invite(anas, second, bens);
    await ben.sees('#invitations .person', 'Second');
    const names = await ben.page.locator('#invitations strong').allInnerTexts();
    assert.deepEqual(names, ['Second', 'First'], 'the newest on top');
    await anas.ok('DELETE', `/rooms/${first}/invites/${code}`);
    await ben.countIs('#invitations .person', 1);
    await anas.ok('POST', `/rooms/${second}/participants`, { userUuids: [bens.id] });
    await ben.sees('#rooms strong', 'Second');
    await ben.seesNo('#invitations');
    // It ends while nothing can be told.
    const late = await invite(anas, first, bens);
    await ben.sees('#invitations .person', 'First');
    await ben.page.route('**/api/chat/invites/*/accept', async (route) => {
      await anas.ok('DELETE', `/rooms/${first}/invites/${late.code}`);
      await route.continue();
    });
    await ben.click('#invitations button', english.accept);
    await ben.sees('#toast', english.invitationEnded);
    await ben.seesNo('#invitations');
    await close(ben);
  });

  test('that came while one was away is there when one comes back', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const room = await anas.group([], '<b>Runners</b>');
    const ben = await openPage(bens);
    await ben.page.context().setOffline(true);
    await ben.sees('#offline');
    await invite(anas, room, bens);
    await ben.page.context().setOffline(false);
    await ben.sees('#invitations strong', '<b>Runners</b>');
    await close(ben);
  });
});

isAccessibleInEachLook('invitations', async (look, words, check) => {
  const [anas, bens] = await people('Ana', 'Ben');
  const ana = await openPage(anas, look);
  await anas.group([bens], 'Cooks');
  await invite(bens, await bens.group([], 'Runners of the old bridge and of all the other bridges'), anas);
  await invite(bens, await bens.group([], '달리기 모임'), anas);
  await ana.countIs('#invitations .person', 2);
  await ana.page.waitForFunction(() => document.querySelector('#toast').innerText === '', undefined, { timeout: 8000 });
  await check(ana, 'the rooms');
  await ana.openRoom('Cooks');
  await ana.click('#people-open');
  await ana.click('#invite');
  await ana.page.check('#ask-first');
  await ana.sees('#ask .check', words.askFirst);
  await check(ana, 'inviting');
  await ana.page.keyboard.press('Escape');
  await close(ana);
});
