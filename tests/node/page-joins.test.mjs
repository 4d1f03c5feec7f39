// The page at `/` in a real browser: public chats are found, and one waits to be let in.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { button, focused, join, letIn, ok, openPanel, reject, requests, withDoor } from './doors.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

const people = (...names) => Promise.all(names.map((name) => User.atPage(server.url, unique(name))));
const openPage = (user, look) => Person.open(browser, server.url, user.nickname, look);
const close = async (...persons) => {
  for (const person of persons) await person.isWell();
  await Promise.all(persons.map((person) => person.close()));
};

/** Looks for a public chat, and leaves the dialog open. */
async function find(person, name) {
  await person.toLists();
  await person.click('#find-open');
  await person.fill('#find-name', name);
  await person.sees('#find-list strong', name);
  await person.countIs('#find-list .person', 1);
}

describe('a chat with a door', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`is found, asked for, waited for, and come into: ${name}`, async () => {
      const [anas, bens] = await people('Ana', 'Ben');
      const club = unique('Runners');
      const room = await withDoor(anas, club);
      await ok(anas, 'POST', `/rooms/${room}/messages`, { type: 'TEXT', content: 'Who comes along?' });
      const [ana, ben] = await Promise.all([openPage(anas, look), openPage(bens, look)]);
      await ana.openRoom(club);
      await find(ben, club);
      await button(ben, english.join, club).click();
      await ben.sees('#find-list .muted', english.youWait);
      await ben.shoot(`joins-found-${name.replaceAll(' ', '-')}`);
      await ben.click('#find-close');
      await ben.sees('#asked strong', club);
      assert.equal(await ben.count('#rooms li'), 0, 'she is not in it yet');
      await ben.reload();
      await ben.sees('#asked strong', club);

      await ana.sees('#people-open[data-waits="1"]');
      await openPanel(ana);
      await ana.sees('#joins-list strong', bens.nickname);
      await ana.reload();
      await ana.sees('#people-open[data-waits="1"]');
      await openPanel(ana);
      await button(ana, english.letIn, bens.nickname).click();
      await ana.sees('#joins-empty');
      assert.equal(await ana.count('#moderation-badge, #people-open[data-waits]'), 0);
      await ana.sees('#audit-list .act', english.act_approveJoin({ who: anas.nickname, whom: bens.nickname }));

      await ben.sees('#toast', english.letInto(club));
      await ben.seesNo('#asked-section');
      await ben.openRoom(club);
      await ben.seesMessage('Who comes along?');
      await find(ben, club);
      await button(ben, english.openChat, club).click();
      await ben.sees('#room-name', club);
      await close(ana, ben);
    });
  }

  test('is closed to somebody, who reads why, puts it away and asks again', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withDoor(anas, club);
    await join(bens, room);
    const [ana, ben] = await Promise.all([openPage(anas), openPage(bens)]);
    await ben.sees('#asked strong', club);
    await ana.openRoom(club);
    await openPanel(ana);
    await button(ana, english.rejectJoin, bens.nickname).click();
    await ana.fill('#ask-input', 'Members of the <b>club</b> only');
    await ana.shoot('joins-reject');
    await ana.click('#ask-action');
    await ana.sees('#joins-empty');
    await ana.sees('#audit-list .act', english.act_rejectJoin({ who: anas.nickname, whom: bens.id }));
    await ben.sees('#toast', english.notLetInto(club));
    await ben.sees('#asked .words', english.notLetInBecause('Members of the <b>club</b> only'));
    await ben.shoot('joins-refused');
    await button(ben, english.putAway, club).click();
    await ben.seesNo('#asked-section');
    assert.equal(await focused(ben), 'find-open');
    await find(ben, club);
    await button(ben, english.join, club).click();
    await ben.sees('#find-list .muted', english.youWait);
    await ana.sees('#joins-list strong', bens.nickname);
    // Without a reason.
    await reject(anas, room, bens);
    await ben.seesNo('#find-list .muted', english.youWait);
    await ben.click('#find-close');
    await ben.sees('#asked .words', english.notLetIn);
    await close(ana, ben);
  });

  test('is waited for in vain where nobody answers for long, which one reads, and asks again', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withDoor(anas, club);
    const ben = await openPage(bens);
    const tell = await ben.reloadWatched();
    await join(bens, room);
    await ben.sees('#asked strong', club);
    const [{ joinRequestUuid }] = await requests(anas, room);
    // A week is longer than a test: the server is made to say what it says then.
    const none = (route) => route.fulfill({ json: { joinRequests: [], nextCursor: null } });
    await ben.page.route('**/chat/join-requests*', none);
    tell('notification', { type: 'joinExpired', roomUuid: room, joinRequestUuid });
    await ben.sees('#toast', english.notAnsweredInto(club));
    await ben.sees('#asked .words', english.notAnswered);
    await ben.shoot('joins-expired');
    await ben.page.unroute('**/chat/join-requests*', none);
    await find(ben, club);
    await button(ben, english.join, club).click();
    await ben.sees('#find-list .muted', english.youWait);
    await ben.click('#find-close');
    await ben.sees('#asked .words', english.askedAgo(english.justNow));
    await ben.seesNo('#asked .words', english.notAnswered);
    await close(ben);
  });

  test('is waited for no more by who thinks better of it, on all devices and for those who look after it', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withDoor(anas, club);
    const [ana, ben, other] = await Promise.all([openPage(anas), openPage(bens), openPage(bens)]);
    await ana.openRoom(club);
    await join(bens, room);
    await Promise.all([ben, other].map((one) => one.sees('#asked strong', club)));
    await ana.sees('#people-open[data-waits="1"]');
    await find(ben, club);
    await ben.page.locator('#find-list').getByRole('button', { name: `${english.withdraw}: ${club}` }).click();
    await button(ben, english.join, club).waitFor();
    await Promise.all([ben, other].map((one) => one.seesNo('#asked-section')));
    await ana.seesNo('#people-open[data-waits]');
    // Answered meanwhile, which is no error.
    await ben.click('#find-close');
    await join(bens, room);
    await ben.sees('#asked strong', club);
    await ben.page.route('**/join-requests/*', async (route) => {
      await letIn(anas, room, bens);
      await route.continue();
    });
    await button(ben, english.withdraw, club).click();
    await ben.sees('#rooms strong', club);
    await ben.seesNo('#asked-section');
    assert.doesNotMatch(await ben.page.innerText('#toast'), new RegExp(english.error_JOIN_REQUEST_NOT_FOUND));
    await close(ana, ben, other);
  });

  test('is asked for by an invitation, too', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const room = await withDoor(anas, 'Runners', 'private');
    const ben = await openPage(bens);
    await ok(anas, 'POST', `/rooms/${room}/invites`, { userUuid: bens.id });
    await ben.sees('#invitations strong', 'Runners');
    await ben.click('#invitations button', english.accept);
    await ben.sees('#toast', english.youWaitFor('Runners'));
    await ben.sees('#asked strong', 'Runners');
    await ben.seesNo('#invitations-section');
    await reject(anas, room, bens, 'Not yet');
    await ben.sees('#asked .words', english.notLetInBecause('Not yet'));
    await ben.click('#invitations button', english.accept);
    await ben.sees('#asked .words', english.askedAgo(english.justNow));
    await letIn(anas, room, bens);
    await ben.sees('#rooms strong', 'Runners');
    await ben.seesNo('#asked-section');
    await ben.seesNo('#invitations-section');
    await close(ben);
  });

  test('is made by the dialog of a new chat', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const ana = await openPage(anas);
    const club = unique('Runners');
    await ana.click('#new-room-open');
    await ana.page.check('#new-room-form [value="GROUP"]', { force: true });
    assert.equal(await ana.count('#new-approval-label'), 0);
    await ana.page.check('#new-public');
    await ana.page.check('#new-approval');
    await ana.fill('#new-name', club);
    await ana.shoot('joins-new');
    await ana.click('#new-room-form .primary');
    await ana.sees('#room-name', club);
    const { rooms: [{ roomUuid }] } = await ok(bens, 'GET', `/rooms/public?q=${club}`);
    assert.equal((await join(bens, roomUuid)).code, 'JOIN_HELD');
    await ana.sees('#people-open[data-waits="1"]');
    await close(ana);
  });
});

describe('who was away', { timeout: 240_000 }, () => {
  test('sees who waits, whether one still waits oneself, and where one is in, after coming back', async () => {
    const [anas, bens, chos] = await people('Ana', 'Ben', 'Cho');
    const [club, other] = [unique('Runners'), unique('Cooks')];
    const [room, kitchen] = [await withDoor(anas, club), await withDoor(anas, other)];
    await join(bens, room);
    const [ana, ben] = await Promise.all([openPage(anas), openPage(bens)]);
    await ben.sees('#asked strong', club);
    await ana.openRoom(club);
    await ana.sees('#people-open[data-waits="1"]');
    await Promise.all([ana, ben].map((one) => one.page.context().setOffline(true)));
    await Promise.all([ana, ben].map((one) => one.sees('#offline')));
    await letIn(anas, room, bens);
    await join(bens, kitchen);
    await join(chos, room);
    await Promise.all([ana, ben].map((one) => one.page.context().setOffline(false)));
    await ben.sees('#rooms strong', club);
    await ben.sees('#asked strong', other);
    await ben.seesNo('#asked strong', club);
    await openPanel(ana);
    await ana.sees('#joins-list strong', chos.nickname);
    await ana.seesNo('#joins-list strong', bens.nickname);
    await close(ana, ben);
  });
});
