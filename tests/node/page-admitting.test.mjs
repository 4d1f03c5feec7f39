// The page at `/` in a real browser: those who look after a chat see who waits to come in, and let them in or not.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person } from './browser.mjs';
import { unique, User } from './client.mjs';
import { button, focused, join, letIn, ok, openPanel, reject, requests, withDoor } from './doors.mjs';
import { isAccessibleInEachLook } from './looks.mjs';
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

describe('those who look after a chat', { timeout: 240_000 }, () => {
  test('see live what another one has answered, and take it quietly to be too late', async () => {
    const [anas, bens, chos, dans, eves] = await people('Ana', 'Ben', 'Cho', 'Dan', 'Eve');
    const club = unique('Runners');
    const room = await withDoor(anas, club);
    await ok(anas, 'POST', `/rooms/${room}/participants`, { userUuids: [bens.id, eves.id] });
    await ok(anas, 'PATCH', `/rooms/${room}/participants/${bens.id}`, { role: 'ADMIN' });
    const [ana, ben, eve] = await Promise.all([anas, bens, eves].map((user) => openPage(user)));
    for (const person of [ana, ben, eve]) await person.openRoom(club);
    for (const person of [ana, ben]) await openPanel(person);
    await join(chos, room);
    await join(dans, room);
    for (const person of [ana, ben]) {
      await person.countIs('#joins-list .person', 2);
      await person.sees('#moderation-title');
    }
    assert.equal(await eve.count('#people-open[data-waits]'), 0, 'a member sees nothing of it');
    await button(ana, english.letIn, chos.nickname).click();
    await ben.countIs('#joins-list .person', 1);
    // Too late, by a list that was not told.
    await ben.page.route('**/join-requests/*/approve', async (route) => {
      await letIn(anas, room, dans);
      await route.continue();
    });
    await button(ben, english.letIn, dans.nickname).click();
    for (const person of [ana, ben]) await person.sees('#joins-empty');
    assert.equal(await ben.page.innerText('#toast'), '');
    // Who comes in by another way waits no more.
    const [fays] = await people('Fay');
    await join(fays, room);
    await ana.sees('#joins-list strong', fays.nickname);
    await ok(anas, 'POST', `/rooms/${room}/participants`, { userUuids: [fays.id] });
    for (const person of [ana, ben]) await person.sees('#joins-empty');
    await close(ana, ben, eve);
  });

  test('are told why somebody cannot be let in, who waits on', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const room = await withDoor(anas, 'Runners', 'private');
    const { code } = await ok(anas, 'POST', `/rooms/${room}/invites`, {});
    await ok(bens, 'POST', `/invites/${code}/accept`);
    const ana = await openPage(anas);
    await ana.openRoom('Runners');
    await openPanel(ana);
    await ana.sees('#joins-list .words', english.byInvite);
    await ok(anas, 'DELETE', `/rooms/${room}/invites/${code}`);
    await button(ana, english.letIn, bens.nickname).click();
    await ana.sees('#toast', english.theirInviteEnded);
    await ana.countIs('#joins-list .person', 1);
    await close(ana);
  });

  test('go on by the keyboard with the next who waits', async () => {
    const [anas, ...others] = await people('Ana', 'Ben', 'Cho', 'Dan');
    const club = unique('Runners');
    const room = await withDoor(anas, club);
    for (const one of others) await join(one, room);
    const waiting = (await requests(anas, room)).map(({ user }) => user.nickname);
    const ana = await openPage(anas);
    await ana.openRoom(club);
    await openPanel(ana);
    await ana.countIs('#joins-list .person', 3);
    const focusIs = (label, name) => ana.page.waitForFunction((wanted) => document.activeElement.ariaLabel === wanted, `${label}: ${name}`);
    await button(ana, english.letIn, waiting[0]).focus();
    await ana.page.keyboard.press('Enter');
    await ana.countIs('#joins-list .person', 2);
    await focusIs(english.letIn, waiting[1]);
    await ana.page.keyboard.press('Tab');
    await ana.page.keyboard.press('Enter');
    await ana.sees('#ask');
    await ana.page.keyboard.press('Enter');
    await ana.countIs('#joins-list .person', 1);
    await focusIs(english.letIn, waiting[2]);
    await ana.page.keyboard.press('Enter');
    await ana.sees('#joins-empty');
    assert.equal(await focused(ana), english.close);
    await close(ana);
  });
});

isAccessibleInEachLook('joins', async (look, words, check) => {
  const [anas, bens, chos] = await people('Ana', 'Ben', 'Cho');
  const clubs = [unique('Runners of the old bridge and of all the other bridges'), unique('달리기 모임'), unique('Cooks')];
  const rooms = [await withDoor(bens, clubs[0]), await withDoor(bens, clubs[1]), await withDoor(anas, clubs[2])];
  const ana = await openPage(anas, look);
  for (const room of rooms.slice(0, 2)) await join(anas, room);
  await ana.countIs('#asked .person', 2);
  await reject(bens, rooms[0], anas, 'Only for those who have run over each of the bridges at least once');
  await ana.sees('#asked .words', 'bridges');
  for (const one of [bens, chos]) await join(one, rooms[2]);
  await ana.page.waitForFunction(() => document.querySelector('#toast').innerText === '', undefined, { timeout: 8000 });
  await check(ana, 'the rooms');
  await ana.click('#find-open');
  await ana.sees('#find-list .muted', words.youWait);
  await check(ana, 'public chats');
  await ana.click('#find-close');
  await ana.openRoom(clubs[2]);
  await ana.sees('#people-open[data-waits="2"]');
  await check(ana, 'the chat');
  await openPanel(ana);
  await ana.countIs('#joins-list .person', 2);
  await check(ana, 'who waits');
  await button(ana, words.rejectJoin, bens.nickname).click();
  await ana.sees('#ask');
  await check(ana, 'rejecting');
  await ana.page.keyboard.press('Escape');
  await close(ana);
});
