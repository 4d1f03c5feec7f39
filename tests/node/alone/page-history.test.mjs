// The page at `/` in a real browser, where the history is long. How long its tasks take is counted, of the processor: beside
// others that keep its caches from it they take longer, so this file runs by itself.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../../examples/server/page/texts.en.js';
import korean from '../../../examples/server/page/texts.ko.js';
import { openBrowser, Person } from '../browser.mjs';
import { unique, User } from '../client.mjs';
import { SEEDED_ROOM, startSeeded } from '../seed.mjs';

const DAY = 86_400_000;
const PHONE = { width: 390, height: 844 };
const numbers = (total) => Array.from({ length: total }, (_, n) => n);

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

describe('a history of 5,000 messages', { timeout: 240_000 }, () => {
  const TOTAL = 5000;
  const names = ['Ana', 'Ben'].map(unique);
  const began = new Date().setHours(12, 0, 0, 0) - 24 * DAY;
  const messages = numbers(TOTAL).map((n) => ({
    by: names[Math.floor(n / 3) % 2],
    // Two hundred a day, up to yesterday.
    at: began + Math.floor(n / 200) * DAY - DAY + (n % 200) * 20_000,
    content: `message ${n + 1} ${n % 7 === 0 ? 'with some more words, so that lines are of different lengths and heights '.repeat(1 + (n % 3)) : ''}`,
  }));
  let seeded;
  before(async () => { seeded = await startSeeded(names, messages); });
  after(() => seeded?.stop());

  const open = async (look) => {
    const ana = await Person.open(browser, seeded.url, names[0], look);
    await ana.openRoom('A long story');
    await ana.seesMessage(`message ${TOTAL}`);
    return ana;
  };
  const scroller = (ana, act, ...values) => ana.page.locator('#scroller').evaluate(act, ...values);
  /** The numbers of the messages on the page. */
  const shown = async (ana) => (await ana.messages()).map((text) => Number(/\d+/.exec(text)[0]));

  test('scrolls up to its beginning and down again without a jump, smoothly, within bounds', async () => {
    const ana = await open();
    await ana.page.evaluate(countMessages);
    // The host of a virtual machine counts what it takes as the task's own: a task that is long by itself is so each time.
    let longest = Infinity;
    for (let turn = 0; turn < 3 && longest > 100; turn += 1) longest = Math.min(longest, await longestTask(ana.page, () => scrollUpAndDown(ana)));
    const most = await ana.page.evaluate(() => window.mostMessages);
    console.log(`5,000 messages: at most ${most} on the page, the longest task takes ${Math.round(longest)} ms of the processor`);
    assert.ok(longest <= 100, `a task of ${longest} ms`);
    assert.ok(most <= 360, `${most} messages on the page`);
    await ana.isWell();
    await ana.close();
  });

  async function scrollUpAndDown(ana) {
    const up = await scroller(ana, scrollThrough, { by: -1500, until: 1 });
    assert.deepEqual(up.jumps, [], 'what is in sight stays where it was');
    assert.ok(up.steps > 100, `${up.steps} steps`);
    await ana.sees('#history-note', english.beginning);
    const first = await shown(ana);
    assert.deepEqual(first, numbers(first.length).map((n) => n + 1), 'without a gap');
    const down = await scroller(ana, scrollThrough, { by: 1500, until: 800 });
    assert.deepEqual(down.jumps, []);
    console.log(`what is in sight moves by ${Math.max(up.moved, down.moved).toFixed(1)} px`);
    await ana.click('#jump');
    await ana.seesMessage(`message ${TOTAL}`);
    const last = await shown(ana);
    assert.deepEqual(last, numbers(last.length).map((n) => TOTAL - last.length + 1 + n), 'without a gap');
  }

  test('shows what is new from far above, and a way down to it', async () => {
    const ana = await open(PHONE);
    const ben = await User.atPage(seeded.url, names[1]);
    await scroller(ana, scrollThrough, { by: -2000, until: 4500 });
    await ana.sees('#jump', english.toNewest);
    const before = await scroller(ana, (node) => node.scrollTop);
    for (const n of numbers(3)) await ben.say(SEEDED_ROOM, `fresh ${n}`);
    await ana.sees('#jump', english.newMessages(3));
    assert.equal(await scroller(ana, (node) => node.scrollTop), before, 'nobody is pulled down');
    assert.ok(!(await ana.messages()).some((text) => text.startsWith('fresh')), 'and nothing is shown below a gap');
    await ana.click('#jump');
    await ana.seesMessage('fresh 2');
    await ana.seesNo('#jump');
    assert.deepEqual((await ana.messages()).slice(-3), ['fresh 0', 'fresh 1', 'fresh 2']);
    // What one writes is seen at once, wherever one was reading.
    await scroller(ana, scrollThrough, { by: -2000, until: 4500 });
    await ana.say('from up here');
    await ana.seesMessage('from up here');
    assert.deepEqual((await ana.messages()).slice(-2), ['fresh 2', 'from up here']);
    await ana.isWell();
    await ana.close();
  });

  test('names each day once, in the reader’s language', async () => {
    const ana = await open();
    // Other tests say something today.
    const days = async () => (await ana.page.locator('.day').allInnerTexts()).filter((day) => ![english.today, korean.today].includes(day));
    // Further up the beginning of yesterday would be taken off the page.
    await scroller(ana, scrollThrough, { by: -300, until: 4605 });
    const long = (language, ago) => new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date().setHours(12) - ago * DAY);
    assert.deepEqual((await days()).slice(-2), [long('en', 2), english.yesterday]);
    const first = await ana.page.locator('li:has(.day)', { hasText: english.yesterday }).innerText();
    assert.match(first, /message 4801/, 'above its first message');
    await ana.page.selectOption('#sidebar .language', 'ko');
    await ana.sees('.day', korean.yesterday);
    assert.deepEqual((await days()).slice(-2), [long('ko', 2), korean.yesterday]);
    assert.equal(new Set(await days()).size, (await days()).length);
    await ana.isWell();
    await ana.close();
  });

  test('is not read out; what is new is', async () => {
    const ana = await open();
    const ben = await User.atPage(seeded.url, names[1]);
    const said = ana.page.locator('#announcer[aria-live="polite"]');
    await scroller(ana, scrollThrough, { by: -900, until: 4800 });
    await ana.page.waitForTimeout(500);
    assert.equal(await said.innerText(), '');
    assert.equal(await ana.page.getAttribute('[role="log"]', 'aria-live'), 'off');
    await ben.say(SEEDED_ROOM, 'listen');
    await ana.page.waitForFunction(() => document.querySelector('#announcer').innerText !== '');
    assert.equal(await said.innerText(), english.saidBy(ben.nickname, 'listen'));
    await ana.close();
  });
});

/** In the browser: keeps the most messages that were on the page. */
function countMessages() {
  window.mostMessages = 0;
  new MutationObserver(() => {
    window.mostMessages = Math.max(window.mostMessages, document.querySelectorAll('#messages > li').length);
  }).observe(document.querySelector('#messages'), { childList: true });
}

/**
 * How many milliseconds of the processor the longest task of the page's thread takes while `act` runs. By the
 * clock it would be longer wherever others want the processor as well.
 */
async function longestTask(page, act) {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const threadOf = ({ pid, tid }) => `${pid} ${tid}`;
  const threads = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(threadOf);
  const tasks = traceEvents.filter((event) => event.name.endsWith('RunTask') && event.tdur && threads.includes(threadOf(event)));
  assert.ok(tasks.length > 1000, `${tasks.length} tasks`);
  return Math.max(...tasks.map(({ tdur }) => tdur)) / 1000;
}

/**
 * In the browser: scrolls by so much a frame until the message of this number is in sight, or beyond. After each step the
 * message in sight may have moved by what was scrolled, and by nothing else.
 */
async function scrollThrough(scroller, { by, until }) {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const frameOf = scroller.getBoundingClientRect();
  const isSeen = (node) => {
    const { top, bottom } = node.getBoundingClientRect();
    return bottom > frameOf.top + 1 && top < frameOf.bottom - 1;
  };
  const bubbles = () => Array.from(scroller.querySelectorAll('.bubble'));
  const jumps = [];
  let moved = 0;
  let steps = 0;
  for (const end = performance.now() + 120_000; performance.now() < end; steps += 1) {
    const seen = bubbles().filter(isSeen).map((node) => Number(/message (\d+)/.exec(node.innerText)?.[1]));
    if (seen.some((number) => (by < 0 ? number <= until : number >= until))) return { steps, jumps, moved };
    scroller.scrollTop += by;
    const anchor = bubbles().find(isSeen);
    const before = anchor?.getBoundingClientRect().top;
    // What is loaded now comes in one of the next frames.
    for (let n = 0; n < 2; n += 1) await frame();
    if (!anchor?.isConnected) continue;
    const off = Math.abs(anchor.getBoundingClientRect().top - before);
    moved = Math.max(moved, off);
    if (off > 2) jumps.push({ step: steps, off, text: anchor.innerText.slice(0, 20) });
  }
  throw new Error(`message ${until} was not reached in ${steps} steps`);
}
