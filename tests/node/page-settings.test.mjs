// The page at `/` in a real browser: what one lets others see of oneself, and what is kept of one.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

describe('settings', { timeout: 240_000 }, () => {
  test('one appears offline, reads unseen, and sees so on another device', async () => {
    const names = ['Ana', 'Ben'].map(unique);
    const [ana, ben] = await Promise.all(names.map((name) => Person.open(browser, server.url, name)));
    await ana.newChat('DIRECT', { people: ben.name });
    await ben.openRoom(ana.name);
    await ben.sees('#room-people', english.online);
    await ana.click('#settings-open');
    await ana.sees('#ask-title', english.settings);
    await ana.page.check('#set-invisible');
    await ana.page.uncheck('#set-receipts');
    await ana.page.selectOption('#set-last-seen', 'nobody');
    await ana.click('#ask-action');
    await ana.sees('#status[data-state="invisible"]', english.invisible);
    await ben.seesNo('#room-people', english.online);
    await ben.say('Are you there?');
    await ana.seesMessage('Are you there?');
    await ben.sees('.mine .receipt', english.sent);
    const anas = await User.atPage(server.url, ana.name);
    await anas.ok('PATCH', '/users/me/settings', { invisible: false });
    await ana.sees('#status', english.connected);
    await ben.sees('#room-people', english.online);
    await ana.click('#settings-open');
    await ana.sees('#set-invisible:not(:checked)');
    assert.equal(await ana.page.inputValue('#set-last-seen'), 'nobody');
    for (const person of [ana, ben]) {
      await person.isWell();
      await person.close();
    }
  });

  test('all that is kept of one is downloaded', async () => {
    const name = unique('Ana');
    const anas = await User.atPage(server.url, name);
    await anas.say(await anas.group([], 'Notes'), 'buy milk');
    const ana = await Person.open(browser, server.url, name);
    await ana.click('#settings-open');
    await ana.page.route('**/users/me/export', (route) => route.fulfill({ contentType: 'application/x-ndjson', body: '{"record":"header"}\n' }));
    await ana.click('#download-data');
    await ana.sees('#ask .error', english.dataIncomplete);
    await ana.page.unroute('**/users/me/export');
    const [file] = await Promise.all([ana.page.waitForEvent('download'), ana.click('#download-data')]);
    assert.match(file.suggestedFilename(), /^chat-export-\d{4}-\d\d-\d\d\.jsonl$/);
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual([lines[0].record, lines[0].userUuid, lines.at(-1).record], ['header', anas.id, 'footer']);
    assert.ok(lines.some(({ record, content }) => record === 'message' && content === 'buy milk'));
    await ana.sees('#ask [role="status"]', english.dataDownloaded);
    assert.equal(await ana.page.evaluate(() => document.activeElement.id), 'download-data', 'the keyboard stays');
    await ana.isWell();
    await ana.close();
  });

  for (const [name, look] of Object.entries({
    light: {}, 'a dark phone': { ...PHONE, colorScheme: 'dark', locale: 'ko-KR' },
  })) {
    test(`axe finds nothing serious: ${name}`, async () => {
      const ana = await Person.open(browser, server.url, unique('Ana'), look);
      await ana.shoot(`settings-${name.replaceAll(' ', '-')}-list`);
      await ana.click('#settings-open');
      await ana.sees('#set-invisible');
      await ana.shoot(`settings-${name.replaceAll(' ', '-')}`);
      await ana.isAccessible('settings');
      await ana.page.check('#set-invisible');
      await ana.click('#ask-action');
      await ana.sees('#status[data-state="invisible"]');
      await ana.shoot(`settings-${name.replaceAll(' ', '-')}-invisible`);
      await ana.isAccessible('invisible');
      await ana.isWell();
      await ana.close();
    });
  }
});
