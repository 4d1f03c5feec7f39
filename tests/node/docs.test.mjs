// The page of the API documents, in a browser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { openBrowser } from './browser.mjs';
import { startServer } from './server.mjs';

let server;
let browser;

before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

/** A page at this place of the documents, and all that goes wrong on it. */
async function open(place = '', { width = 1280, height = 800, colorScheme = 'light' } = {}) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  const faults = [];
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => { if (!/^data:/.test(request.url()) && !request.url().startsWith(server.url)) faults.push(request.url()); });
  await page.goto(`${server.url}/api/docs${place}`);
  await page.locator('article >> visible=true').first().waitFor();
  return { page, faults };
}

const document = async (name) => (await fetch(`${server.url}/api/${name}.json`)).json();

describe('the page of the API documents', () => {
  test('shows every operation, every word of the sockets and every schema', async () => {
    const [{ page, faults }, rest, sockets] = await Promise.all([open(), document('openapi'), document('asyncapi')]);
    const operations = Object.values(rest.paths).flatMap(Object.values).map(({ operationId }) => operationId);
    const ids = [
      ...operations.filter((id) => !id.endsWith('Alias')).map((id) => `rest/${id}`),
      ...Object.keys(rest.components.schemas).map((name) => `rest/schema/${name}`),
      ...Object.entries(sockets.channels).flatMap(([key, { messages }]) => Object.keys(messages).map((word) => `sockets/${key}/${word}`)),
      ...Object.keys(sockets.components.schemas).map((name) => `sockets/schema/${name}`),
    ];
    const shown = await page.locator('article').evaluateAll((all) => all.map(({ id }) => id));
    assert.deepEqual(shown.toSorted(), ids.toSorted());
    const dead = await page.locator('a[href^="#"]').evaluateAll((all) => all.map((link) => link.hash.slice(1)).filter((id) => !['rest', 'sockets'].includes(id) && !window.document.getElementById(decodeURIComponent(id))));
    assert.deepEqual(dead, [], 'links that lead nowhere');
    assert.deepEqual(faults, []);
    await page.close();
  });

  test('goes to an anchor, finds words, and changes between the protocols', async () => {
    const { page, faults } = await open('#rest/sendMessage');
    await page.waitForFunction(() => Math.abs(document.getElementById('rest/sendMessage').getBoundingClientRect().top) < 200);
    await page.fill('#search', 'clientid retry however late');
    assert.deepEqual(await page.locator('#nav a').allTextContents(), ['Send a message']);
    await page.fill('#search', 'xyzzy');
    assert.equal(await page.locator('#empty').isVisible(), true);
    await page.fill('#search', '');
    await page.click('#tabs a:has-text("Sockets")');
    await page.locator('article[id="sockets/native/ask.send"] >> visible=true').waitFor();
    assert.equal(await page.locator('article[id="rest/sendMessage"]').isVisible(), false);
    assert.deepEqual(faults, []);
    await page.close();
  });

  for (const look of [{ width: 390, colorScheme: 'light' }, { width: 390, colorScheme: 'dark' }, { colorScheme: 'dark' }]) {
    test(`fits ${look.width ?? 1280} pixels and is readable in ${look.colorScheme}`, async () => {
      const { page, faults } = await open('', look);
      for (const place of ['#rest', '#sockets']) {
        await page.evaluate((hash) => { location.hash = hash; }, place);
        await page.locator('article >> visible=true').first().waitFor();
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${wide} pixels too wide at ${place}`);
      }
      const isDark = await page.evaluate(() => /^rgb\((\d+)/.exec(getComputedStyle(document.body).backgroundColor)[1] < 60);
      assert.equal(isDark, look.colorScheme === 'dark');
      assert.deepEqual(faults, []);
      await page.close();
    });
  }
});
