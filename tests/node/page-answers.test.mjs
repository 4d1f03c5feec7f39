// The page at `/` in a real browser: messages are answered with quotes, and pinned.

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

/** Ana, who owns it, and Ben, each at a page, in a group that both have open. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben'].map(unique);
  const [anas, bens] = await Promise.all(names.map(overRest));
  const room = await anas.group([bens], 'Runners');
  const [ana, ben] = await Promise.all(names.map((name) => Person.open(browser, server.url, name, look)));
  await Promise.all([ana, ben].map((person) => person.openRoom('Runners')));
  const close = async () => {
    for (const person of [ana, ben]) await person.isWell();
    await Promise.all([ana.close(), ben.close()]);
  };
  return { ana, ben, anas, bens, room, close };
}

/** The message that says this itself, whatever others quote. */
const messageOf = ({ page }, text) => page.locator('#messages .message', { has: page.locator('.text', { hasText: text }) });
const press = ({ page }, key) => page.keyboard.press(key);
const focused = ({ page }) => page.evaluate(() => document.activeElement.id);

async function choose(person, text, choice) {
  await messageOf(person, text).hover();
  await messageOf(person, text).locator('.more').click();
  await person.sees('#menu');
  if (choice) await person.click(`#${choice}-message`);
}

async function say(one, other, text) {
  await one.say(text);
  await Promise.all([one.seesMessage(text), other.seesMessage(text)]);
}

/** What the answer with this text quotes: name and words. */
const quote = (person, text) => messageOf(person, text).locator('.quote').evaluate((node) => (
  [node.querySelector('strong').innerText, node.querySelector('.excerpt').innerText]
));
const quotes = async (person, text, expected) => {
  await messageOf(person, text).locator('.quote .excerpt', { hasText: expected }).waitFor();
};
const isInSight = ({ page }, text) => page.waitForFunction((wanted) => {
  const { top, bottom } = document.querySelector('#scroller').getBoundingClientRect();
  const found = [...document.querySelectorAll('#messages .text')].find((node) => node.innerText === wanted);
  const box = found?.getBoundingClientRect();
  return Boolean(box) && box.top >= top && box.bottom <= bottom;
}, text);

describe('an answer', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`quotes what it answers, leads there, and follows it: ${name}`, async () => {
      const { ana, ben, bens, room, close } = await scene(look);
      await say(ana, ben, 'Shall we meet at nine?');
      for (let n = 0; n < 60; n += 1) await bens.say(room, `line ${n}`);
      await say(ana, ben, 'or at ten');
      await choose(ben, 'or at ten', 'answer');
      await ben.sees('#answering', english.answering(ana.name));
      await ben.sees('#answering-words', 'or at ten');
      assert.equal(await focused(ben), 'text');
      await ben.shoot(`answering-${name.replaceAll(' ', '-')}`);
      await say(ben, ana, 'Ten is better');
      await ben.seesNo('#answering');
      for (const person of [ana, ben]) {
        assert.deepEqual(await quote(person, 'Ten is better'), [person === ana ? english.you : ana.name, 'or at ten']);
      }
      assert.equal(await ana.count('.quote'), 1, 'the next one answers nothing');

      // One far up, which is not on the page after a reload.
      const { messages } = await bens.ok('GET', `/rooms/${room}/messages?limit=100`);
      const asked = messages.find(({ content }) => content === 'Shall we meet at nine?').messageUuid;
      await bens.ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content: 'Nine, too', quotedMessageUuid: asked });
      await Promise.all([ana.reload(), ben.reload()]);
      await ana.seesMessage('Nine, too');
      assert.equal(await messageOf(ana, 'Shall we meet').count(), 0);
      await messageOf(ana, 'Nine, too').locator('.quote').click();
      await ana.sees('.message[data-found]', 'Shall we meet at nine?');
      await isInSight(ana, 'Shall we meet at nine?');
      await ana.click('#jump');
      await ana.seesMessage('Nine, too');

      await choose(ana, 'or at ten', 'edit');
      await ana.fill('#text', 'or at half past ten');
      await press(ana, 'Enter');
      for (const person of [ana, ben]) await quotes(person, 'Ten is better', 'or at half past ten');
      await choose(ana, 'or at half past ten', 'delete');
      await ana.click('#ask-action');
      for (const person of [ana, ben]) await quotes(person, 'Ten is better', english.messageDeleted);
      await ben.reload();
      await quotes(ben, 'Ten is better', english.messageDeleted);
      await close();
    });
  }

  test('is let go of by Escape, waits behind an edit, and belongs to its room', async () => {
    const { ana, ben, anas, bens, room, close } = await scene();
    await say(ben, ana, '<img src=x onerror="window.hacked=1">');
    await say(ana, ben, 'mine');
    await anas.group([bens], 'Other');
    await choose(ana, 'mine', 'answer');
    await ana.sees('#answering', english.answering(english.you));
    await press(ana, 'Escape');
    await ana.seesNo('#answering');
    assert.deepEqual([await focused(ana), await ana.count('#composer')], ['text', 1], 'and the room stays open');

    await choose(ana, '<img', 'answer');
    await ana.sees('#answering-words', '<img src=x');
    await ana.fill('#text', 'half a word');
    await choose(ana, 'mine', 'edit');
    await ana.sees('#editing');
    assert.equal(await ana.count('#answering'), 0);
    await press(ana, 'Escape');
    await ana.sees('#answering', english.answering(ben.name));
    assert.equal(await ana.page.inputValue('#text'), 'half a word');
    await ana.openRoom('Other');
    assert.equal(await ana.count('#answering'), 0);
    await ana.say('answers nothing');
    await ana.seesMessage('answers nothing');
    assert.equal(await ana.count('.quote'), 0);
    await ana.openRoom('Runners');
    await ana.sees('#answering', english.answering(ben.name));
    await press(ana, 'Enter');
    await quotes(ben, 'half a word', '<img src=x');

    // What is deleted meanwhile is answered no more.
    await choose(ana, '<img', 'answer');
    await ana.sees('#answering');
    const { messages } = await bens.ok('GET', `/rooms/${room}/messages?limit=100`);
    const { messageUuid } = messages.find(({ content }) => content?.startsWith('<img'));
    await bens.ok('DELETE', `/rooms/${room}/messages/${messageUuid}`);
    await ana.seesNo('#answering');
    await close();
  });

  test('that was refused answers the same one when it is written again', async () => {
    const { ana, ben, bens, room, close } = await scene();
    await say(ben, ana, 'a question');
    await choose(ana, 'a question', 'answer');
    await ana.fill('#text', 'x'.repeat(20_000));
    await press(ana, 'Enter');
    await ana.sees('.failed .failure', english.error_PAYLOAD_TOO_LARGE);
    await ana.sees('.failed .quote', 'a question');
    await ana.click('.failure button', english.edit);
    await ana.sees('#answering-words', 'a question');
    await ana.fill('#text', 'shorter');
    await press(ana, 'Enter');
    await quotes(ben, 'shorter', 'a question');
    // It was deleted before the answer arrived.
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await choose(ana, 'a question', 'answer');
    await ana.say('to nothing');
    await ana.sees('.waiting .quote', 'a question');
    const { messages } = await bens.ok('GET', `/rooms/${room}/messages?limit=100`);
    await bens.ok('DELETE', `/rooms/${room}/messages/${messages.find(({ content }) => content === 'a question').messageUuid}`);
    await ana.page.context().setOffline(false);
    await ana.sees('.failed .failure', english.quotedDeleted);
    await close();
  });
});

describe('pins', { timeout: 240_000 }, () => {
  test('are put by whoever may, stand on top for all, and lead to their messages', async () => {
    const { ana, ben, anas, bens, room, close } = await scene();
    await say(ben, ana, 'Bring water');
    for (let n = 0; n < 60; n += 1) await bens.say(room, `line ${n}`);
    await say(ana, ben, 'We meet at the bridge');
    await choose(ben, 'We meet at the bridge');
    assert.deepEqual([await ben.count('#pin-message'), await ben.count('#answer-message')], [0, 1], 'a member may not');
    await press(ben, 'Escape');
    await choose(ana, 'We meet at the bridge', 'pin');
    for (const person of [ana, ben]) {
      await person.sees('#pins-open', english.pinsCount(1));
      await person.sees('#pins-newest', 'We meet at the bridge');
      await messageOf(person, 'We meet at the bridge').locator('.pinned').waitFor();
    }
    const { messages } = await anas.ok('GET', `/rooms/${room}/messages?limit=100`);
    const water = messages.find(({ content }) => content === 'Bring water').messageUuid;
    await anas.ok('PUT', `/rooms/${room}/messages/${water}/pin`);
    await ben.sees('#pins-newest', `${english.you}: Bring water`);
    await ben.reload();
    await ben.click('#pins-open', english.pinsCount(2));
    assert.deepEqual(await ben.page.locator('#pins-list .snippet').allInnerTexts(), ['Bring water', 'We meet at the bridge']);
    assert.equal(await ben.count('#pins-list .icon'), 0);
    await ben.click('#pins-list .hit', 'Bring water');
    await isInSight(ben, 'Bring water');

    // They follow what they say, and are off again.
    await bens.ok('PATCH', `/rooms/${room}/messages/${water}`, { content: 'Bring water and bread' });
    await ben.sees('#pins-list .snippet', 'Bring water and bread');
    await ana.sees('#pins-newest', 'Bring water and bread');
    await ana.click('#pins-open');
    await ana.page.locator('.pin', { hasText: 'Bring water' }).getByRole('button', { name: english.unpin }).click();
    for (const person of [ana, ben]) await person.sees('#pins-open', english.pinsCount(1));
    await choose(ana, 'We meet at the bridge', 'pin');
    for (const person of [ana, ben]) await person.seesNo('#pins-open');
    await ana.sees('#pins-empty', english.noPins);
    await ana.click('#pins .close');
    await ana.seesNo('#pins');
    assert.equal(await focused(ana), 'scroller', 'the strip that opened it is gone');
    await close();
  });

  test('that came while one was away, or are of a deleted message, are as they are; what one reads moves by nothing', async () => {
    const { ana, ben, anas, bens, room, close } = await scene(PHONE);
    for (let n = 0; n < 30; n += 1) await bens.say(room, `line ${n}`);
    await ana.seesMessage('line 29');
    const { messages } = await anas.ok('GET', `/rooms/${room}/messages?limit=100`);
    const uuid = messages.find(({ content }) => content === 'line 29').messageUuid;
    await messageOf(ana, 'line 8').evaluate((node) => node.scrollIntoView({ block: 'start' }));
    await ana.page.waitForTimeout(100);
    const topOf = () => messageOf(ana, 'line 12').locator('.bubble').evaluate((node) => node.getBoundingClientRect().top);
    const before = await topOf();
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await anas.ok('PUT', `/rooms/${room}/messages/${uuid}/pin`);
    await ana.page.context().setOffline(false);
    await ana.sees('#pins-newest', 'line 29');
    await ana.seesNo('#offline');
    await ana.page.waitForTimeout(100);
    assert.ok(Math.abs(await topOf() - before) <= 2, `${await topOf()} is not ${before}`);
    // The end stays in sight where one is at it.
    assert.ok(await ben.page.locator('#scroller').evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight) < 2);
    await ana.click('#pins-open');
    await ana.click('#pins-list .hit', 'line 29');
    await ana.seesNo('#pins');
    await isInSight(ana, 'line 29');
    await bens.ok('DELETE', `/rooms/${room}/messages/${uuid}`);
    for (const person of [ana, ben]) await person.seesNo('#pins-open');
    await close();
  });

  test('of another room are not shown', async () => {
    const { ana, anas, bens, room, close } = await scene();
    const { messageUuid } = await anas.say(room, 'here');
    await anas.ok('PUT', `/rooms/${room}/messages/${messageUuid}/pin`);
    const other = await anas.group([bens], 'Other');
    await ana.sees('#pins-open');
    await ana.openRoom('Other');
    await ana.seesNo('#pins-open');
    await anas.ok('DELETE', `/rooms/${room}/messages/${messageUuid}/pin`);
    const theirs = await anas.say(other, 'there');
    await anas.ok('PUT', `/rooms/${other}/messages/${theirs.messageUuid}/pin`);
    await ana.sees('#pins-newest', 'there');
    await ana.openRoom('Runners');
    await ana.seesNo('#pins-open');
    // Nor when they come late.
    let release;
    await ana.page.route(`**/rooms/${other}/pins?**`, async (route) => {
      await new Promise((resolve) => (release = resolve));
      await route.continue();
    });
    await ana.openRoom('Other');
    await ana.openRoom('Runners');
    const late = ana.page.waitForResponse((answer) => answer.url().includes(`${other}/pins`));
    release();
    await late;
    await ana.page.waitForTimeout(200);
    assert.equal(await ana.count('#pins-open'), 0);
    await ana.page.unrouteAll();
    await close();
  });
});

isAccessibleInEachLook('answers', async (look, words, check) => {
  const { ana, ben, anas, bens, room, close } = await scene(look);
  await Promise.all([ana, ben].map((person) => person.getsPictures()));
  const said = async (user, content, quotedMessageUuid) => (
    (await user.ok('POST', `/rooms/${room}/messages`, { ...(typeof content === 'string' ? { type: 'TEXT', content } : content), quotedMessageUuid })).messageUuid
  );
  const long = await said(bens, 'The long run is on Sunday, we meet at the old bridge and go along the river as far as the mill, and whoever wants goes on to the next one.');
  const picture = await said(bens, { type: 'IMAGE', imageUrl: 'https://pictures.example/hills.svg' });
  const gone = await said(bens, 'oops');
  await said(anas, 'I come', long);
  await said(bens, '물레방아 앞에서 만나요', picture);
  await said(anas, { type: 'IMAGE', imageUrl: 'https://pictures.example/hills.svg', content: 'These hills?' }, gone);
  await said(bens, 'What was that?', gone);
  await bens.ok('DELETE', `/rooms/${room}/messages/${gone}`);
  for (const uuid of [picture, long]) await anas.ok('PUT', `/rooms/${room}/messages/${uuid}/pin`);
  await ana.sees('#pins-open', words.pinsCount(2));
  await quotes(ana, 'What was that?', words.messageDeleted);
  await check(ana, 'a room');
  await choose(ana, 'What was that?');
  await ana.page.waitForTimeout(100);
  await check(ana, 'the menu');
  await press(ana, 'Escape');
  await choose(ana, 'I come');
  await ana.page.waitForTimeout(100);
  await check(ana, 'the menu of ones own');
  await press(ana, 'Escape');
  await choose(ana, 'The long run', 'answer');
  await ana.sees('#answering');
  await check(ana, 'answering');
  await ana.click('#pins-open');
  await ana.countIs('#pins-list .hit', 2);
  await check(ana, 'the pins');
  await close();
});
