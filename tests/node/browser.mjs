// People who use the page in a real browser, each in a context of their own.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const TIMEOUT = 15_000;
const AXE = new URL('node_modules/axe-core/axe.min.js', import.meta.url);

/** The size of a small phone. */
export const PHONE = { width: 375, height: 812 };

export function openBrowser() {
  const executablePath = process.env.CHROMIUM ?? PATHS.find((path) => existsSync(path));
  assert.ok(executablePath, `no browser: set CHROMIUM, or install one of ${PATHS.join(', ')}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

/** What the browser itself says when a request is refused or the server is away. */
const NETWORK = /^Failed to load resource|^WebSocket connection to/;

/** Hills under a sun. */
const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><path fill="#9fd3e6" d="M0 0h40v30H0z"/>
  <circle cx="30" cy="8" r="4" fill="#ffd166"/><path fill="#5aa36f" d="M0 24Q10 12 20 22T40 18v12H0z"/></svg>`;

/** A person at the page. `look`: {width, height, colorScheme, locale}. */
export class Person {
  /** What must not happen: errors, dialogs, what the Content-Security-Policy stopped. */
  problems = [];
  /** Requests that failed, which some tests mean to. */
  failures = [];

  static async open(browser, url, name, { width = 1280, height = 800, colorScheme = 'light', locale = 'en-US' } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT);
    const person = new Person(page, name);
    await person.#watch();
    await page.goto(url);
    await page.fill('#name', name);
    await page.click('#sign-in-form button');
    await person.sees('#status[data-state="online"]');
    return person;
  }

  constructor(page, name) {
    Object.assign(this, { page, name });
  }

  async #watch() {
    const { page, problems, failures } = this;
    page.on('pageerror', (error) => problems.push(`error: ${error.stack}`));
    page.on('dialog', (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on('console', (message) => {
      if (message.type() === 'error') (NETWORK.test(message.text()) ? failures : problems).push(`console: ${message.text()}`);
    });
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`stopped: ${violatedDirective} ${blockedURI}`));
    });
  }

  /**
   * From now on there are pictures elsewhere, without a network. All that the page asks for goes through the test then,
   * which makes loading it dearer by a quarter.
   */
  getsPictures() {
    return this.page.context().route('https://pictures.example/**', (route) => (
      route.request().url().endsWith('.svg') ? route.fulfill({ body: PICTURE, contentType: 'image/svg+xml' }) : route.abort()
    ));
  }

  /** Nothing went wrong, nothing ran that people wrote, and nothing sticks out at the side. */
  async isWell() {
    const { hacked, wide } = await this.page.evaluate(() => ({
      hacked: window.hacked,
      wide: ['html', '#scroller', '.pane'].filter((part) => (
        Array.from(document.querySelectorAll(part)).some(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      )),
    }));
    assert.equal(hacked, undefined, 'what somebody wrote has run');
    assert.deepEqual(this.problems, []);
    assert.deepEqual(wide, [], 'wider than what shows');
  }

  /** Waits until such an element shows, with this text if one is given. */
  async sees(selector, text) {
    const locator = this.page.locator(`${selector} >> visible=true`).filter({ hasText: text });
    await locator.first().waitFor();
    return locator.first();
  }

  async seesNo(selector, text) {
    await this.page.locator(`${selector} >> visible=true`).filter({ hasText: text }).first().waitFor({ state: 'hidden' });
  }

  count(selector, text) {
    return this.page.locator(`${selector} >> visible=true`).filter({ hasText: text }).count();
  }

  /** Waits until there are so many. */
  async countIs(selector, count) {
    await this.page.waitForFunction(([which, wanted]) => document.querySelectorAll(which).length === wanted, [selector, count]);
  }

  click(selector, text) {
    return this.page.locator(`${selector} >> visible=true`).filter({ hasText: text }).first().click();
  }

  fill(selector, text) {
    return this.page.fill(selector, text);
  }

  /** Loads the page again, which signs the same person in and opens the same room. */
  async reload() {
    await this.page.reload();
    await this.sees('#app');
  }

  /** Loads the page again. Gives how to tell it what the server tells in its own time only. */
  async reloadWatched() {
    let socket;
    await this.page.routeWebSocket('**/chat/ws', (route) => {
      route.connectToServer();
      socket = route;
    });
    await this.reload();
    await this.sees('#status[data-state="online"]');
    return (event, data) => socket.send(JSON.stringify({ event, data }));
  }

  // Rooms

  /** Goes back to the lists, where one pane hides the other. */
  async toLists(tab = 'rooms') {
    if (await this.page.isVisible('#back')) await this.click('#back');
    await this.click(`#${tab}-tab`);
  }

  async newChat(kind, { people, name, challenge }) {
    await this.toLists();
    await this.click('#new-room-open');
    await this.page.check(`#new-room-form [value="${kind}"]`, { force: true });
    if (challenge) await this.fill('#new-challenge', challenge);
    if (people) await this.fill('#new-room-people input', people);
    if (name) await this.fill('#new-name', name);
    await this.click('#new-room-form .primary');
  }

  async openRoom(name) {
    await this.toLists();
    await this.click('#rooms strong', name);
    await this.sees('#room-name', name);
  }

  async say(text) {
    await this.fill('#text', text);
    await this.page.press('#text', 'Enter');
  }

  /** Waits for a message with this text that the server has. */
  seesMessage(text) {
    return this.sees('.message:not(.waiting, .failed) .bubble', text);
  }

  async sendPicture(url, caption = '') {
    await this.click('#picture-open');
    await this.fill('#picture-url', url);
    await this.fill('#picture-caption', caption);
    await this.click('#picture-form .primary');
  }

  /** The texts of all messages that are loaded. */
  messages() {
    return this.page.locator('#messages .text').allInnerTexts();
  }

  // Friends

  async askFriend(name) {
    await this.toLists('friends');
    await this.fill('#friend-name', name);
    await this.click('#add-friend button');
  }

  /** What stands behind the three dots of a friend. */
  async choose(friend, choice) {
    await this.toLists('friends');
    await this.page.locator('#friends-list .person').filter({ hasText: friend }).locator('button').last().click();
    await this.click('#ask .choice', choice);
    await this.click('#ask-action');
    await this.seesNo('#ask');
  }

  /** axe finds nothing serious in what shows now. */
  async isAccessible(where) {
    const { page } = this;
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(await readFile(AXE, 'utf8'));
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
    const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} (${failureSummary})`).join(', ')}`);
    assert.deepEqual(told, [], where);
  }

  // Screenshots, for people to look at

  async shoot(name) {
    const folder = process.env.CHAT_SCREENSHOTS;
    if (folder) await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  close() {
    return this.page.context().close();
  }
}
