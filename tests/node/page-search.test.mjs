// The page at `/` in a real browser: messages are looked for, in all chats and in one.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import korean from '../../examples/server/page/texts.ko.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { isAccessibleInEachLook } from './looks.mjs';
import { SEEDED_ROOM, startSeeded } from './seed.mjs';
import { startServer } from './server.mjs';

const numbers = (total) => Array.from({ length: total }, (_, n) => n);

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

const overRest = (name, url = server.url) => User.atPage(url, name);

/** Ana at her page, who is with Ben in two groups. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben'].map(unique);
  const [anas, bens] = await Promise.all(names.map((name) => overRest(name)));
  const runners = await anas.group([bens], 'Runners');
  const cooks = await anas.group([bens], 'Cooks');
  const begin = async () => {
    const ana = await Person.open(browser, server.url, names[0], look);
    await ana.sees('#rooms strong', 'Runners');
    return ana;
  };
  return { anas, bens, runners, cooks, begin };
}

const close = async (...people) => {
  for (const person of people) {
    await person.isWell();
    await person.close();
  }
};
const press = ({ page }, key) => page.keyboard.press(key);
const texts = ({ page }, selector) => page.locator(`${selector} >> visible=true`).allInnerTexts();
const focused = ({ page }) => page.evaluate(() => document.activeElement.id || document.activeElement.className);
/** Writes into a field, and waits for what is said about it. */
const look = async (person, field, words, said) => {
  await person.fill(field, words);
  await person.sees('.found-count', said);
};
/** Waits until the message with this text stands in sight of the room. */
const isInSight = ({ page }, text) => page.waitForFunction((wanted) => {
  const { top, bottom } = document.querySelector('#scroller').getBoundingClientRect();
  const found = [...document.querySelectorAll('#messages .bubble')].find((node) => node.innerText.includes(wanted));
  const box = found?.getBoundingClientRect();
  return Boolean(box) && box.top >= top && box.bottom <= bottom;
}, text);

describe('a search in all chats', { timeout: 240_000 }, () => {
  for (const [name, shape] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`finds words, says where and by whom, and opens the room there: ${name}`, async () => {
      const { anas, bens, runners, cooks, begin } = await scene(shape);
      await bens.say(runners, 'The old bridge at nine, as ever');
      for (const n of numbers(60)) await bens.say(runners, `line ${n}`);
      await anas.say(cooks, 'A bridge of <b>gingerbread</b> & sugar');
      const ana = await begin();
      await look(ana, '#search-text', 'BRIDGE', english.found(2, false));
      assert.equal(await ana.count('#rooms'), 0, 'the chats make way');
      assert.deepEqual((await texts(ana, '.hit strong')), ['Cooks', 'Runners']);
      assert.deepEqual((await texts(ana, '.hit .by')), [english.you, bens.nickname]);
      assert.deepEqual((await texts(ana, '.hit .snippet')), ['A bridge of <b>gingerbread</b> & sugar', 'The old bridge at nine, as ever'], 'what people write is only text');
      assert.deepEqual((await texts(ana, '.hit mark')), ['bridge', 'bridge']);
      for (const time of await ana.page.locator('.hit time').all()) assert.match(await time.getAttribute('datetime'), /^\d{4}-.*Z$/);
      await ana.shoot(`search-${name.replaceAll(' ', '-')}`);

      await ana.click('.hit', 'The old bridge');
      await ana.sees('#room-name', 'Runners');
      await ana.sees('.message[data-found]', 'The old bridge');
      await isInSight(ana, 'The old bridge');
      await ana.shoot(`search-opened-${name.replaceAll(' ', '-')}`);
      await ana.page.waitForFunction(() => document.querySelector('#announcer').innerText.includes('The old bridge'));
      assert.equal(await ana.page.evaluate(() => document.activeElement.innerText.includes('The old bridge')), true, 'the keyboard is there');
      await ana.page.waitForFunction(() => !document.querySelector('[data-found]'));
      await isInSight(ana, 'The old bridge');
      // From there one goes on as ever.
      await ana.click('#jump');
      await ana.seesMessage('line 59');

      // What was found is still there, and lets go of the list.
      if (shape.width) await ana.click('#back');
      await ana.sees('.hit[aria-current="true"]', 'The old bridge');
      await ana.click('.search-clear');
      await ana.sees('#rooms strong', 'Cooks');
      assert.deepEqual([await ana.count('.hit'), await focused(ana)], [0, 'search-text']);
      await close(ana);
    });
  }

  test('is used by the keyboard alone', async () => {
    const { bens, runners, begin } = await scene();
    for (const word of ['first', 'second', 'third']) await bens.say(runners, `the ${word} apple`);
    const ana = await begin();
    await ana.page.focus('#search-text');
    await ana.page.keyboard.type('apple');
    await ana.sees('.found-count', english.found(3, false));
    const here = () => ana.page.evaluate(() => document.activeElement.querySelector('.snippet')?.innerText ?? document.activeElement.id);
    for (const [key, expected] of [
      ['ArrowDown', 'the third apple'], ['ArrowDown', 'the second apple'], ['End', 'the first apple'], ['ArrowDown', 'the first apple'],
      ['Home', 'the third apple'], ['ArrowUp', 'search-text'], ['ArrowUp', 'search-text'], ['ArrowDown', 'the third apple'], ['ArrowDown', 'the second apple'],
    ]) {
      await press(ana, key);
      assert.equal(await here(), expected, key);
    }
    await press(ana, 'Enter');
    await ana.sees('#room-name', 'Runners');
    await ana.sees('.message[data-found]', 'second');
    // Back out of the room, to what one came from.
    await press(ana, 'Escape');
    assert.equal(await here(), 'the second apple');
    await press(ana, 'Escape');
    await ana.sees('#rooms strong', 'Runners');
    assert.deepEqual([await here(), await ana.page.inputValue('#search-text')], ['search-text', '']);
    // Enter does not wait for the pause.
    await ana.page.keyboard.type('second');
    await press(ana, 'Enter');
    await ana.sees('.found-count', english.found(1, false));
    await close(ana);
  });

  test('says that nothing was found, and what went wrong', async () => {
    const { bens, runners, begin } = await scene();
    await bens.say(runners, 'something');
    const ana = await begin();
    await look(ana, '#search-text', 'elephant', english.foundNothing);
    assert.equal(await ana.page.getAttribute('.found-count', 'role'), 'status');
    await look(ana, '#search-text', 'x', english.error_INVALID_INPUT_q);
    assert.deepEqual([await ana.count('.hit'), await ana.count('.found-more')], [0, 0]);
    await ana.page.context().setOffline(true);
    await look(ana, '#search-text', 'something', english.error_OFFLINE);
    await ana.shoot('search-failed');
    await ana.page.context().setOffline(false);
    await ana.click('.found-more', english.retry);
    await ana.sees('.hit', 'something');
    assert.equal(await ana.count('.found-count.error'), 0);
    await close(ana);
  });

  test('waits for a pause, and drops what comes too late', async () => {
    const { bens, runners, begin } = await scene();
    for (const word of ['apple', 'applepie']) await bens.say(runners, word);
    const ana = await begin();
    const asked = [];
    let releaseFirst;
    await ana.page.route('**/api/chat/search?**', async (route) => {
      const q = new URL(route.request().url()).searchParams.get('q');
      asked.push(q);
      if (q === 'apple') await new Promise((resolve) => (releaseFirst = resolve));
      await route.continue();
    });
    await ana.page.focus('#search-text');
    await ana.page.keyboard.type('apple', { delay: 20 });
    await ana.sees('.found-count', english.searching);
    await ana.page.waitForTimeout(400);
    assert.deepEqual(asked, ['apple'], 'one question for five keys');
    await ana.page.keyboard.type('pie', { delay: 20 });
    await ana.sees('.found-count', english.found(1, false));
    const late = ana.page.waitForResponse((answer) => answer.url().endsWith('q=apple&limit=20'));
    releaseFirst();
    await late;
    await ana.page.waitForTimeout(100);
    assert.deepEqual([await texts(ana, '.hit .snippet'), asked], [['applepie'], ['apple', 'applepie']]);
    // Nor does it come when nothing is asked any more.
    await ana.fill('#search-text', 'apple');
    await ana.page.waitForTimeout(400);
    await press(ana, 'Escape');
    releaseFirst();
    await ana.page.waitForTimeout(200);
    assert.deepEqual([await ana.count('.hit'), await ana.count('#rooms')], [0, 1]);
    await ana.page.unrouteAll();
    await close(ana);
  });

  test('keeps what was not sent', async () => {
    const { bens, runners, begin } = await scene();
    await bens.say(runners, 'the old bridge');
    const ana = await begin();
    await ana.openRoom('Runners');
    await ana.say('x'.repeat(20_000));
    await ana.sees('.message.failed');
    await ana.openRoom('Cooks');
    await look(ana, '#search-text', 'bridge', english.found(1, false));
    await ana.click('.hit');
    await ana.sees('.message[data-found]', 'the old bridge');
    await ana.sees('.message.failed');
    await close(ana);
  });

  test('follows what becomes of what was found, and the language', async () => {
    const { anas, bens, runners, begin } = await scene();
    const { messageUuid } = await bens.say(runners, 'a secret word');
    await bens.say(runners, 'a known word');
    const ana = await begin();
    await look(ana, '#search-text', 'word', english.found(2, false));
    await bens.ok('DELETE', `/rooms/${runners}/messages/${messageUuid}`);
    await ana.sees('.found-count', english.found(1, false));
    assert.deepEqual(await texts(ana, '.hit .snippet'), ['a known word']);
    await anas.ok('PATCH', `/rooms/${runners}`, { name: 'Walkers' });
    await ana.sees('.hit strong', 'Walkers');
    await ana.page.selectOption('#sidebar .language', 'ko');
    await ana.sees('.found-count', korean.found(1, false));
    assert.equal(await ana.page.getAttribute('#search-text', 'placeholder'), korean.searchAll);
    await close(ana);
  });
});

describe('a search in a long history', { timeout: 240_000 }, () => {
  const names = ['Ana', 'Ben'].map(unique);
  const messages = numbers(1000).map((n) => ({
    by: names[n % 2], at: Date.now() - (2000 - n) * 60_000, content: n % 20 === 3 ? `needle ${n} in the hay` : `hay ${n}`,
  }));
  let seeded;
  before(async () => { seeded = await startSeeded(names, messages); });
  after(() => seeded?.stop());

  test('in the open chat alone, goes further back as one scrolls, and there and back without a gap', async () => {
    const ana = await Person.open(browser, seeded.url, names[0]);
    const bens = await overRest(names[1], seeded.url);
    const other = await bens.group([{ id: names[0].toLowerCase() }], 'Other');
    await bens.say(other, 'a needle elsewhere');
    await ana.openRoom('A long story');
    await ana.click('#room-search-open');
    assert.equal(await focused(ana), 'room-search-text');
    // The index is made in the background.
    for (const end = Date.now() + 20_000; ;) {
      const { body } = await bens.get(`/search?q=needle&limit=100&roomUuid=${SEEDED_ROOM}`);
      if (body.results.length === 50) break;
      assert.ok(Date.now() < end, `${body.results.length} found`);
      await ana.page.waitForTimeout(200);
    }
    await look(ana, '#room-search-text', 'needle', english.found(20, true));
    assert.equal(await ana.count('#room-search .by'), 0, 'who said it stands on top');
    assert.deepEqual((await texts(ana, '.hit strong')).slice(0, 2), [names[1], names[1]]);
    for (const last of [english.found(40, true), english.found(50, false)]) {
      await ana.page.locator('#room-search .pane').evaluate((node) => { node.scrollTop = node.scrollHeight; });
      await ana.sees('.found-count', last);
    }
    assert.equal(await ana.count('.found-more'), 0);
    const found = await texts(ana, '.hit .snippet');
    assert.deepEqual(found, numbers(50).map((n) => `needle ${983 - 20 * n} in the hay`));

    await ana.click('.hit', 'needle 503 ');
    await ana.sees('.message[data-found]', 'needle 503 ');
    await isInSight(ana, 'needle 503 ');
    assert.equal(await ana.count('#room-search'), 1, 'it stays beside the room');
    // Another one, far away, and one that is on the page already.
    await ana.click('.hit', 'needle 43 ');
    await isInSight(ana, 'needle 43 ');
    await ana.click('.hit', 'needle 23 ');
    await isInSight(ana, 'needle 23 ');
    const shown = (await ana.messages()).map((text) => Number(/\d+/.exec(text)[0]));
    assert.deepEqual(shown, numbers(shown.length).map((n) => shown[0] + n), 'without a gap');
    // What is said meanwhile is down there, with what one says.
    await bens.say(SEEDED_ROOM, 'live');
    await ana.sees('#jump', english.newMessages(1));
    await ana.say('from up here');
    await ana.seesMessage('from up here');
    assert.deepEqual((await ana.messages()).slice(-2), ['live', 'from up here']);
    // Escape: first the words, then the search.
    await ana.page.focus('#room-search-text');
    await press(ana, 'Escape');
    await ana.seesNo('.hit');
    assert.equal(await ana.count('#room-search'), 1);
    await press(ana, 'Escape');
    await ana.seesNo('#room-search');
    assert.equal(await focused(ana), 'room-search-open');
    await close(ana);
  });

  test('on a phone stands over the room, and makes way for what was chosen', async () => {
    const ana = await Person.open(browser, seeded.url, names[0], { ...PHONE, locale: 'ko-KR' });
    await ana.openRoom('A long story');
    await ana.click('#room-search-open');
    await look(ana, '#room-search-text', 'needle', korean.found(20, true));
    await ana.shoot('search-in-room-a-phone');
    await ana.click('.hit', 'needle 983');
    await ana.seesNo('#room-search');
    await isInSight(ana, 'needle 983');
    // It is as one left it.
    await ana.click('#room-search-open');
    await ana.sees('.hit[aria-current="true"]', 'needle 983');
    // Its people take its place, and it takes theirs.
    await press(ana, 'Escape');
    await press(ana, 'Escape');
    await ana.click('#people-open');
    await ana.sees('#people-list .person');
    assert.equal(await ana.count('#room-search'), 0);
    await close(ana);
  });
});

isAccessibleInEachLook('search', async (shape, words, check) => {
  const { anas, bens, runners, cooks, begin } = await scene(shape);
  await bens.say(cooks, `The river is long. ${'We go along its bank, past the mill and the old mill, '.repeat(6)}and home.`);
  await anas.say(runners, 'Meet at the mill, 강변 달리기 모임은 일요일 아침에 물레방아 앞에서 만나요');
  await bens.say(runners, 'A mill? https://mill.example/the-mill');
  const ana = await begin();
  await check(ana, 'the rooms');
  await look(ana, '#search-text', 'mill', words.found(3, false));
  await check(ana, 'what was found');
  await look(ana, '#search-text', 'millstone', words.foundNothing);
  await check(ana, 'nothing found');
  await look(ana, '#search-text', 'm', words.error_INVALID_INPUT_q);
  await check(ana, 'an error');
  await look(ana, '#search-text', 'mill', words.found(3, false));
  await ana.click('.hit', 'Meet at');
  await ana.sees('.message[data-found]');
  await check(ana, 'a message found');
  await ana.click('#room-search-open');
  await look(ana, '#room-search-text', 'mill', words.found(2, false));
  await check(ana, 'in a room');
  await close(ana);
});
