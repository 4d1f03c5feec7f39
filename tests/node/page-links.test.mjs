// The page at `/` in a real browser: invite links are made, copied and revoked, and one comes in by them.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { sleep, unique, User } from './client.mjs';
import { focused, letIn, ok, reject, withDoor } from './doors.mjs';
import { isAccessibleInEachLook } from './looks.mjs';
import { startServer } from './server.mjs';

/** What this server takes. */
const [MEMBERS, LINKS] = [3, 3];

let server;
let browser;
before(async () => {
  const config = join(tmpdir(), `${unique('chat-links')}.toml`);
  await writeFile(config, `[engine]\nmax-room-members = ${MEMBERS}\nmax-invites = ${LINKS}\n`);
  [server, browser] = await Promise.all([startServer({ args: ['--config', config] }), openBrowser()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

const people = (...names) => Promise.all(names.map((name) => User.atPage(server.url, unique(name))));
const openPage = (user, look) => Person.open(browser, server.url, user.nickname, look);
const close = async (...persons) => {
  for (const person of persons) await person.isWell();
  await Promise.all(persons.map((person) => person.close()));
};

/** A chat of somebody's, with others in it. */
async function group(owner, name, others = []) {
  const room = await ok(owner, 'POST', '/rooms', { type: 'GROUP', name, participantUuids: others.map(({ id }) => id) });
  return room.roomUuid;
}

const makeLink = async (user, room, holds = {}) => (await ok(user, 'POST', `/rooms/${room}/invites`, holds)).code;
const linksOf = async (user, room) => (await ok(user, 'GET', `/rooms/${room}/invites`)).invites;
const addressOf = (code) => `${server.url}/#invite=${code}`;

/** Opens a link where somebody is signed in, and comes in. */
async function comeBy(person, code) {
  await person.page.goto(addressOf(code));
  await person.sees('#ask-title', english.comeInTitle);
  await person.click('#ask-action');
}

const openLinks = async (person) => {
  if (!await person.page.isVisible('#people')) await person.click('#people-open');
  await person.click('#links-open');
  await person.sees('#invite-links');
};

/** The button of the n-th link. */
const buttonOf = ({ page }, n, label) => page.locator('#links-list .person').nth(n).getByRole('button', { name: label });
const focusIs = ({ page }, n, label) => page.waitForFunction(([at, words]) => (
  document.querySelectorAll('#links-list .person')[at]?.contains(document.activeElement) && document.activeElement.textContent === words
), [n, label]);
const isSaid = ({ page }, words) => page.waitForFunction((text) => document.querySelector('#announcer').innerText.includes(text), words);
/** The address shows no code, nor does the title. */
const isClean = async ({ page }, code) => {
  assert.ok(!page.url().includes('invite'), page.url());
  assert.ok(!(await page.title()).includes(code));
};

describe('an invite link', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`is made, copied, and come in by, and says how often it was used: ${name}`, async () => {
      const [anas, bens] = await people('Ana', 'Ben');
      const club = unique('Runners');
      const room = await group(anas, club);
      await ok(anas, 'POST', `/rooms/${room}/messages`, { type: 'TEXT', content: 'Who comes along?' });
      const ana = await openPage(anas, look);
      await ana.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await ana.openRoom(club);
      await openLinks(ana);
      await ana.sees('#links-empty', english.noLinks);
      await ana.page.selectOption('#link-time', { label: english.aDay });
      await ana.page.selectOption('#link-uses', { label: english.tenPeople });
      await ana.click('#link-make');
      await ana.sees('#links-list .words', english.linkUsed(0, 10));
      await isSaid(ana, english.linkMade);
      await focusIs(ana, 0, english.copyLink);
      const [{ code, createdAt, expiresAt, maxUses }, ...others] = await linksOf(anas, room);
      assert.deepEqual([Date.parse(expiresAt) - Date.parse(createdAt), maxUses, others.length], [86_400_000, 10, 0]);
      await ana.page.keyboard.press('Enter');
      await focusIs(ana, 0, english.copied);
      await isSaid(ana, english.linkCopied);
      assert.equal(await ana.page.evaluate(() => navigator.clipboard.readText()), addressOf(code));
      await ana.shoot(`links-copied-${name.replaceAll(' ', '-')}`);
      await focusIs(ana, 0, english.copyLink);

      const ben = await Person.open(browser, addressOf(code), bens.nickname, look);
      await ben.sees('#ask-title', english.comeInTitle);
      await isClean(ben, code);
      await ben.reload();
      await ben.sees('#ask-title', english.comeInTitle);
      await ben.sees('#leads-to strong', club);
      await ben.sees('#leads-to .words', `${english.people(1)} · ${english.invitedBy(anas.nickname)}`);
      await ben.shoot(`links-leads-to-${name.replaceAll(' ', '-')}`);
      assert.deepEqual((await ok(bens, 'GET', '/rooms')).rooms, [], 'he has not answered yet');
      await ben.click('#ask-action');
      await ben.sees('#room-name', club);
      await ben.seesMessage('Who comes along?');
      await isClean(ben, code);
      // Of which whoever made it is told nothing but that he has come in.
      await ana.sees('#links-list .words', english.linkUsed(1, 10));
      await ben.reload();
      await ben.sees('#room-name', club);
      assert.equal(await ben.count('#ask'), 0, 'he is in it');
      await ana.reload();
      await openLinks(ana);
      await ana.sees('#links-list .words', english.linkUsed(1, 10));
      await close(ana, ben);
    });
  }

  test('that neither expires nor is used up says so', async () => {
    const [anas] = await people('Ana');
    const club = unique('Runners');
    const room = await group(anas, club);
    const ana = await openPage(anas);
    await ana.openRoom(club);
    await openLinks(ana);
    for (const [field, label] of [['#link-time', english.forGood], ['#link-uses', english.anyNumber]]) await ana.page.selectOption(field, { label });
    await ana.click('#link-make');
    await ana.sees('#links-list strong', english.neverExpires);
    await ana.sees('#links-list .words', english.linkUsed(0, null));
    const [{ expiresAt, maxUses }] = await linksOf(anas, room);
    assert.deepEqual([expiresAt, maxUses], [null, null]);
    await close(ana);
  });

  test('is shown to be copied by hand where the browser has no clipboard for the page', async () => {
    const [anas] = await people('Ana');
    const club = unique('Runners');
    const code = await makeLink(anas, await group(anas, club));
    const ana = await openPage(anas);
    await ana.openRoom(club);
    await openLinks(ana);
    await ana.page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    await buttonOf(ana, 0, english.copyLink).click();
    await ana.sees('#ask-title', english.copyByHand);
    const chosen = await ana.page.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.activeElement;
      return value.slice(selectionStart, selectionEnd);
    });
    assert.equal(chosen, addressOf(code));
    await ana.page.keyboard.press('Enter');
    await ana.seesNo('#ask');
    await focusIs(ana, 0, english.copyLink);
    await close(ana);
  });

  test('is revoked after a question, also where it is too late, and the keyboard goes on', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await group(anas, club);
    const codes = [await makeLink(anas, room, { maxUses: 1 }), await makeLink(anas, room, { maxUses: 2 })];
    const [ana, ben] = await Promise.all([openPage(anas), openPage(bens)]);
    await ana.openRoom(club);
    await openLinks(ana);
    await ana.countIs('#links-list .person', 2);
    await buttonOf(ana, 0, english.revoke).focus();
    await ana.page.keyboard.press('Enter');
    await ana.sees('#ask-title', english.revokeTitle);
    await ana.page.keyboard.press('Escape');
    await focusIs(ana, 0, english.revoke);
    assert.equal((await linksOf(anas, room)).length, 2, 'nothing was said yet');
    await ana.page.keyboard.press('Enter');
    await ana.shoot('links-revoke');
    await ana.click('#ask-action');
    await ana.sees('#links-list .words', english.linkUsed(0, 1));
    await ana.countIs('#links-list .person', 1);
    await focusIs(ana, 0, english.copyLink);
    await isSaid(ana, english.linkRevoked);
    assert.deepEqual((await linksOf(anas, room)).map(({ code }) => code), codes.slice(0, 1), 'the newest is gone');
    await ana.page.route('**/invites/*', async (route) => {
      await ok(anas, 'DELETE', `/rooms/${room}/invites/${codes[0]}`);
      await route.continue();
    });
    await buttonOf(ana, 0, english.revoke).click();
    await ana.click('#ask-action');
    await ana.sees('#links-empty');
    await ana.page.waitForFunction(() => document.activeElement.id === 'link-make');
    await ben.page.goto(addressOf(codes[0]));
    await ben.sees('#ask-error', english.error_INVITE_NOT_FOUND);
    await ben.click('#ask-cancel');
    await close(ana, ben);
  });

  test('goes off the list once it has expired or is used up, or more cannot be made', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await group(anas, club);
    const ana = await openPage(anas);
    await ana.openRoom(club);
    const once = await makeLink(anas, room, { maxUses: 1 });
    await makeLink(anas, room);
    await makeLink(anas, room, { expiresIn: 6 });
    await openLinks(ana);
    await ana.countIs('#links-list .person', LINKS);
    await ana.click('#link-make');
    await ana.sees('#toast', english.error_LIMIT_REACHED_invites(LINKS));
    await ana.countIs('#links-list .person', 2);
    await ok(bens, 'POST', `/invites/${once}/accept`);
    await ana.countIs('#links-list .person', 1);
    await close(ana);
  });
});

describe('whoever has a link', { timeout: 240_000 }, () => {
  test('signs in first, is asked then, and not again after a no', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const room = await group(anas, 'Runners');
    const code = await makeLink(anas, room);
    const page = await browser.newPage({ locale: 'en-US' });
    const ben = new Person(page, bens.nickname);
    await page.goto(addressOf(code));
    await ben.sees('#sign-in-invited', english.invitedHere);
    await isClean(ben, code);
    await page.reload();
    await ben.sees('#sign-in-invited');
    await ben.shoot('links-sign-in');
    await ben.fill('#name', bens.nickname);
    await ben.click('#sign-in-form button');
    await ben.sees('#ask-title', english.comeInTitle);
    await page.keyboard.press('Escape');
    await ben.seesNo('#ask');
    await ben.reload();
    await ben.sees('#no-rooms');
    assert.equal(await ben.count('#ask'), 0);
    assert.ok(!(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))).includes(code), 'the code is kept no more');
    await ben.click('#sign-out');
    await ben.sees('#sign-in-form');
    assert.equal(await ben.count('#sign-in-invited'), 0);
    await close(ben);
  });

  test('opens it where the page is open already, also in a message, which keeps the chat that is open', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const [here, there] = [unique('Runners'), unique('Cooks')];
    const open = await group(anas, here, [bens]);
    const led = await group(anas, there);
    const code = await makeLink(anas, led);
    await ok(anas, 'POST', `/rooms/${open}/messages`, { type: 'TEXT', content: `Come to ${addressOf(code)}.` });
    const ben = await openPage(bens);
    await ben.openRoom(here);
    await ben.page.goto(addressOf(code));
    await ben.sees('#ask-title', english.comeInTitle);
    assert.equal(ben.page.url(), `${server.url}/#${open}`);
    await ben.click('#ask-cancel');
    await ben.sees('#room-name', here);
    await ben.page.goBack();
    await isClean(ben, code);
    assert.equal(await ben.count('#ask'), 0, 'it is not in the history either');
    await ben.openRoom(here);
    await ben.click('#messages .text a');
    await ben.sees('#ask-title', english.comeInTitle);
    assert.equal(ben.page.context().pages().length, 1, 'in the tab in which he is signed in');
    await ben.click('#ask-action');
    await ben.sees('#room-name', there);
    // Who is in already is led to the chat, and uses nothing up.
    await ben.openRoom(here);
    await ben.page.goto(addressOf(code));
    await ben.sees('#room-name', there);
    assert.equal(await ben.count('#ask'), 0);
    assert.equal((await linksOf(anas, led))[0].uses, 1);
    await close(ben);
  });

  test('reads why one cannot come in: it holds no more, one is banned, the chat is full, or closed, or the server away', async () => {
    const [anas, bens, ...others] = await people('Ana', 'Ben', 'Cho', 'Dan');
    const [gone, banned, full, closed, open] = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => group(anas, unique(name))));
    const codes = await Promise.all([gone, banned, full, closed, open].map((room) => makeLink(anas, room)));
    await ok(anas, 'DELETE', `/rooms/${gone}/invites/${codes[0]}`);
    await ok(anas, 'POST', `/rooms/${banned}/participants`, { userUuids: [bens.id] });
    await ok(anas, 'PUT', `/rooms/${banned}/bans/${bens.id}`, {});
    await ok(anas, 'POST', `/rooms/${full}/participants`, { userUuids: others.map(({ id }) => id) });
    await ok(anas, 'POST', `/rooms/${closed}/close`);
    const ben = await openPage(bens);
    const words = [english.error_INVITE_NOT_FOUND, english.error_BANNED(), english.error_ROOM_FULL, english.error_ROOM_CLOSED];
    for (const [code, why] of [...words.map((why, at) => [codes[at], why]), ['no-code', english.error_INVITE_NOT_FOUND]]) {
      await ben.page.goto(addressOf(code));
      await ben.sees('#ask-error', why);
      assert.equal(await ben.count('#leads-to'), why === english.error_INVITE_NOT_FOUND ? 0 : 1, 'where it leads, if anywhere');
      assert.equal(await ben.count('#ask-action'), 0, 'there is nothing to try');
      await ben.click('#ask-cancel');
      await ben.seesNo('#ask');
    }
    // What has changed since one was asked.
    await ben.page.goto(addressOf(codes[4]));
    await ben.sees('#leads-to');
    await ok(anas, 'POST', `/rooms/${open}/close`);
    await ben.click('#ask-action');
    await ben.sees('#ask-error', english.error_ROOM_CLOSED);
    await ben.click('#ask-cancel');
    await ok(anas, 'POST', `/rooms/${open}/reopen`);
    // That one can do something about.
    await ben.page.goto(addressOf(codes[4]));
    await ben.page.context().setOffline(true);
    await ben.click('#ask-action');
    await ben.sees('#ask-error', english.error_OFFLINE);
    await ben.page.context().setOffline(false);
    await ben.click('#ask-action');
    await ben.sees('#room-people', english.people(2));
    assert.equal(ben.page.url().split('#')[1], open);
    await close(ben);
  });

  test('waits at a door, sees so, and comes in once somebody lets them', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withDoor(anas, club, 'private');
    const code = await makeLink(anas, room, { maxUses: 1 });
    const ben = await openPage(bens);
    await comeBy(ben, code);
    await ben.sees('#toast', english.youWaitFor(club));
    await ben.sees('#asked strong', club);
    await isClean(ben, code);
    await ben.reload();
    await ben.sees('#asked strong', club);
    assert.equal(await ben.count('#ask'), 0);
    await reject(anas, room, bens, 'Not yet');
    await ben.sees('#asked .words', english.notLetInBecause('Not yet'));
    await comeBy(ben, code);
    await ben.sees('#asked .words', english.askedAgo(english.justNow));
    await letIn(anas, room, bens);
    await ben.sees('#toast', english.letInto(club));
    await ben.openRoom(club);
    await close(ben);
  });

  test('is told what they wait for also where the page asks for that anew meanwhile', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const [room, other] = [await withDoor(anas, club, 'private'), await withDoor(anas, unique('Cooks'))];
    const code = await makeLink(anas, room);
    await bens.call('POST', `/rooms/${other}/join`);
    const ben = await openPage(bens);
    // Asked for by the one who comes in, by the notice of that, and by the notice of the other door: no answer comes before.
    const answers = [];
    await ben.page.route('**/chat/join-requests*', async (route) => answers.push([route, await route.fetch()]));
    await comeBy(ben, code);
    while (answers.length < 2) await sleep(20);
    await reject(anas, other, bens);
    while (answers.length < 3) await sleep(20);
    for (const [route, response] of answers) {
      await route.fulfill({ response });
      await ben.page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await ben.sees('#toast', english.youWaitFor(club));
    await close(ben);
  });
});

describe('who sees links', { timeout: 240_000 }, () => {
  test('makes them where they may, sees their own, and all where they may remove people', async () => {
    const [anas, bens, chos] = await people('Ana', 'Ben', 'Cho');
    const club = unique('Runners');
    const room = await group(anas, club, [bens, chos]);
    await makeLink(anas, room, { maxUses: 5 });
    await makeLink(bens, room, { maxUses: 6 });
    const [ana, ben] = await Promise.all([anas, bens].map((user) => openPage(user)));
    for (const person of [ana, ben]) {
      await person.openRoom(club);
      await openLinks(person);
    }
    await ana.countIs('#links-list .person', 2);
    await ana.sees('#links-list .words', `${english.linkUsed(0, 6)} · ${english.linkBy(bens.nickname)}`);
    await ben.countIs('#links-list .person', 1);
    assert.equal(await ben.page.innerText('#links-list .words'), english.linkUsed(0, 6));
    // Members may no more.
    await ok(anas, 'PATCH', `/rooms/${room}`, { permissions: { invite: 'ADMIN' } });
    await ben.seesNo('#invite-links');
    await ben.click('#people-open');
    await ben.sees('#people');
    assert.equal(await ben.count('#links-open, #invite'), 0);
    await ok(anas, 'PATCH', `/rooms/${room}/participants/${bens.id}`, { role: 'ADMIN' });
    await ben.sees('#invite');
    await openLinks(ben);
    await ben.countIs('#links-list .person', 2);
    // Who may remove people revokes what others have made, also where only the owner invites.
    await ok(anas, 'PATCH', `/rooms/${room}`, { permissions: { invite: 'OWNER' } });
    await ben.seesNo('#link-form');
    await buttonOf(ben, 1, english.revoke).click();
    await ben.click('#ask-action');
    await focusIs(ben, 0, english.copyLink);
    assert.deepEqual((await linksOf(anas, room)).map(({ maxUses }) => maxUses), [6]);
    await ben.page.keyboard.press('Escape');
    await ben.seesNo('#invite-links');
    assert.equal(await focused(ben), english.showPeople);
    await close(ana, ben);
  });

  test('does so as they are after having been away; of a direct chat there are none', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await group(anas, club);
    const ana = await openPage(anas);
    await ana.openRoom(club);
    await openLinks(ana);
    await ana.sees('#links-empty');
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await makeLink(anas, room, { maxUses: 2 });
    await ok(anas, 'POST', `/rooms/${room}/invites`, { userUuid: bens.id });
    await ana.page.context().setOffline(false);
    await ana.sees('#links-list .words', english.linkUsed(0, 2));
    await ana.countIs('#links-list .person', 1);
    await ok(anas, 'POST', '/rooms', { type: 'DIRECT', participantUuids: [bens.id] });
    await ana.openRoom(bens.nickname);
    await ana.click('#people-open');
    await ana.countIs('#people-list .person', 2);
    assert.equal(await ana.count('#links-open'), 0);
    await close(ana);
  });
});

isAccessibleInEachLook('links', async (look, words, check) => {
  const [anas, bens] = await people('Ana', 'Ben');
  const club = unique('Runners');
  const room = await group(anas, club, [bens]);
  await makeLink(bens, room);
  await makeLink(anas, room, { expiresIn: 3600, maxUses: 1 });
  await makeLink(anas, room, { expiresIn: 1_000_000, maxUses: 10 });
  const code = await makeLink(bens, await group(bens, unique('Cooks')));
  const ana = await openPage(anas, look);
  await ana.openRoom(club);
  await ana.click('#people-open');
  await ana.sees('#links-open', words.inviteLinks);
  await check(ana, 'the people');
  await openLinks(ana);
  await ana.countIs('#links-list .person', 3);
  await check(ana, 'the links');
  await ana.page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await buttonOf(ana, 0, words.copyLink).click();
  await ana.sees('#ask-title', words.copyByHand);
  await check(ana, 'copying by hand');
  await ana.page.keyboard.press('Escape');
  await buttonOf(ana, 0, words.revoke).click();
  await ana.sees('#ask-title', words.revokeTitle);
  await check(ana, 'revoking');
  await ana.page.keyboard.press('Escape');
  await ana.page.goto(addressOf(code));
  await ana.sees('#leads-to', words.people(1));
  await check(ana, 'coming in');
  await ana.page.keyboard.press('Escape');
  await ana.page.evaluate(() => sessionStorage.clear());
  await ana.page.goto('about:blank');
  await ana.page.goto(addressOf(code));
  await ana.sees('#sign-in-invited', words.invitedHere);
  await check(ana, 'signing in');
  await ana.close();
});
