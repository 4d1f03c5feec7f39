// The page at `/` in a real browser: messages are edited, deleted and reacted to.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import { openBrowser, Person, PHONE } from './browser.mjs';
import { unique, User } from './client.mjs';
import { startServer } from './server.mjs';

let server;
let browser;
before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

const overRest = (name) => User.atPage(server.url, name);

/** Ana and Ben, each at a page, in a group that both have open. */
async function scene(look = {}) {
  const names = ['Ana', 'Ben'].map(unique);
  const [ana, ben] = await Promise.all(names.map((name) => Person.open(browser, server.url, name, look)));
  const [anas, bens] = await Promise.all(names.map(overRest));
  const room = await anas.group([bens], 'Runners');
  await Promise.all([ana, ben].map(async (person) => {
    await person.sees('#rooms strong', 'Runners');
    await person.openRoom('Runners');
    await person.sees('#history-note', english.beginning);
  }));
  const close = async () => {
    for (const person of [ana, ben]) await person.isWell();
    await Promise.all([ana.close(), ben.close()]);
  };
  return { ana, ben, anas, bens, room, close };
}

const messageOf = ({ page }, text) => page.locator('#messages .message').filter({ hasText: text });
const press = ({ page }, key) => page.keyboard.press(key);

async function openMenu(person, text) {
  await messageOf(person, text).hover();
  await messageOf(person, text).locator('.more').click();
  await person.sees('#menu');
}

async function say(one, other, text) {
  await one.say(text);
  await Promise.all([one.seesMessage(text), other.seesMessage(text)]);
}

describe('a message that is being written', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ light: {}, 'a dark phone': { ...PHONE, colorScheme: 'dark' } })) {
    test(`grows before one’s eyes: ${name}`, async () => {
      const { ana, bens, room, close } = await scene(look);
      const agent = await bens.connect();
      const { message } = await agent.request('startStream', { room });
      const append = (text) => agent.request('appendStream', { room, messageUuid: message.messageUuid, text });
      const bubble = ana.page.locator('#messages .bubble.streaming');
      await bubble.waitFor();
      await append('Three easy runs this week');
      await messageOf(ana, 'Three easy runs this week').waitFor();
      await append(', one of them long, and a day of rest');
      await messageOf(ana, 'one of them long, and a day of rest').waitFor();
      if (!look.width) await ana.sees('#rooms li', 'Three easy runs');
      await ana.shoot(`streaming-${name.replaceAll(' ', '-')}`);
      await agent.request('stopStream', { room, messageUuid: message.messageUuid });
      await bubble.waitFor({ state: 'detached' });
      await messageOf(ana, 'Three easy runs this week, one of them long, and a day of rest').waitFor();
      await agent.close();
      await close();
    });
  }
});

describe('a message that changes under a press', { timeout: 240_000 }, () => {
  test('opens its menu beside it all the same, and is drawn anew then', async () => {
    const { ana, ben, bens, room, close } = await scene();
    const { messageUuid } = await bens.say(room, 'Meet at nine');
    await ana.seesMessage('Meet at nine');
    await messageOf(ana, 'Meet at nine').hover();
    const button = messageOf(ana, 'Meet at nine').locator('.more');
    await button.hover();
    const at = await button.boundingBox();
    await ana.page.mouse.down();
    await bens.ok('PATCH', `/rooms/${room}/messages/${messageUuid}`, { content: 'Meet at ten' });
    await ana.sees('#rooms .preview', 'Meet at ten');
    await ana.page.mouse.up();
    await ana.sees('#menu');
    await ana.seesMessage('Meet at ten');
    const menu = await ana.page.locator('#menu').boundingBox();
    assert.ok(menu.x < at.x + at.width && at.x < menu.x + menu.width, `beside ${at.x}: ${menu.x}`);
    await press(ana, 'Escape');
    await ben.seesMessage('Meet at ten');
    await close();
  });

  test('is drawn anew at once under any other button than the first, and once a drag has ended', async () => {
    const { ana, bens, room, close } = await scene();
    const { messageUuid } = await bens.say(room, 'Meet at nine');
    const edit = (content) => bens.ok('PATCH', `/rooms/${room}/messages/${messageUuid}`, { content });
    await ana.seesMessage('Meet at nine');
    await messageOf(ana, 'Meet at nine').hover();
    await ana.page.mouse.down({ button: 'middle' });
    await edit('Meet at ten');
    await ana.seesMessage('Meet at ten');
    await ana.page.mouse.up({ button: 'middle' });
    await messageOf(ana, 'Meet at ten').hover();
    await ana.page.mouse.down();
    await edit('Meet at eleven');
    await ana.sees('#rooms .preview', 'Meet at eleven');
    // As after a drag, which swallows the release of the button.
    await ana.page.evaluate(() => document.body.dispatchEvent(new DragEvent('dragend', { bubbles: true })));
    await ana.seesMessage('Meet at eleven');
    await ana.page.mouse.up();
    await close();
  });
});

describe('a message of one’s own', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({ desktop: {}, 'a phone': PHONE })) {
    test(`is edited and deleted, seen by others at once and after a reload: ${name}`, async () => {
      const { ana, ben, close } = await scene(look);
      await say(ana, ben, 'Meet at nine');
      await say(ben, ana, 'Fine');
      await say(ana, ben, 'Bring water');
      await openMenu(ana, 'Meet at nine');
      await ana.click('#edit-message');
      await ana.sees('#editing', english.editingMessage);
      assert.equal(await ana.page.inputValue('#text'), 'Meet at nine');
      await ana.fill('#text', 'Meet at ten');
      await press(ana, 'Enter');
      for (const person of [ana, ben]) {
        await person.seesMessage('Meet at ten');
        const edited = await person.sees('.message .edited', english.edited);
        assert.match(await edited.getAttribute('title'), /\d{4}/);
      }
      await ana.seesNo('#editing');
      assert.equal(await ana.page.inputValue('#text'), '');

      await openMenu(ana, 'Bring water');
      await ana.click('#delete-message');
      await ana.sees('#ask', english.deleteTitle);
      await ana.click('#ask-action');
      for (const person of [ana, ben]) await person.sees('.bubble.deleted', english.messageDeleted);
      await ana.page.waitForFunction(() => document.activeElement.id === 'scroller');
      const all = ['Meet at ten', 'Fine', english.messageDeleted];
      for (const person of [ana, ben]) assert.deepEqual(await person.messages(), all);
      await ben.toLists();
      await ben.sees('#rooms .preview', english.messageDeleted);
      await ben.openRoom('Runners');
      await Promise.all([ana.reload(), ben.reload()]);
      for (const person of [ana, ben]) {
        await person.sees('.bubble.deleted', english.messageDeleted);
        await person.sees('.message .edited');
        assert.deepEqual(await person.messages(), all);
      }
      assert.equal(await messageOf(ana, english.messageDeleted).locator('.more').count(), 0, 'nothing is left to do with it');
      await close();
    });
  }

  test('is edited by the keyboard: arrow-up, Escape, Enter', async () => {
    const { ana, ben, close } = await scene();
    await say(ana, ben, 'one');
    await say(ana, ben, 'two');
    await say(ben, ana, 'not hers');
    await ana.page.focus('#text');
    await press(ana, 'ArrowUp');
    await ana.sees('[data-edited]', 'two');
    await ana.page.keyboard.type(', or three');
    await press(ana, 'Escape');
    await ana.seesNo('#editing');
    await ana.sees('#composer');
    assert.deepEqual([await ana.page.inputValue('#text'), await ana.count('[data-edited]')], ['', 0]);
    // What is being written is no message, and comes back behind an edit.
    await ana.page.keyboard.type('half a word');
    await press(ana, 'ArrowUp');
    assert.equal(await ana.count('#editing'), 0);
    await openMenu(ana, 'one');
    await ana.click('#edit-message');
    await ana.page.keyboard.type(' more');
    await press(ana, 'Enter');
    await ben.seesMessage('one more');
    await ana.page.waitForFunction(() => document.querySelector('#text').value === 'half a word');
    assert.equal(await ana.page.evaluate(() => document.activeElement.id), 'text');
    await ana.fill('#text', '');
    await press(ana, 'ArrowUp');
    await press(ana, 'Enter');
    await ana.seesNo('#editing');
    assert.equal(await ben.count('.edited'), 1, 'the same words are no edit');
    // The last message of a room is edited in the list, too.
    await ben.page.focus('#text');
    await press(ben, 'ArrowUp');
    await ben.fill('#text', 'his again');
    await press(ben, 'Enter');
    await ana.sees('#rooms .preview', 'his again');
    await close();
  });

  test('that somebody deletes elsewhere is edited no more', async () => {
    const { ana, ben, anas, room, close } = await scene();
    await say(ana, ben, 'soon gone');
    await press(ana, 'ArrowUp');
    await ana.sees('#editing');
    const { messages: [{ messageUuid }] } = await anas.ok('GET', `/rooms/${room}/messages?limit=1`);
    await anas.ok('DELETE', `/rooms/${room}/messages/${messageUuid}`);
    await ana.seesNo('#editing');
    await ana.sees('.bubble.deleted');
    await close();
  });
});

describe('reactions', { timeout: 240_000 }, () => {
  test('are left, counted, toggled, named, and there after a reload', async () => {
    const { ana, ben, close } = await scene();
    await say(ana, ben, 'I did it!');
    await openMenu(ben, 'I did it!');
    assert.equal(await ben.count('#own-message'), 0, 'it is not his');
    await ben.click('#emoji button', '🎉');
    await ben.seesNo('#menu');
    await ben.sees('.reaction[aria-pressed="true"]', '🎉');
    const anas = await ana.sees('.reaction[aria-pressed="false"]', '🎉');
    await ana.page.getByRole('group', { name: english.reactions }).getByRole('button', { name: '🎉 1', exact: true }).waitFor();
    await anas.hover();
    await ana.sees(`.reaction[title="${ben.name}"]`);

    await anas.click();
    for (const person of [ana, ben]) await person.sees('.reaction[aria-pressed="true"] .count', '2');
    assert.equal(await ana.page.evaluate(() => document.activeElement.dataset.key), '🎉', 'the keyboard keeps its place');
    await ben.page.locator('.reaction').focus();
    await ben.page.waitForFunction(() => document.querySelector('.reaction').title !== '');
    assert.deepEqual((await ben.page.locator('.reaction').getAttribute('title')).split(' and ').sort(), [english.you, ana.name].sort());

    // A word, by the keyboard alone.
    await messageOf(ben, 'I did it!').locator('.more').focus();
    await press(ben, 'Enter');
    await ben.page.waitForFunction(() => document.activeElement.textContent === '👍');
    await press(ben, 'ArrowRight');
    assert.equal(await ben.page.evaluate(() => document.activeElement.textContent), '❤️');
    await ben.page.focus('#reaction');
    await ben.page.keyboard.type('two words');
    await press(ben, 'Enter');
    await ben.sees('#reaction-error', english.error_INVALID_INPUT_reaction);
    await ben.fill('#reaction', 'bravo');
    await press(ben, 'Enter');
    await ben.seesNo('#menu');
    assert.equal(await ben.page.evaluate(() => document.activeElement.className), 'more', 'and the keyboard is where it was');
    await ana.sees('.reaction', 'bravo');

    await ben.click('.reaction', '🎉');
    await ana.sees('.reaction[aria-pressed="true"] .count', '1');
    await Promise.all([ana.reload(), ben.reload()]);
    for (const person of [ana, ben]) {
      await person.sees('.reaction', 'bravo');
      const shown = await person.page.locator('.reaction').evaluateAll((nodes) => nodes.map((node) => [node.innerText.replace(/\s+/g, ' '), node.ariaPressed]));
      assert.deepEqual(shown, [['🎉 1', String(person === ana)], ['bravo 1', String(person === ben)]]);
    }
    // Escape closes the menu, and leaves the room open.
    await openMenu(ana, 'I did it!');
    await press(ana, 'Escape');
    await ana.seesNo('#menu');
    await ana.sees('#composer');
    assert.equal(await ana.page.evaluate(() => document.activeElement.className), 'more');
    await close();
  });

  test('and edits above what one reads move nothing', async () => {
    const { ana, ben, anas, bens, room, close } = await scene(PHONE);
    // Not every browser holds a place by itself.
    await ana.page.locator('#scroller').evaluate((node) => { node.style.overflowAnchor = 'none'; });
    const uuids = [];
    for (let n = 0; n < 30; n += 1) uuids.push((await bens.say(room, `line ${n}`)).messageUuid);
    await ana.seesMessage('line 29');
    await messageOf(ana, 'line 8').evaluate((node) => node.scrollIntoView({ block: 'start' }));
    await ana.page.waitForTimeout(100);
    assert.ok(await ana.page.locator('#scroller').evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight) > 200, 'she is not at the end');
    const topOf = () => messageOf(ana, 'line 10').locator('.bubble').evaluate((node) => node.getBoundingClientRect().top);
    const before = await topOf();
    const message = (n) => `/rooms/${room}/messages/${uuids[n]}`;
    for (const n of [0, 3, 5]) await anas.ok('PUT', `${message(n)}/reactions/${encodeURIComponent('👍')}`);
    await bens.ok('PATCH', message(1), { content: 'line 1, which has become longer '.repeat(20) });
    await bens.ok('DELETE', message(2));
    // At the end, the end stays in sight.
    await ben.sees('.message', 'line 29');
    await bens.ok('PUT', `${message(29)}/reactions/like`);
    await ana.page.waitForFunction(() => document.querySelectorAll('.reaction').length === 4);
    await ana.page.waitForTimeout(100);
    const moved = Math.abs(await topOf() - before);
    console.log(`what one reads moves by ${moved.toFixed(2)} px when messages above change`);
    assert.ok(moved <= 2, `${moved} px`);
    assert.ok(await ben.page.locator('#scroller').evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight) < 2);
    await close();
  });

  test('that came while one was away are there when one comes back', async () => {
    const { ana, ben, anas, room, close } = await scene();
    await say(ben, ana, 'while she sleeps');
    const { messages: [{ messageUuid }] } = await anas.ok('GET', `/rooms/${room}/messages?limit=1`);
    await ben.page.context().setOffline(true);
    await ben.sees('#offline');
    await openMenu(ben, 'while she sleeps');
    await ben.click('#emoji button', '👍');
    await ben.sees('#reaction-error', english.error_OFFLINE);
    await press(ben, 'Escape');
    await anas.ok('PUT', `/rooms/${room}/messages/${messageUuid}/reactions/${encodeURIComponent('👀')}`);
    await ben.page.context().setOffline(false);
    await ben.sees('.reaction', '👀');
    await ana.sees('.reaction[aria-pressed="true"]', '👀');
    await close();
  });
});

describe('axe finds nothing serious', { timeout: 240_000 }, () => {
  for (const [name, look] of Object.entries({
    light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' },
    'a light phone': { ...PHONE, colorScheme: 'light' }, 'a dark phone': { ...PHONE, colorScheme: 'dark' },
  })) {
    test(name, async () => {
      const { ana, ben, anas, bens, room, close } = await scene(look);
      await Promise.all([ana, ben].map((person) => person.getsPictures()));
      const say = async (user, content, ...reactions) => {
        const { messageUuid } = await user.ok('POST', `/rooms/${room}/messages`, typeof content === 'string' ? { type: 'TEXT', content } : content);
        for (const [by, reaction] of reactions) await by.ok('PUT', `/rooms/${room}/messages/${messageUuid}/reactions/${encodeURIComponent(reaction)}`);
        return `/rooms/${room}/messages/${messageUuid}`;
      };
      await say(bens, 'The long run is on Sunday, we meet at the old bridge and go along the river as far as the mill, and whoever wants goes on.', [anas, '👍'], [bens, '👍'], [bens, '❤️'], [anas, '🎉'], [anas, 'count-me-in']);
      await say(bens, { type: 'IMAGE', imageUrl: 'https://pictures.example/hills.svg', content: 'The hills' }, [anas, '😮']);
      const late = await say(anas, 'I come at ten past nine', [bens, '😂']);
      await anas.ok('PATCH', late, { content: 'I come at nine, with the others from the club: nobody needs to wait for us at the bridge' });
      const gone = await say(anas, 'oops');
      await anas.ok('DELETE', gone);
      const his = await say(bens, 'oops, too');
      await bens.ok('DELETE', his);
      await say(anas, 'ok');
      await ana.seesMessage('ok');
      await ana.sees('.picture.loaded');
      const shot = name.replaceAll(' ', '-');
      const check = async (where) => {
        await ana.shoot(`changes-${shot}-${where.replaceAll(' ', '-')}`);
        await ana.isAccessible(where);
      };
      await check('a room');
      await openMenu(ana, 'The long run');
      await ana.page.waitForTimeout(100);
      await check('the menu');
      await press(ana, 'Escape');
      await openMenu(ana, 'ok');
      await ana.page.waitForTimeout(100);
      await check('the menu of ones own');
      await ana.click('#edit-message');
      await ana.sees('#editing');
      await check('editing');
      await press(ana, 'Escape');
      await openMenu(ana, 'ok');
      await ana.click('#delete-message');
      await ana.sees('#ask');
      await check('deleting');
      await press(ana, 'Escape');
      await close();
    });
  }
});
