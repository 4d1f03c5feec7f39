// The page at `/` in a real browser: messages wait until somebody who looks after the chat approves them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { button, focused, join, ok, openPanel } from './doors.mjs';
import { isAccessibleInEachLook } from './looks.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer({ args: ['--review'] }), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

const people = (...names) => Promise.all(names.map((name) => User.atPage(server.url, unique(name))));
const openPage = (user, look) => Person.open(browser, server.url, user.nickname, look);
const close = async (...persons) => {
  for (const person of persons) await person.isWell();
  await Promise.all(persons.map((person) => person.close()));
};

/** A chat of somebody's in which what the others say is held. */
async function withReview(owner, name, others, more = {}) {
  const custom = { review: true, ...more.custom };
  const room = await ok(owner, 'POST', '/rooms', { type: 'GROUP', name, participantUuids: others.map(({ id }) => id), ...more, custom });
  return room.roomUuid;
}

const held = async (moderator, room) => (await ok(moderator, 'GET', `/rooms/${room}/held`)).held;
const say = (user, room, content, more) => ok(user, 'POST', `/rooms/${room}/messages`, { type: 'TEXT', content, ...more });
const settle = async (moderator, room, content, how, reason) => {
  const { heldUuid } = (await held(moderator, room)).find((one) => one.content === content);
  await ok(moderator, 'POST', `/rooms/${room}/held/${heldUuid}/${how}`, how === 'reject' ? { reason } : undefined);
};
const answerTo = (person, label, nickname, words) => button(person, label, english.saidBy(nickname, words));

describe('a message that is held', { timeout: 120_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`waits over a reload, is approved by somebody, and stands in its place: ${name}`, async () => {
      const [anas, bens] = await people('Ana', 'Ben');
      const club = unique('Runners');
      const room = await withReview(anas, club, [bens]);
      const [ana, ben] = await Promise.all([openPage(anas, look), openPage(bens, look)]);
      await ben.openRoom(club);
      await ben.say('Who comes <b>along</b>?');
      await ben.sees('.message.held .pending', english.waitsForModerator);
      await ben.page.waitForFunction((words) => document.querySelector('#announcer').textContent === words, english.waitsForModerator);
      await ben.shoot(`held-waits-${name.replaceAll(' ', '-')}`);
      await ben.reload();
      await ben.sees('.message.held .pending', english.waitsForModerator);
      await ana.openRoom(club);
      await ana.sees('#people-open[data-waits="1"]');
      await ana.say('I look after this');
      await ana.seesMessage('I look after this');
      await ben.seesMessage('I look after this');
      await openPanel(ana);
      await ana.sees('#held-list .bubble', 'Who comes <b>along</b>?');
      await ana.sees('#held-list .words', english.heldBecause('All messages are looked at here'));
      await ana.reload();
      await ana.sees('#people-open[data-waits="1"]');
      await openPanel(ana);
      await answerTo(ana, english.approve, bens.nickname, 'Who comes <b>along</b>?').click();
      await ana.sees('#held-empty');
      assert.equal(await ana.count('#moderation-badge, #people-open[data-waits]'), 0);
      await ana.sees('#audit-list .act', english.act_approveMessage({ who: anas.nickname, whom: bens.nickname }));
      await ana.page.keyboard.press('Escape');
      await ana.seesNo('#moderation');
      for (const person of [ana, ben]) {
        await person.page.locator('#messages .message:not(.waiting, .failed)').filter({ hasText: 'Who comes' }).waitFor({ state: 'attached' });
        assert.deepEqual((await person.messages()).map((words) => words.trim()), ['I look after this', 'Who comes <b>along</b>?']);
      }
      assert.equal(await ben.count('.pending'), 0);
      await close(ana, ben);
    });
  }

  test('is rejected with a reason, which its sender reads where it stands, wherever they are', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const [club, other] = [unique('Runners'), unique('Cooks')];
    const room = await withReview(anas, club, [bens]);
    await withReview(bens, other, []);
    const [ana, ben] = await Promise.all([openPage(anas), openPage(bens)]);
    await ben.openRoom(club);
    await ben.say('Shoes for sale');
    await ben.sees('.message.held');
    await ben.openRoom(other);
    await ana.openRoom(club);
    await openPanel(ana);
    await answerTo(ana, english.rejectJoin, bens.nickname, 'Shoes for sale').click();
    await ana.sees('#ask-title', english.rejectHeldTitle(bens.nickname));
    await ana.fill('#ask-input', 'No <b>ads</b>, please');
    await ana.click('#ask-action');
    await ana.sees('#held-empty');
    assert.equal(await focused(ana), english.close);
    await ana.sees('#audit-list .act', english.act_rejectMessage({ who: anas.nickname, whom: bens.nickname }));
    await ben.sees('#toast', english.notApprovedBecause(club, 'No <b>ads</b>, please'));
    await ben.openRoom(club);
    await ben.sees('.message.failed .failure', english.rejectedBecause('No <b>ads</b>, please'));
    await ben.shoot('held-rejected');
    await ben.click('.failure button', english.edit);
    assert.equal(await ben.page.inputValue('#text'), 'Shoes for sale');
    assert.equal(await ben.count('.message'), 0);
    await ben.say('Shoes to give away');
    await ben.sees('.message.held', 'Shoes to give away');
    await settle(anas, room, 'Shoes to give away', 'reject');
    await ben.sees('.message.failed .failure', english.error_REJECTED);
    await ben.click('.failure button', english.retry);
    await ben.sees('.message.held', 'Shoes to give away');
    await settle(anas, room, 'Shoes to give away', 'approve');
    await ben.seesMessage('Shoes to give away');
    assert.equal(await ben.count('.message'), 1);
    await close(ana, ben);
  });

  test('has waited for nothing where nobody looks at it for long, and is sent once more', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withReview(anas, club, [bens]);
    const ben = await openPage(bens);
    const tell = await ben.reloadWatched();
    await ben.openRoom(club);
    await ben.say('Shoes for sale');
    await ben.sees('.message.held', 'Shoes for sale');
    const [{ heldUuid }] = await held(anas, room);
    tell('notification', { type: 'messageExpired', roomUuid: room, heldUuid });
    await ben.sees('#toast', english.notApprovedInTime(club));
    await ben.sees('.message.failed .failure', english.error_EXPIRED);
    await ben.shoot('held-expired');
    await ben.click('.failure button', english.retry);
    await ben.sees('.message.held', 'Shoes for sale');
    await close(ben);
  });

  test('is taken back by its sender, also on another device and by the keyboard; who approves it then is quietly too late', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withReview(anas, club, [bens]);
    const [ana, ben] = await Promise.all([openPage(anas), openPage(bens)]);
    await ben.openRoom(club);
    for (const words of ['first', 'second']) {
      await ben.say(words);
      await ben.sees('.message.held', words);
    }
    const other = await openPage(bens);
    await other.openRoom(club);
    await other.countIs('.message.held', 2);
    await ana.openRoom(club);
    await ana.sees('#people-open[data-waits="2"]');
    await openPanel(ana);
    await ben.page.locator('.message.held').filter({ hasText: 'first' }).getByRole('button', { name: english.takeBack }).focus();
    await ben.page.keyboard.press('Enter');
    await ben.countIs('.message.held', 1);
    await ben.page.waitForFunction(() => document.activeElement.id === 'text');
    await ana.countIs('#held-list .asking', 1);
    // Taken back while somebody approves it, which is no error.
    await say(bens, room, 'between');
    await ana.page.route('**/held/*/approve', async (route) => {
      const { heldUuid } = (await held(anas, room)).find(({ content }) => content === 'between');
      await ok(bens, 'DELETE', `/rooms/${room}/held/${heldUuid}`);
      await route.continue();
    });
    const answered = ana.page.waitForResponse('**/held/*/approve');
    await answerTo(ana, english.approve, bens.nickname, 'between').click();
    assert.equal((await answered).status(), 404);
    await ana.countIs('#held-list .asking', 1);
    assert.equal(await ana.page.innerText('#toast'), '');
    await other.page.locator('.message.held').filter({ hasText: 'second' }).getByRole('button', { name: english.takeBack }).click();
    for (const device of [other, ben]) await device.seesNo('.message.held', 'second');
    assert.deepEqual(await held(anas, room), []);
    // Approved meanwhile, which is no error.
    await ben.say('third');
    await ben.sees('.message.held', 'third');
    await ben.page.route('**/held/*', async (route) => {
      await settle(anas, room, 'third', 'approve');
      await route.continue();
    });
    await ben.page.locator('.message.held').filter({ hasText: 'third' }).getByRole('button', { name: english.takeBack }).click();
    await ben.seesMessage('third');
    assert.equal(await ben.page.innerText('#toast'), '');
    await close(ana, ben, other);
  });

  test('is seen by its sender where it was written elsewhere or passed on, and becomes one message', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const [club, notes] = [unique('Runners'), unique('Notes')];
    const room = await withReview(anas, club, [bens]);
    const mine = await ok(bens, 'POST', '/rooms', { type: 'GROUP', name: notes, participantUuids: [] });
    await say(bens, mine.roomUuid, 'worth passing on');
    await say(bens, room, 'from afar');
    const ben = await openPage(bens);
    await ben.openRoom(notes);
    await ben.page.locator('.message').hover();
    await ben.page.locator('.message .more').click();
    await ben.click('#forward-message');
    await ben.click('#forward-list .to-room', club);
    await ben.click('#ask-action');
    await ben.sees('#toast', english.forwardHeld(club));
    await ben.openRoom(club);
    await ben.sees('.message.held', 'from afar');
    await ben.sees('.message.held .forwarded', english.forwardedFrom(bens.nickname));
    await settle(anas, room, 'worth passing on', 'approve');
    await ben.seesMessage('worth passing on');
    await settle(anas, room, 'from afar', 'reject', 'Too far');
    await ben.sees('#toast', english.notApprovedBecause(club, 'Too far'));
    await ben.seesNo('.message', 'from afar');
    assert.equal(await ben.count('.message'), 1);
    await ben.reload();
    await ben.seesMessage('worth passing on');
    assert.equal(await ben.count('.message'), 1);
    // Written and taken back elsewhere while it is looked at.
    await say(bens, room, 'from far away');
    await ben.sees('.message.held', 'from far away');
    const [{ heldUuid }] = await held(anas, room);
    await ok(bens, 'DELETE', `/rooms/${room}/held/${heldUuid}`);
    await ben.seesNo('.message', 'from far away');
    assert.equal(await ben.count('.message'), 1);
    await close(ben);
  });

  test('stands in its thread, where it is a reply', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withReview(anas, club, [bens]);
    await say(anas, room, 'Who comes along?');
    const [ana, ben] = await Promise.all([openPage(anas), openPage(bens)]);
    await ben.openRoom(club);
    await ben.page.locator('.message').hover();
    await ben.page.locator('.message .more').click();
    await ben.click('#thread-message');
    await ben.fill('#thread-text', 'I do');
    await ben.page.press('#thread-text', 'Enter');
    await ben.sees('#thread-messages .message.held .pending', english.waitsForModerator);
    assert.equal(await ben.count('#messages .message.held'), 0);
    await ben.reload();
    await ben.click('#messages .thread', english.repliesHeld(1));
    await ben.sees('#thread-messages .message.held .pending', english.waitsForModerator);
    await ana.openRoom(club);
    await openPanel(ana);
    await ana.sees('#held-list .words', english.repliedInThread);
    await answerTo(ana, english.approve, bens.nickname, 'I do').click();
    await ben.sees('#thread-messages .message:not(.waiting)', 'I do');
    assert.equal(await ben.count('#thread-messages .message'), 1);
    await close(ana, ben);
  });
});

describe('those who look after a chat', { timeout: 90_000 }, () => {
  test('have one count of people and messages that wait, which follows what is held and answered elsewhere', async () => {
    const [anas, bens, chos, dans] = await people('Ana', 'Ben', 'Cho', 'Dan');
    const club = unique('Runners');
    const room = await withReview(anas, club, [bens, dans], { visibility: 'public', custom: { approval: true } });
    await say(bens, room, 'one');
    await join(chos, room);
    const [ana, dan] = await Promise.all([openPage(anas), openPage(dans)]);
    await Promise.all([ana, dan].map((one) => one.openRoom(club)));
    await ana.sees('#people-open[data-waits="2"]');
    assert.equal(await ana.page.getAttribute('#people-open', 'aria-label'), `${english.showPeople}: ${english.joinsWait(1)}, ${english.heldWait(1)}`);
    assert.equal(await dan.count('#people-open[data-waits]'), 0, 'a member sees nothing of it');
    await say(bens, room, 'two');
    await ana.sees('#people-open[data-waits="3"]');
    await openPanel(ana);
    await ana.countIs('#held-list .asking', 2);
    await settle(anas, room, 'one', 'approve');
    await ana.countIs('#held-list .asking', 1);
    for (const words of ['three', 'four', 'five']) await say(bens, room, words);
    await ana.countIs('#held-list .asking', 4);
    await settle(anas, room, 'four', 'reject');
    await ana.seesNo('#held-list .asking', 'four');
    const { heldUuid } = (await held(anas, room)).find(({ content }) => content === 'five');
    await ok(bens, 'DELETE', `/rooms/${room}/held/${heldUuid}`);
    await ana.seesNo('#held-list .asking', 'five');
    await ana.sees('#people-open[data-waits="3"]');
    assert.equal(await dan.count('#people-open[data-waits]'), 0);
    await answerTo(ana, english.approve, bens.nickname, 'two').focus();
    await ana.page.keyboard.press('Enter');
    await ana.countIs('#held-list .asking', 1);
    await ana.page.waitForFunction((label) => document.activeElement.ariaLabel === label, `${english.approve}: ${english.saidBy(bens.nickname, 'three')}`);
    await ana.page.keyboard.press('Enter');
    await ana.sees('#held-empty');
    assert.equal(await focused(ana), english.close);
    await ana.sees('#people-open[data-waits="1"]');
    await close(ana, dan);
  });

  test('are told why a message cannot be sent, which waits on', async () => {
    const [anas, bens] = await people('Ana', 'Ben');
    const club = unique('Runners');
    const room = await withReview(anas, club, [bens]);
    await say(bens, room, 'one');
    await ok(anas, 'PATCH', `/rooms/${room}/participants/${bens.id}`, { role: 'READ_ONLY' });
    const ana = await openPage(anas);
    await ana.openRoom(club);
    await openPanel(ana);
    await answerTo(ana, english.approve, bens.nickname, 'one').click();
    await ana.sees('#toast', english.senderMayNot);
    await ana.countIs('#held-list .asking', 1);
    await close(ana);
  });
});

isAccessibleInEachLook('held', async (look, words, check) => {
  const [anas, bens] = await people('Ana', 'Ben');
  const club = unique('Runners');
  const room = await withReview(anas, club, [bens]);
  const ben = await openPage(bens, look);
  await ben.getsPictures();
  await ben.openRoom(club);
  await ben.say('The best shoes of the town, only today and only here: they make you run twice as fast, or so they say https://shoes.example/');
  await ben.sees('.message.held');
  await ben.sendPicture('https://pictures.example/hills.svg', 'Where we run');
  await ben.countIs('.message.held', 2);
  await ben.say('Cheap!');
  await ben.countIs('.message.held', 3);
  await settle(anas, room, 'Cheap!', 'reject', 'This is not a market, as everybody here knows by now');
  await ben.sees('.failure');
  await ben.page.waitForFunction(() => document.querySelector('#toast').innerText === '', undefined, { timeout: 8000 });
  await check(ben, 'the sender');
  const ana = await openPage(anas, look);
  await ana.getsPictures();
  await ana.openRoom(club);
  await ana.sees('#people-open[data-waits="2"]');
  await openPanel(ana);
  await ana.countIs('#held-list .asking', 2);
  await ana.sees('#held-list .picture.loaded');
  await check(ana, 'what waits');
  await ana.page.locator('#held-list .answers button').nth(1).click();
  await ana.sees('#ask-title', words.rejectHeldTitle(bens.nickname));
  await check(ana, 'rejecting');
  await ana.page.keyboard.press('Escape');
  await close(ana, ben);
});
