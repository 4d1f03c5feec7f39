// The page at `/` in a real browser: files are sent in threads.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import korean from '../../examples/server/page/texts.ko.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { pdf, png } from './pictures.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

const HILLS = { name: 'hills.png', mimeType: 'image/png', buffer: png(600, 400) };
const PLAN = { name: 'training-plan.pdf', mimeType: 'application/pdf', buffer: pdf() };

/** Ana and Ben, each at a page, in a group with two messages; Ana has the thread of the first one open. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben'].map(unique);
  const [anas, bens] = await Promise.all(names.map((name) => User.atPage(server.url, name)));
  const room = await anas.group([bens], 'Runners');
  const roots = [];
  for (const text of ['Who runs?', 'Who walks?']) roots.push((await bens.say(room, text)).messageUuid);
  const reply = (n, content) => bens.ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content, parentMessageUuid: roots[n] });
  for (const n of [0, 1]) await reply(n, `me ${n}`);
  const [ana, ben] = await Promise.all(names.map((name) => Person.open(browser, server.url, name, look)));
  await Promise.all([ana, ben].map((person) => person.openRoom('Runners')));
  await open(ana, 'Who runs?');
  const close = async () => {
    for (const person of [ana, ben]) await person.isWell();
    await Promise.all([ana.close(), ben.close()]);
  };
  return { ana, ben, anas, room, roots, close };
}

async function open(person, text) {
  await person.page.locator('#messages .message', { hasText: text }).locator('.thread').click();
  await person.sees('#thread-messages .text');
}

const choose = ({ page }, ...files) => page.setInputFiles('#thread-file', files);
const areUp = (person, count) => person.countIs('#thread-files .upload.done', count);

describe('files in a thread', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`are sent with words and without, and stay out of the room: ${name}`, async () => {
      const { ana, ben, anas, room, roots, close } = await scene(look);
      await choose(ana, HILLS, PLAN);
      await areUp(ana, 2);
      assert.equal(await ana.count('#files'), 0, 'they are for the thread');
      await ana.fill('#thread-text', 'The way');
      await ana.page.press('#thread-text', 'Enter');
      await ana.seesNo('#thread-files');
      await open(ben, 'Who runs?');
      for (const person of [ana, ben]) {
        await person.sees('#thread-messages .message:not(.waiting) .text', 'The way');
        await person.sees('#thread-messages .tile.loaded');
        await person.sees('#thread-messages .file', PLAN.name);
        assert.equal(await person.page.locator('#messages .with-files').count(), 0);
      }
      await choose(ana, HILLS);
      await areUp(ana, 1);
      await ana.click('#thread-send');
      await ben.countIs('#thread-messages .tile.loaded', 2);
      const { messages } = await anas.ok('GET', `/rooms/${room}/messages/${roots[0]}/replies`);
      assert.deepEqual(messages.slice(0, 2).map(({ type, attachments }) => [type, attachments.map((file) => file.name)]), [['IMAGE', [HILLS.name]], ['TEXT', [HILLS.name, PLAN.name]]]);
      await close();
    });
  }

  test('wait, each with its thread, and while one edits', async () => {
    const { ana, close } = await scene();
    await choose(ana, PLAN);
    await areUp(ana, 1);
    await ana.page.setInputFiles('#file', [HILLS]);
    await ana.countIs('#files .upload.done', 1);
    await open(ana, 'Who walks?');
    await ana.sees('#thread-messages .text', 'me 1');
    await ana.seesNo('#thread-files');
    await open(ana, 'Who runs?');
    await ana.sees('#thread-files .upload strong', PLAN.name);
    await ana.fill('#thread-text', 'a word');
    await ana.page.press('#thread-text', 'Enter');
    await ana.sees('#thread-messages .message:not(.waiting) .text', 'a word');
    await choose(ana, PLAN);
    await areUp(ana, 1);
    await ana.page.press('#thread-text', 'ArrowUp');
    await ana.sees('#thread-editing');
    await ana.seesNo('#thread-files');
    await ana.seesNo('#thread-attach');
    await ana.page.keyboard.press('Escape');
    await ana.sees('#thread-files .upload strong', PLAN.name);
    await ana.click('#thread-files .upload .icon');
    await ana.seesNo('#thread-files');
    await ana.sees('#files .upload strong', HILLS.name);
    await close();
  });

  test('are dropped onto it, and come back with what was refused', async () => {
    const { ana, close } = await scene();
    await ana.page.evaluate(([name, type, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], name, { type }));
      const give = (kind, target) => document.querySelector(target).dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
      give('dragenter', '#thread-scroller');
      if (document.querySelector('#thread-drop').hidden) throw new Error('it shows where to');
      if (!document.querySelector('#drop').hidden) throw new Error('and not in the room');
      give('drop', '#thread-drop');
    }, [PLAN.name, PLAN.mimeType, [...PLAN.buffer]]);
    await areUp(ana, 1);
    await ana.seesNo('#thread-drop');
    await ana.fill('#thread-text', 'x'.repeat(40_000));
    await ana.page.press('#thread-text', 'Enter');
    await ana.sees('#thread .failed .failure', english.notSent);
    await ana.sees('#thread .failed .file', PLAN.name);
    await ana.click('#thread .failed .link', english.edit);
    await ana.sees('#thread-files .upload strong', PLAN.name);
    assert.equal(await ana.count('#files'), 0);
    await ana.fill('#thread-text', 'short');
    await ana.click('#thread-send');
    await ana.sees('#thread-messages .message:not(.waiting) .file', PLAN.name);
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: {}, 'a dark phone': { ...PHONE, colorScheme: 'dark', locale: 'ko-KR' },
  })) {
    test(name, async () => {
      const words = look.locale ? korean : english;
      const { ana, close } = await scene(look);
      await choose(ana, HILLS, PLAN, { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) });
      await areUp(ana, 2);
      await ana.sees('#thread-files .upload.failed .error', words.fileBroken);
      await ana.shoot(`thread-files-${name.replaceAll(' ', '-')}-chosen`);
      await ana.isAccessible('chosen');
      await ana.click('#thread-files .failed .icon');
      await ana.click('#thread-send');
      await ana.sees('#thread-messages .tile.loaded');
      await ana.shoot(`thread-files-${name.replaceAll(' ', '-')}-sent`);
      await ana.isAccessible('sent');
      await close();
    });
  }
});
