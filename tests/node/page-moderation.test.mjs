// The page at `/` in a real browser: messages are reported, people are muted and banned, and slow rooms are waited for.

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
  const names = ['Ana', 'Ben', 'Cho'].map(unique);
  const [anas, bens, chos] = await Promise.all(names.map((name) => User.atPage(server.url, name)));
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

const messageOf = ({ page }, text) => page.locator('#messages .message').filter({ hasText: text });
const press = ({ page }, key) => page.keyboard.press(key);

async function openMenu(person, text) {
  await messageOf(person, text).hover();
  await messageOf(person, text).locator('.more').click();
  await person.sees('#menu');
}

/** What can be done to somebody, from the list of people. */
async function choose(person, nickname, choice) {
  if (!await person.page.isVisible('#people')) await person.click('#people-open');
  await person.page.getByRole('button', { name: person.texts.moreAbout(nickname) }).click();
  await person.click('#ask .choice', choice);
}

const openPanel = async (person) => {
  if (!await person.page.isVisible('#people')) await person.click('#people-open');
  await person.click('#moderation-open');
  await person.sees('#moderation');
};

describe('who looks after a room', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`mutes somebody, who sees why and until when, and lets them write again: ${name}`, async () => {
      const { ana, ben, bens, close } = await scene(look);
      ana.texts = english;
      await ben.fill('#text', 'half a word');
      await choose(ana, bens.nickname, english.muteHour);
      await ana.sees('#toast', english.mutedSomebody(bens.nickname));
      await ana.sees('#people-list .person .muted', 'Muted until');
      const closed = await ben.sees('#closed', 'You are muted here until');
      assert.match(await closed.innerText(), /\d:\d\d/);
      assert.equal(await ben.count('#composer'), 0);
      await ben.shoot(`moderation-muted-${name.replaceAll(' ', '-')}`);
      await ben.isAccessible('muted');
      await ben.reload();
      await ben.sees('#closed', 'You are muted here until');
      await choose(ana, bens.nickname, english.unmute);
      await ben.sees('#composer');
      assert.equal(await ben.count('#closed'), 0);
      await choose(ana, bens.nickname, english.muteForGood);
      await ben.sees('#closed', english.mutedText());
      await close();
    });
  }

  test('bans somebody, sees who is banned and what was done, and lifts the ban', async () => {
    const { ana, ben, anas, bens, room, close } = await scene();
    ana.texts = english;
    await choose(ana, bens.nickname, english.ban);
    await ana.sees('#ask-title', english.banTitle(bens.nickname));
    await ana.page.selectOption('#ban-time', { label: english.aWeek });
    await ana.fill('#ask-input', 'Advertising');
    await ana.click('#ask-action');
    await ana.sees('#people-count', '2 people');
    await ben.sees('#chat-empty');
    await openPanel(ana);
    await ana.sees('#bans-list .person', bens.nickname);
    await ana.sees('#bans-list .muted', 'Advertising');
    await ana.sees('#audit-list .act', `${anas.nickname} banned ${bens.nickname} until`);
    const back = await anas.call('POST', `/rooms/${room}/participants`, { userUuids: [bens.id] });
    assert.equal(back.body.code, 'BANNED');
    await ana.page.getByRole('button', { name: `${english.liftBan}: ${bens.nickname}` }).click();
    await ana.sees('#bans-empty', english.noBans);
    await ana.sees('#audit-list .act', `${anas.nickname} lifted the ban of ${bens.nickname}`);
    await press(ana, 'Escape');
    await ana.seesNo('#moderation');
    await anas.ok('POST', `/rooms/${room}/participants`, { userUuids: [bens.id] });
    await ben.sees('#rooms strong', 'Runners');
    await close();
  });

  test('goes through what was reported, goes to it, deletes it or lets it be', async () => {
    const { ana, ben, bens, chos, room, close } = await scene();
    await chos.say(room, 'Buy my shoes');
    await chos.say(room, 'Nice weather');
    await ben.seesMessage('Nice weather');
    for (const [text, reason] of [['Buy my shoes', 'Advertising'], ['Nice weather', '']]) {
      await openMenu(ben, text);
      assert.equal(await ben.count('#own-message'), 0);
      await ben.click('#report-message');
      await ben.sees('#ask-title', english.reportTitle);
      await ben.fill('#ask-input', reason);
      await ben.click('#ask-action');
      await ben.sees('#toast', english.reported);
    }
    await ana.reload();
    await ana.click('#people-open');
    await ana.sees('#moderation-badge', '2');
    await openPanel(ana);
    await ana.countIs('.report', 2);
    await ana.sees('.report .by', english.reportedBecause(bens.nickname, 'Advertising'));
    await ana.click('.report .hit', 'Buy my shoes');
    await ana.sees('.message[data-found]', 'Buy my shoes');
    await ana.page.locator('.report').filter({ hasText: 'Buy my shoes' }).getByRole('button', { name: english.actOn }).click();
    await ana.click('#ask .choice', english.deleteMessage);
    await ben.sees('.bubble.deleted');
    await ana.countIs('.report', 1);
    await ana.click('.report button', english.dismiss);
    await ana.sees('#reports-empty', english.noReports);
    await ana.sees('#audit-list .act', english.outcome_messageDeleted);
    assert.equal(await ana.count('#moderation-badge'), 0);
    // From the message’s menu, too.
    await openMenu(ana, 'Nice weather');
    assert.equal(await ana.count('#edit-message'), 0);
    await ana.click('#delete-message');
    await ana.click('#ask-action');
    await ben.countIs('.bubble.deleted', 2);
    await close();
  });

  test('sees what is reported, and settled elsewhere, as it happens', async () => {
    const { ana, anas, bens, chos, room, close } = await scene();
    const report = async (content) => {
      const { messageUuid } = await chos.say(room, content);
      await ana.seesMessage(content);
      return (await bens.ok('POST', `/rooms/${room}/messages/${messageUuid}/report`, {})).reportUuid;
    };
    const first = await report('Buy my shoes');
    await ana.click('#people-open');
    await ana.sees('#moderation-badge', '1');
    await openPanel(ana);
    await ana.countIs('.report', 1);
    await report('Buy my hat');
    await ana.countIs('.report', 2);
    await anas.ok('PATCH', `/rooms/${room}/reports/${first}`, { outcome: 'dismissed' });
    await ana.countIs('.report', 1);
    await close();
  });

  test('deletes what was reported also where one does not see it any more oneself', async () => {
    const { ana, ben, anas, bens, room, close } = await scene();
    const { messageUuid } = await bens.say(room, 'Buy my shoes');
    await ben.seesMessage('Buy my shoes');
    await anas.ok('POST', `/rooms/${room}/messages/${messageUuid}/report`, {});
    await anas.ok('PUT', `/rooms/${room}/messages/${messageUuid}/hidden`);
    await openPanel(ana);
    await ana.sees('.report', english.unseenMessage);
    await ana.click('.report button', english.actOn);
    await ana.click('#ask .choice', english.deleteMessage);
    await ben.sees('.bubble.deleted');
    await ana.countIs('.report', 0);
    await close();
  });

  test('does what was pressed, although more is reported before the press ends', async () => {
    const { ana, anas, bens, room, close } = await scene();
    const [first, second] = [await bens.say(room, 'Buy my shoes'), await bens.say(room, 'and my socks')];
    await anas.ok('POST', `/rooms/${room}/messages/${first.messageUuid}/report`, {});
    await openPanel(ana);
    await ana.sees('.report', 'Buy my shoes');
    await ana.page.locator('.report button', { hasText: english.actOn }).hover();
    await ana.page.mouse.down();
    await anas.ok('POST', `/rooms/${room}/messages/${second.messageUuid}/report`, {});
    await ana.page.waitForFunction(() => document.querySelector('#people-open').dataset.waits === '2');
    await ana.page.mouse.up();
    await ana.sees('#ask .choice', english.deleteMessage);
    await ana.countIs('.report', 2);
    await press(ana, 'Escape');
    await close();
  });

  test('slows a room down: members wait and see how long, admins do not', async () => {
    const { ana, ben, close } = await scene();
    await ben.say('before');
    await ana.seesMessage('before');
    await openPanel(ana);
    await ana.page.selectOption('#slow-mode', '5');
    await ben.sees('#slow', 'Slow mode');
    await ben.say('first');
    await ana.seesMessage('first');
    await ben.sees('#composer.held');
    await ben.say('second');
    await ben.sees('#toast', 'you can send again in');
    assert.equal(await ben.page.inputValue('#text'), 'second');
    assert.match(await (await ben.sees('#slow')).innerText(), /in [1-5] seconds?\./);
    await ben.shoot('moderation-slow');
    await ben.isAccessible('slow');
    await ben.reload();
    await ben.sees('#composer.held');
    await ben.seesNo('#composer.held');
    await ben.sees('#slow', english.slowText('5 seconds'));
    await ben.say('third');
    await ana.seesMessage('third');
    assert.equal(await ana.count('#slow'), 0);
    await ana.page.selectOption('#slow-mode', '0');
    await ben.seesNo('#slow');
    await ana.sees('#audit-list .act', `${ana.name} turned slow mode off`);
    await close();
  });

  test('is no member, and none of a lesser role is above another', async () => {
    const { ana, ben, anas, bens, chos, room, close } = await scene();
    await chos.say(room, 'hello');
    await ben.seesMessage('hello');
    await ben.click('#people-open');
    await ben.sees('#people-list .person', chos.nickname);
    for (const button of [english.moreAbout(chos.nickname), english.removeTitle(chos.nickname)]) {
      assert.equal(await ben.page.getByRole('button', { name: button }).count(), 0, button);
    }
    assert.equal(await ben.count('#moderation-open'), 0);
    await anas.ok('PATCH', `/rooms/${room}/participants/${bens.id}`, { role: 'ADMIN' });
    await ben.sees('#moderation-open');
    await ben.page.getByRole('button', { name: english.moreAbout(chos.nickname) }).waitFor();
    assert.equal(await ben.page.getByRole('button', { name: english.moreAbout(anas.nickname) }).count(), 0);
    await anas.ok('PATCH', `/rooms/${room}`, { permissions: { send: 'OWNER' } });
    await ben.sees('#closed', english.readOnlyText);
    await ana.sees('#composer');
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: { colorScheme: 'light' }, dark: { colorScheme: 'dark', locale: 'ko-KR' },
    'a light phone': { ...PHONE, colorScheme: 'light', locale: 'ko-KR' }, 'a dark phone': { ...PHONE, colorScheme: 'dark' },
  })) {
    test(name, async () => {
      const { ana, ben, anas, bens, chos, room, close } = await scene(look);
      const texts = look.locale ? korean : english;
      ana.texts = texts;
      const { messageUuid } = await chos.say(room, 'The best shoes of the town, only today and only here: they make you run twice as fast, or so they say');
      const { messageUuid: second } = await chos.say(room, 'Last offer');
      await bens.ok('POST', `/rooms/${room}/messages/${messageUuid}/report`, { reason: 'Advertising, again and again' });
      await bens.ok('POST', `/rooms/${room}/messages/${second}/report`);
      await anas.ok('PUT', `/rooms/${room}/bans/someone-from-last-year`, { expiresIn: 86_400, reason: 'Shouting' });
      await anas.ok('PUT', `/rooms/${room}/participants/${bens.id}/mute`, { expiresIn: 3600 });
      await anas.ok('PATCH', `/rooms/${room}`, { slowMode: 30 });
      const shot = name.replaceAll(' ', '-');
      const check = async (where) => {
        await ana.shoot(`moderation-${shot}-${where.replaceAll(' ', '-')}`);
        await ana.isAccessible(where);
      };
      await ana.seesMessage('Last offer');
      await openMenu(ana, 'Last offer');
      await ana.page.waitForTimeout(100);
      await check('menu');
      await ana.click('#report-message');
      await ana.sees('#ask');
      await check('report');
      await press(ana, 'Escape');
      await ana.click('#people-open');
      await ana.page.getByRole('button', { name: texts.moreAbout(bens.nickname) }).waitFor();
      await check('people');
      await choose(ana, bens.nickname, texts.ban);
      await ana.sees('#ban-time');
      await check('ban');
      await press(ana, 'Escape');
      await openPanel(ana);
      await ana.countIs('.report', 2);
      await check('panel');
      await ana.page.locator('#audit-list').evaluate((node) => node.scrollIntoView({ block: 'end' }));
      await check('panel end');
      await ben.sees('#closed');
      await close();
    });
  }
});
