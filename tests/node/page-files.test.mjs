// The page at `/` in a real browser: files are sent with messages, shown, opened and downloaded.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import korean from '../../examples/server/page/texts.ko.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { call, unique, User } from './client.mjs';
import { pdf, png } from './pictures.mjs';
import { startServer } from './server.mjs';

const MIB = 1024 * 1024;
/** More than this server takes. */
const QUOTA = 4;
const LARGE = Buffer.alloc(2 * MIB, 7);

let server;
let browser;
before(async () => {
  const config = join(tmpdir(), `${unique('chat-files')}.toml`);
  await writeFile(config, `[engine]\nmax-attachment-bytes = ${MIB}\nmax-attachment-bytes-per-user = ${QUOTA * MIB}\n`);
  [server, browser] = await Promise.all([startServer({ args: ['--config', config] }), openBrowser()]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

const HILLS = { name: 'hills.png', mimeType: 'image/png', buffer: png(1200, 800) };
const SMALL = { name: 'small.png', mimeType: 'image/png', buffer: png(200, 300, 1) };
const PLAN = { name: 'training-plan.pdf', mimeType: 'application/pdf', buffer: pdf() };

/** Ana and Ben, each at a page, in a group that both have open. */
async function scene(look = {}, others = look) {
  const names = ['Ana', 'Ben'].map(unique);
  const [ana, ben] = await Promise.all([look, others].map((one, n) => Person.open(browser, server.url, names[n], one)));
  const [anas, bens] = await Promise.all(names.map((name) => User.atPage(server.url, name)));
  const room = await anas.group([bens], 'Runners');
  await Promise.all([ana, ben].map(async (person) => {
    await person.sees('#rooms strong', 'Runners');
    await person.openRoom('Runners');
    await person.sees('#history-note');
  }));
  const close = async () => {
    for (const person of [ana, ben]) await person.isWell();
    await Promise.all([ana.close(), ben.close()]);
  };
  return { ana, ben, anas, bens, room, close };
}

const choose = ({ page }, ...files) => page.setInputFiles('#file', files);
const areUp = (person, count) => person.countIs('#files .upload.done', count);
const press = ({ page }, key) => page.keyboard.press(key);
const focused = ({ page }) => page.evaluate(() => document.activeElement.id || document.activeElement.className);
/** As if files were dragged from the desktop, or copied. */
const give = ({ page }, how, selector, files) => page.evaluate(([kind, target, list]) => {
  const data = new DataTransfer();
  for (const { name, type, bytes } of list) data.items.add(new File([Uint8Array.from(bytes)], name, { type }));
  const event = kind === 'paste'
    ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(target).dispatchEvent(event);
}, [how, selector, files.map(({ name, mimeType, buffer }) => ({ name, type: mimeType, bytes: [...buffer] }))]);

/** Uploads over REST, and gives the ids. */
async function upload(user, room, ...files) {
  const ids = [];
  for (const { name, buffer } of files) {
    const answer = await call(server.url, 'POST', `/api/chat/rooms/${room}/attachments?name=${encodeURIComponent(name)}`, { token: user.token, body: buffer });
    assert.equal(answer.status, 201, answer.text);
    ids.push(answer.body.attachmentUuid);
  }
  return ids;
}

const sendOver = async (user, room, files, content, type = 'TEXT') => (
  user.ok('POST', `/rooms/${room}/messages`, { type, content, attachments: await upload(user, room, ...files) })
);

describe('files', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`are sent with words, seen by both, opened and downloaded: ${name}`, async () => {
      const { ana, ben, close } = await scene(look);
      await choose(ana, HILLS, PLAN);
      await areUp(ana, 2);
      await ana.sees('.upload strong', PLAN.name);
      await ana.shoot(`files-chosen-${name.replaceAll(' ', '-')}`);
      await ana.say('The way over the hills, and the plan');
      await ana.seesNo('#files');
      for (const person of [ana, ben]) {
        await person.seesMessage('The way over the hills');
        const box = await (await person.sees('.tile.loaded')).boundingBox();
        assert.ok(Math.abs(box.width / box.height - 1.5) < 0.02, `${box.width} by ${box.height}`);
        const bubble = await (await person.sees('.bubble.with-files')).boundingBox();
        assert.ok(box.x >= bubble.x && box.x + box.width <= bubble.x + bubble.width, 'within its bubble');
        await person.page.getByRole('button', { name: english.pictureNamed(HILLS.name) }).waitFor();
        await person.sees('.file', PLAN.name);
        await person.sees('.file', '2.02 kB');
      }
      const [got] = await Promise.all([ben.page.waitForEvent('download'), ben.click('.file')]);
      assert.equal(got.suggestedFilename(), PLAN.name);
      assert.deepEqual(await readFile(await got.path()), PLAN.buffer);

      await ben.click('.tile');
      await ben.sees('#viewer-picture img.loaded');
      await ben.sees('#viewer-name', HILLS.name);
      assert.equal(await ben.page.evaluate(() => document.querySelector('#viewer-picture img').naturalWidth), 1200, 'all of it');
      await ben.shoot(`files-viewer-${name.replaceAll(' ', '-')}`);
      const [whole] = await Promise.all([ben.page.waitForEvent('download'), ben.click('#viewer-download')]);
      assert.deepEqual(await readFile(await whole.path()), HILLS.buffer);
      await press(ben, 'Escape');
      await ben.seesNo('#viewer');
      assert.match(await focused(ben), /tile/, 'the keyboard is where it was');
      await ben.sees('#composer');

      await ben.reload();
      await ben.sees('.tile.loaded');
      await ben.sees('.file', PLAN.name);
      await close();
    });
  }

  test('without words are named in the list, and several pictures are gone through by the keys', async () => {
    const { ana, ben, anas, bens, room, close } = await scene();
    await choose(ana, HILLS);
    await areUp(ana, 1);
    await press(ana, 'Enter');
    await ben.sees('.tile.loaded');
    await ben.sees('#rooms .preview', english.picture);
    const { messages: [{ type, content }] } = await bens.ok('GET', `/rooms/${room}/messages?limit=1`);
    assert.deepEqual([type, content], ['IMAGE', null], 'clients that know no files show it, too');
    await choose(ana, PLAN);
    await areUp(ana, 1);
    await ana.click('#send');
    await ben.sees('#rooms .preview', PLAN.name);
    await sendOver(anas, room, [HILLS, SMALL, { ...SMALL, name: 'third.png' }], undefined, 'IMAGE');
    await ben.sees('#rooms .preview', english.pictures(3));
    await ben.countIs('.pictures .tile', 4);
    await ben.page.locator('.tile').nth(1).click();
    await ben.sees('#viewer-count', english.countOf(1, 3));
    await press(ben, 'ArrowLeft');
    await press(ben, 'ArrowRight');
    await ben.sees('#viewer-name', SMALL.name);
    await ben.click('#viewer-after');
    await ben.sees('#viewer-count', english.countOf(3, 3));
    await ben.page.mouse.click(640, 790);
    await ben.seesNo('#viewer');
    await close();
  });

  test('that are pasted or dropped wait above where one writes, each room’s its own, and can be taken away', async () => {
    const { ana, anas, close } = await scene();
    await anas.group([], 'Cooks');
    await give(ana, 'paste', '#text', [HILLS]);
    await areUp(ana, 1);
    await give(ana, 'dragenter', '#scroller', [PLAN]);
    await ana.sees('#drop', english.dropHere);
    await give(ana, 'drop', '#drop', [PLAN]);
    await ana.seesNo('#drop');
    await areUp(ana, 2);
    await ana.openRoom('Cooks');
    assert.equal(await ana.count('.upload'), 0);
    await ana.openRoom('Runners');
    await areUp(ana, 2);
    await ana.page.getByRole('button', { name: english.removeFile(HILLS.name) }).click();
    await areUp(ana, 1);
    assert.equal(await focused(ana), 'text');
    await ana.click('#send');
    await ana.sees('.message .file', PLAN.name);
    assert.equal(await ana.count('.tile'), 0);
    await close();
  });

  test('say how far they are, are not sent before they are there, and are given up', async () => {
    const { ana, ben, close } = await scene();
    let goOn;
    const held = new Promise((resolve) => { goOn = resolve; });
    await ana.page.route('**/attachments?**', async (route) => {
      if (route.request().url().includes('hills')) await held;
      await route.continue().catch(() => {});
    });
    await choose(ana, HILLS, SMALL);
    await ana.page.getByRole('progressbar', { name: english.uploading(HILLS.name) }).waitFor();
    await areUp(ana, 1);
    await ana.say('too early');
    await ana.sees('#toast', english.filesUploading);
    assert.equal(await ana.page.inputValue('#text'), 'too early');
    await ana.page.getByRole('button', { name: english.removeFile(HILLS.name) }).click();
    await ana.countIs('.upload', 1);
    await ana.click('#send');
    await ben.seesMessage('too early');
    await ben.countIs('.tile', 1);
    goOn();
    await close();
  });

  test('that are refused say why, and are tried again when the connection is back', async () => {
    const { ana, ben, close } = await scene();
    await choose(ana, { name: 'large.bin', mimeType: 'application/octet-stream', buffer: LARGE });
    await ana.sees('.upload .error', english.fileTooLarge);
    await choose(ana, { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<!doctype html><script>window.hacked=1</script>') });
    await ana.sees('.upload .error', english.fileNotAllowed);
    await choose(ana, { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) });
    await ana.sees('.upload .error', english.fileBroken);
    await ana.shoot('files-refused');
    await ana.isAccessible('refused');
    await ana.click('#send');
    await ana.sees('#toast', english.filesFailed);
    for (const left of [2, 1, 0]) {
      await ana.page.locator('.upload .icon').first().click();
      await ana.countIs('.upload', left);
    }
    await ana.page.context().setOffline(true);
    await ana.sees('#offline');
    await choose(ana, HILLS);
    await ana.sees('.upload .error', english.error_OFFLINE);
    await ana.page.context().setOffline(false);
    await areUp(ana, 1);
    await choose(ana, ...Array.from({ length: 12 }, (_, n) => ({ ...SMALL, name: `${n}.png` })));
    await ana.sees('#toast', english.tooManyFiles(10));
    await areUp(ana, 10);
    await ana.shoot('files-many-chosen');
    await ana.click('#send');
    await ben.countIs('.tile', 10);
    await ben.page.waitForFunction(() => document.querySelectorAll('.tile.loaded').length === 10);
    await ben.shoot('files-many');
    await close();
  });

  test('of one who has as many as they may are refused, and tried again', async () => {
    const { ana, close } = await scene();
    const whole = (name) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.alloc(MIB, 7) });
    await choose(ana, ...Array.from({ length: QUOTA }, (_, n) => whole(`${n}.bin`)));
    await areUp(ana, QUOTA);
    await choose(ana, { ...whole('more.bin'), buffer: Buffer.from('more') });
    await ana.sees('.upload .error', english.error_QUOTA_EXCEEDED);
    await ana.sees('.upload.failed button', english.uploadAgain);
    await ana.shoot('files-quota');
    await ana.page.getByRole('button', { name: english.removeFile('more.bin') }).click();
    await ana.click('#send');
    await ana.countIs('.message .file', QUOTA);
    await close();
  });

  test('of a message that was refused go back to where one writes', async () => {
    const { ana, ben, close } = await scene();
    await choose(ana, HILLS);
    await areUp(ana, 1);
    await ana.say('long '.repeat(4000));
    await ana.sees('.message.failed');
    await ana.countIs('.message.failed .tile', 1);
    await ana.click('.failure button', english.edit);
    await areUp(ana, 1);
    await ana.say('short');
    await ben.seesMessage('short');
    await ben.sees('.tile.loaded');
    await close();
  });

  test('of a message that is deleted are gone, and words beside files can be taken away', async () => {
    const { ana, ben, anas, room, close } = await scene();
    await sendOver(anas, room, [PLAN], 'Have a look');
    await ben.sees('.file', PLAN.name);
    await ana.page.focus('#text');
    await press(ana, 'ArrowUp');
    await ana.sees('#editing');
    assert.equal(await ana.count('#attach'), 0);
    await ana.fill('#text', '');
    await press(ana, 'Enter');
    await ben.sees('.message .edited');
    assert.deepEqual(await ben.messages(), []);
    const { messages: [{ messageUuid }] } = await anas.ok('GET', `/rooms/${room}/messages?limit=1`);
    await anas.ok('DELETE', `/rooms/${room}/messages/${messageUuid}`);
    for (const person of [ana, ben]) {
      await person.sees('.bubble.deleted');
      assert.equal(await person.count('.message .file'), 0);
    }
    await close();
  });

  test('move nothing when they come, and what is loaded no more says so', async () => {
    const { ana, anas, room, close } = await scene(PHONE);
    let goOn;
    const held = new Promise((resolve) => { goOn = resolve; });
    await ana.page.route('**/thumbnail?**', async (route) => {
      await held;
      await route.continue();
    });
    await sendOver(anas, room, [HILLS], 'wide');
    await sendOver(anas, room, [{ name: 'tall.png', buffer: png(400, 2400) }], 'tall');
    await sendOver(anas, room, [HILLS, HILLS, HILLS], 'three', 'IMAGE');
    await anas.say(room, 'last');
    await ana.seesMessage('last');
    await ana.countIs('.tile', 5);
    const heights = () => ana.page.locator('.tile').evaluateAll((tiles) => tiles.map((tile) => Math.round(tile.getBoundingClientRect().height)));
    const before = await heights();
    assert.ok(before.every((height) => height > 60), String(before));
    goOn();
    await ana.page.waitForFunction(() => document.querySelectorAll('.tile.loaded').length === 5);
    assert.deepEqual(await heights(), before);
    await ana.page.unroute('**/thumbnail?**');
    await ana.page.route('**/thumbnail?**', (route) => route.abort());
    await sendOver(anas, room, [HILLS], 'gone');
    await ana.sees('.tile.gone svg');
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: { colorScheme: 'light' }, dark: { colorScheme: 'dark', locale: 'ko-KR' },
    'a light phone': { ...PHONE, colorScheme: 'light', locale: 'ko-KR' }, 'a dark phone': { ...PHONE, colorScheme: 'dark' },
  })) {
    test(name, async () => {
      const { ana, anas, bens, room, close } = await scene(look);
      const { removeFile } = look.locale ? korean : english;
      await sendOver(bens, room, [HILLS], 'The way over the hills: it is longer than the one along the river, but you can see all of the town from the top');
      await sendOver(bens, room, [SMALL, HILLS, SMALL], undefined, 'IMAGE');
      await sendOver(anas, room, [PLAN, { name: 'a very long name of a file that nobody would ever be able to read to its end.zip', buffer: Buffer.from('PK\x03\x04 and so on') }], 'All of it');
      const last = await sendOver(anas, room, [SMALL], undefined, 'IMAGE');
      await bens.ok('PUT', `/rooms/${room}/messages/${last.messageUuid}/reactions/${encodeURIComponent('👍')}`);
      await ana.sees('.reaction');
      await ana.page.waitForFunction(() => document.querySelectorAll('.tile.loaded').length === 5);
      const shot = name.replaceAll(' ', '-');
      const check = async (where) => {
        await ana.shoot(`files-${shot}-${where.replaceAll(' ', '-')}`);
        await ana.isAccessible(where);
      };
      await check('a room');
      await choose(ana, HILLS, PLAN, SMALL);
      await areUp(ana, 3);
      await ana.page.getByRole('button', { name: removeFile(PLAN.name) }).focus();
      await check('chosen');
      await ana.page.locator('.tile').nth(1).click();
      await ana.sees('#viewer-picture img.loaded');
      await check('the viewer');
      await press(ana, 'Escape');
      await close();
    });
  }
});
