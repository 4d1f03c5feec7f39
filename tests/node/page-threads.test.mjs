// The page at `/` in a real browser: threads.

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

const overRest = (name) => User.atPage(server.url, name);

/** Ana and Ben, each at a page, in a group that both have open, and that Cho is in. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben', 'Cho'].map(unique);
  const [anas, bens, chos] = await Promise.all(names.map(overRest));
  const room = await anas.group([bens, chos], 'Runners');
  const [ana, ben] = await Promise.all(names.slice(0, 2).map((name) => Person.open(browser, server.url, name, look)));
  await Promise.all([ana, ben].map((person) => person.openRoom('Runners')));
  const say = async (user, content, more = {}) => (
    (await user.ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content, ...more })).messageUuid
  );
  const close = async () => {
    for (const person of [ana, ben]) await person.isWell();
    await Promise.all([ana.close(), ben.close()]);
  };
  return { ana, ben, anas, bens, chos, room, say, close };
}

const inRoom = ({ page }, text) => page.locator('#messages .message', { has: page.locator('.text', { hasText: text }) });
const inThread = ({ page }, text) => page.locator('#thread .message', { has: page.locator('.text', { hasText: text }) });
const press = ({ page }, key) => page.keyboard.press(key);
const focused = ({ page }, id) => page.waitForFunction((wanted) => document.activeElement.id === wanted, id);
const texts = ({ page }, list) => page.locator(`${list} .text`).allTextContents();
const says = ({ page }, list, expected) => page.waitForFunction(([which, wanted]) => (
  JSON.stringify([...document.querySelectorAll(`${which} .text`)].map(({ textContent }) => textContent)) === JSON.stringify(wanted)
), [list, expected]);

async function choose(person, message, choice) {
  await message.hover();
  await message.locator('.more').click();
  await person.sees('#menu');
  if (choice) await person.click(`#${choice}-message`);
}

async function reply(person, text, { isForRoom = false } = {}) {
  await person.fill('#thread-text', text);
  if (isForRoom) await person.page.check('#thread-show');
  await person.page.press('#thread-text', 'Enter');
}

const isSent = async (person, text) => person.sees('#thread .message:not(.waiting, .failed) .text', text);

/** What stands below a message of its thread. */
const button = (person, text) => inRoom(person, text).locator('.thread');
const counts = (person, text, count) => button(person, text).filter({ hasText: english.replies(count) }).waitFor();

describe('a thread', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`is begun, read and answered by two, and stays out of the room: ${name}`, async () => {
      const { ana, ben, say, close, anas, bens, room } = await scene(look);
      await say(anas, 'Who runs on Sunday?');
      await say(bens, 'I have a question, too');
      await ana.seesMessage('I have a question, too');
      await choose(ana, inRoom(ana, 'Who runs'), 'thread');
      await ana.sees('#thread-count', english.noReplies);
      await says(ana, '#thread-root', ['Who runs on Sunday?']);
      await focused(ana, 'thread-text');
      await reply(ana, 'At nine?');
      await isSent(ana, 'At nine?');
      await counts(ben, 'Who runs', 1);
      await button(ben, 'Who runs').click();
      await says(ben, '#thread-messages', ['At nine?']);
      await reply(ben, 'At ten');
      for (const person of [ana, ben]) {
        await says(person, '#thread-messages', ['At nine?', 'At ten']);
        await person.sees('#thread-count', english.replies(2));
        assert.deepEqual(await texts(person, '#messages'), ['Who runs on Sunday?', 'I have a question, too']);
        assert.equal(await person.page.locator('#thread-messages .day').count(), 0, 'the day stands above its root');
      }
      await reply(ana, 'Ten it is', { isForRoom: true });
      for (const person of [ana, ben]) {
        await says(person, '#messages', ['Who runs on Sunday?', 'I have a question, too', 'Ten it is']);
        await inThread(person, 'Ten it is').locator('.also-in-room', { hasText: english.shownInRoom }).waitFor();
      }
      assert.equal(await ana.page.isChecked('#thread-show'), false, 'it is asked anew for each');
      // Closed by Escape and by its button; the keyboard goes back to where one came from.
      await press(ana, 'Escape');
      await ana.seesNo('#thread');
      await ana.page.waitForFunction(() => document.activeElement.className === 'thread');
      await ben.click('#thread .close');
      await ben.seesNo('#thread');
      await ben.page.waitForFunction(() => document.activeElement.className === 'thread');
      await counts(ben, 'Who runs', 3);
      assert.equal(await button(ben, 'Who runs').locator('.faces .avatar').count(), 2);
      assert.match(await button(ben, 'Who runs').getAttribute('title'), new RegExp(`^${english.openThread}${english.newestReply} .*\\d`), 'when exactly');
      // What is shown in the room leads there.
      await inRoom(ben, 'Ten it is').locator('.in-thread', { hasText: english.repliedInThread }).click();
      await says(ben, '#thread-messages', ['At nine?', 'At ten', 'Ten it is']);
      await Promise.all([ana.reload(), ben.reload()]);
      for (const person of [ana, ben]) {
        await counts(person, 'Who runs', 3);
        await says(person, '#messages', ['Who runs on Sunday?', 'I have a question, too', 'Ten it is']);
        assert.equal(await person.count('#thread'), 0);
      }
      assert.equal((await anas.ok('GET', `/rooms/${room}/messages`)).total, 5);
      await close();
    });
  }

  test('counts as unread where its replies are shown in the room, and whom it mentions is told', async () => {
    const { ana, anas, bens, say, room, close } = await scene();
    await anas.group([bens], 'Other');
    const root = await say(anas, 'Who runs?');
    await ana.openRoom('Other');
    await say(bens, 'me', { parentMessageUuid: root });
    const row = '#rooms li:has-text("Runners")';
    await ana.sees(`${row} .preview`, 'Thread · ');
    assert.equal(await ana.count(`${row} .badge`), 0);
    await say(bens, 'me, too', { parentMessageUuid: root, showInRoom: true });
    await ana.sees(`${row} .badge:not(.mentions)`, '1');
    await say(bens, `@${anas.nickname}`, { parentMessageUuid: root, mentions: [anas.id] });
    await ana.sees(`${row} .badge.mentions`);
    await ana.sees(`${row} .badge:not(.mentions)`, '1');
    const { unreadCount, mentionCount } = await anas.ok('GET', `/rooms/${room}`);
    assert.deepEqual([unreadCount, mentionCount], [1, 1], 'as the server has it');
    await ana.reload();
    await ana.sees(`${row} .badge:not(.mentions)`, '1');
    await ana.openRoom('Runners');
    await ana.sees('.first-unread');
    await ana.seesNo(`${row} .badge`);
    // While it is open, nothing of it stays unread.
    await say(bens, `once more @${anas.nickname}`, { parentMessageUuid: root, mentions: [anas.id] });
    await counts(ana, 'Who runs?', 4);
    for (let n = 0; (await anas.ok('GET', `/rooms/${room}`)).mentionCount > 0; n += 1) {
      assert.ok(n < 50, 'it is read');
      await ana.page.waitForTimeout(50);
    }
    assert.equal(await ana.count(`${row} .badge`), 0);
    await close();
  });

  test('is loaded by pages, from the newest on, and keeps its place', async () => {
    const { ana, bens, say, close } = await scene();
    const root = await say(bens, 'Count with me');
    for (let n = 0; n < 70; n += 1) await say(bens, `number ${n}`, { parentMessageUuid: root });
    // The room's newest pages hold nothing but these.
    await ana.reload();
    await inRoom(ana, 'Count with me').waitFor();
    await ana.sees('#history-note', english.beginning);
    await button(ana, 'Count').click();
    await inThread(ana, 'number 69').waitFor();
    await ana.countIs('#thread-messages .message', 30);
    const scroller = ana.page.locator('#thread-scroller');
    assert.ok(await scroller.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight) < 2, 'at the newest');
    await scroller.evaluate((node) => { node.scrollTop = 0; });
    const topOf = () => inThread(ana, 'number 45').evaluate((node) => node.getBoundingClientRect().top);
    const before = await topOf();
    await ana.click('#thread-older', english.olderReplies);
    await ana.countIs('#thread-messages .message', 60);
    assert.ok(Math.abs(await topOf() - before) <= 2, `${await topOf()} is not ${before}`);
    await ana.click('#thread-older');
    await ana.countIs('#thread-messages .message', 70);
    await ana.seesNo('#thread-older');
    assert.deepEqual((await texts(ana, '#thread-messages')).slice(0, 2), ['number 0', 'number 1']);
    // Who reads further up is not moved; who is at the end stays there.
    await scroller.evaluate((node) => { node.scrollTop = 300; });
    await ana.page.waitForTimeout(100);
    await say(bens, 'number 70', { parentMessageUuid: root });
    await inThread(ana, 'number 70').waitFor();
    assert.equal(await scroller.evaluate((node) => node.scrollTop), 300);
    await scroller.evaluate((node) => { node.scrollTop = node.scrollHeight; });
    await ana.page.waitForTimeout(100);
    await say(bens, 'number 71', { parentMessageUuid: root });
    await inThread(ana, 'number 71').waitFor();
    await ana.page.waitForFunction(() => {
      const node = document.querySelector('#thread-scroller');
      return node.scrollHeight - node.scrollTop - node.clientHeight < 2;
    });
    await close();
  });

  test('opens at a reply that was found, or pinned', async () => {
    const { ana, anas, bens, room, say, close } = await scene();
    const root = await say(bens, 'What do we need?');
    const early = await say(bens, 'a warm umbrella', { parentMessageUuid: root });
    for (let n = 0; n < 35; n += 1) await say(bens, `thing ${n}`, { parentMessageUuid: root });
    await anas.ok('PUT', `/rooms/${room}/messages/${early}/pin`);
    await anas.group([bens], 'Other');
    await ana.openRoom('Other');
    await ana.fill('#search-text', 'umbrella');
    await ana.click('#found-all .hit', 'umbrella');
    await ana.sees('#room-name', 'Runners');
    await inThread(ana, 'umbrella').and(ana.page.locator('[data-found]')).waitFor();
    await says(ana, '#messages', ['What do we need?']);
    await ana.click('#thread .close');
    await ana.click('#pins-open');
    await ana.click('#pins-list .hit', 'umbrella');
    await inThread(ana, 'umbrella').waitFor();
    await ana.seesNo('#pins');
    await close();
  });
});

describe('in a thread', { timeout: 240_000 }, () => {
  test('messages are edited, deleted, reacted to and deleted for oneself as in the room', async () => {
    const { ana, ben, anas, say, close } = await scene();
    await say(anas, 'Who runs?');
    await choose(ana, inRoom(ana, 'Who runs?'), 'thread');
    for (const text of ['one', 'two', 'three']) {
      await reply(ana, text);
      await isSent(ana, text);
    }
    await counts(ben, 'Who runs?', 3);
    await button(ben, 'Who runs?').click();
    await inThread(ben, 'three').waitFor();
    // By the keyboard, and from the menu.
    await press(ana, 'ArrowUp');
    await ana.sees('#thread-editing', english.editingMessage);
    assert.deepEqual([await ana.count('#editing'), await ana.page.inputValue('#thread-text')], [0, 'three']);
    await ana.fill('#thread-text', 'no matter');
    await press(ana, 'Escape');
    await ana.seesNo('#thread-editing');
    await ana.sees('#thread');
    await choose(ana, inThread(ana, 'two'));
    assert.deepEqual([await ana.count('#answer-message'), await ana.count('#thread-message')], [0, 0], 'a reply begins no thread');
    await ana.click('#edit-message');
    await ana.fill('#thread-text', 'two, or more');
    await press(ana, 'Enter');
    await says(ben, '#thread-messages', ['one', 'two, or more', 'three']);
    await ana.seesNo('#thread-editing');
    await choose(ben, inThread(ben, 'one'));
    await ben.click('#emoji button', '👍');
    await inThread(ana, 'one').locator('.reaction', { hasText: '👍' }).click();
    await inThread(ben, 'one').locator('.reaction .count', { hasText: '2' }).waitFor();
    await choose(ana, inThread(ana, 'three'), 'delete');
    await ana.click('#ask-action');
    await focused(ana, 'thread-scroller');
    await says(ben, '#thread-messages', ['one', 'two, or more', english.messageDeleted]);
    for (const person of [ana, ben]) await person.sees('#thread-count', english.replies(2));
    await choose(ben, inThread(ben, 'one'), 'hide');
    await ben.click('#ask-action');
    await says(ben, '#thread-messages', ['two, or more', english.messageDeleted]);
    await says(ana, '#thread-messages', ['one', 'two, or more', english.messageDeleted]);
    // The root in both places.
    await choose(ana, ana.page.locator('#thread-root .message'), 'edit');
    await ana.fill('#thread-text', 'Who walks?');
    await press(ana, 'Enter');
    for (const person of [ana, ben]) {
      await says(person, '#thread-root', ['Who walks?']);
      await says(person, '#messages', ['Who walks?']);
    }
    await choose(ben, ben.page.locator('#thread-root .message'), 'hide');
    await ben.click('#ask-action');
    await ben.seesNo('#thread');
    await says(ben, '#messages', []);
    // What was written there, and not sent, is there when one comes back.
    await ana.fill('#thread-text', 'half a');
    await press(ana, 'Escape');
    await button(ana, 'Who walks?').click();
    assert.equal(await ana.page.inputValue('#thread-text'), 'half a');
    await close();
  });

  test('a click that has begun when one more reply comes opens the thread', async () => {
    const { ana, anas, bens, room, say, close } = await scene();
    const root = await say(anas, 'Who runs?');
    await bens.ok('PUT', `/rooms/${room}/messages/${root}/reactions/like`);
    await say(bens, 'me', { parentMessageUuid: root });
    await counts(ana, 'Who runs?', 1);
    await button(ana, 'Who runs?').hover();
    await ana.page.mouse.down();
    await say(bens, 'and Cho', { parentMessageUuid: root });
    await counts(ana, 'Who runs?', 2);
    await ana.page.mouse.up();
    await says(ana, '#thread-messages', ['me', 'and Cho']);
    assert.deepEqual(await inRoom(ana, 'Who runs?').locator('.body > *').evaluateAll((all) => all.map(({ className }) => className)), ['name', 'row', 'reactions', 'thread']);
    await close();
  });

  test('what is written while one is offline waits, what is refused is tried again, edited or dropped', async () => {
    const { ana, ben, anas, bens, say, close } = await scene();
    const root = await say(anas, 'Who runs?');
    await say(bens, 'me', { parentMessageUuid: root });
    await button(ana, 'Who runs?').click();
    await inThread(ana, 'me').waitFor();
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await reply(ana, 'later');
    await reply(ana, 'later, for all', { isForRoom: true });
    await ana.sees('#thread .waiting .text', 'later, for all');
    await ana.sees('#messages .waiting .text', 'later, for all');
    assert.equal(await ana.count('#messages .waiting'), 1);
    await ana.page.context().setOffline(false);
    await says(ben, '#messages', ['Who runs?', 'later, for all']);
    await counts(ben, 'Who runs?', 3);
    await ana.countIs('.waiting', 0);
    await says(ana, '#thread-messages', ['me', 'later', 'later, for all']);
    // Too long, it is refused.
    await ana.fill('#thread-text', 'x'.repeat(40_000));
    await press(ana, 'Enter');
    await ana.sees('#thread .failed .failure', english.notSent);
    await button(ana, 'Who runs?').locator('.unsent').waitFor();
    assert.equal(await ana.count('#messages .failed'), 0);
    await press(ana, 'Escape');
    await button(ana, 'Who runs?').click();
    await ana.click('#thread .failed .link', english.retry);
    await ana.sees('#thread .failed .failure', english.notSent);
    await ana.click('#thread .failed .link', english.edit);
    await ana.countIs('.failed', 0);
    assert.equal((await ana.page.inputValue('#thread-text')).length, 40_000);
    assert.equal(await button(ana, 'Who runs?').locator('.unsent').count(), 0);
    await reply(ana, 'y'.repeat(40_000), { isForRoom: true });
    await ana.sees('#messages .failed .failure');
    await ana.click('#messages .failed .link', english.edit);
    await ana.countIs('.failed', 0);
    await focused(ana, 'thread-text');
    assert.deepEqual([(await ana.page.inputValue('#thread-text')).length, await ana.page.inputValue('#text'), await ana.page.isChecked('#thread-show')], [40_000, '', true]);
    await reply(ana, 'z'.repeat(40_000));
    await ana.click('#thread .failed .link', english.delete);
    await ana.countIs('.failed', 0);
    await close();
  });

  test('people are mentioned, and whoever cannot write sees why', async () => {
    const { ana, ben, anas, bens, say, room, close } = await scene();
    const root = await say(anas, 'Who runs?');
    await inRoom(ben, 'Who runs?').waitFor();
    await choose(ben, inRoom(ben, 'Who runs?'), 'thread');
    await ben.page.keyboard.type('@ana');
    await ben.sees('#thread-mention-list [role="option"]', anas.nickname);
    await press(ben, 'Enter');
    await ben.page.keyboard.type('do you?');
    await press(ben, 'Enter');
    await isSent(ben, 'do you?');
    const { messages: [{ mentions, parentMessageUuid, showInRoom }] } = await anas.ok('GET', `/rooms/${room}/messages?limit=1`);
    assert.deepEqual([mentions, parentMessageUuid, showInRoom], [[anas.id], root, undefined]);
    await button(ana, 'Who runs?').click();
    await ana.sees('#thread .mentions-me .mention.me');
    await anas.ok('PUT', `/rooms/${room}/participants/${bens.id}/mute`, {});
    await ben.sees('#thread-closed', english.mutedText());
    await ben.seesNo('#thread-composer');
    await ben.seesNo('#thread-show-label');
    await anas.ok('DELETE', `/rooms/${room}/participants/${bens.id}/mute`);
    await ben.sees('#thread-composer');
    await close();
  });

  test('a thread that cannot be loaded is asked for again', async () => {
    const { ana, anas, bens, say, close } = await scene();
    const root = await say(anas, 'Who runs?');
    await say(bens, 'me', { parentMessageUuid: root });
    await button(ana, 'Who runs?').waitFor();
    await ana.page.route('**/replies?**', (route) => route.abort());
    await button(ana, 'Who runs?').click();
    await ana.sees('#thread-older', english.retryReplies);
    await ana.page.unroute('**/replies?**');
    await ana.click('#thread-older');
    await inThread(ana, 'me').waitFor();
    await ana.seesNo('#thread-older');
    // By itself, once the connection is back.
    await press(ana, 'Escape');
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await button(ana, 'Who runs?').click();
    await ana.sees('#thread-older', english.retryReplies);
    await ana.page.context().setOffline(false);
    await inThread(ana, 'me').waitFor();
    await ana.seesNo('#thread-older');
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: { colorScheme: 'light' }, dark: { colorScheme: 'dark', locale: 'ko-KR' }, 'a tablet': { width: 900, height: 760 },
    'a light phone': { ...PHONE, colorScheme: 'light' }, 'a dark phone': { ...PHONE, colorScheme: 'dark', locale: 'ko-KR' },
  })) {
    test(name, async () => {
      const words = look.locale ? korean : english;
      const { ana, anas, bens, chos, say, room, close } = await scene(look);
      const root = await say(bens, 'The long run is on Sunday, we meet at the old bridge and go along the river as far as the mill. Who comes?');
      await say(anas, 'I do', { parentMessageUuid: root });
      const liked = await say(chos, 'So do I, and I bring the little one', { parentMessageUuid: root });
      await say(bens, '좋아요! 다리 앞에서 만나요', { parentMessageUuid: root, showInRoom: true });
      const mine = await say(anas, 'A picture of the hills');
      await say(chos, 'Beautiful', { parentMessageUuid: mine });
      await say(anas, 'And what do we do if it rains as it did last year, when nobody came?', { parentMessageUuid: root });
      await anas.ok('PUT', `/rooms/${room}/messages/${liked}/reactions/${encodeURIComponent('🎉')}`);
      await say(anas, 'Then we go all the same', { parentMessageUuid: root, showInRoom: true });
      await ana.seesMessage('Then we go');
      const check = async (where) => {
        await ana.shoot(`threads-${name.replaceAll(' ', '-')}-${where.replaceAll(' ', '-')}`);
        await ana.isAccessible(where);
      };
      await button(ana, 'The long run').locator('.replies', { hasText: words.replies(5) }).waitFor();
      await check('a room');
      await choose(ana, inRoom(ana, 'The long run'));
      await ana.page.waitForTimeout(100);
      await check('the menu');
      await press(ana, 'Escape');
      await button(ana, 'The long run').click();
      await inThread(ana, 'Then we go').waitFor();
      await check('a thread');
      await choose(ana, inThread(ana, 'And what'), 'edit');
      await ana.sees('#thread-editing');
      await check('editing');
      await press(ana, 'Escape');
      await ana.fill('#thread-text', '');
      await ana.page.focus('#thread-text');
      await ana.page.keyboard.type('@');
      await ana.sees('#thread-mention-list [role="option"]');
      await check('mentioning');
      await press(ana, 'Escape');
      await ana.fill('#thread-text', 'x'.repeat(40_000));
      await press(ana, 'Enter');
      await ana.sees('#thread .failed .failure');
      await ana.fill('#thread-text', 'A few words of mine, which go on for a while, so that they stand in two lines');
      await ana.page.locator('#thread .failed .text').evaluate((node) => { node.textContent = 'too much'; });
      await ana.page.locator('#thread-scroller').evaluate((node) => { node.scrollTop = node.scrollHeight; });
      await check('a refused reply');
      await ana.click('#thread .close');
      await check('a room with a refused reply');
      await ana.page.evaluate(() => localStorage.clear());
      await close();
    });
  }
});
