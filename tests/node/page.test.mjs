// The page at `/`, as two people see it in a browser.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import korean from '../../examples/server/page/texts.ko.js';
import { openBrowser, Person } from './browser.mjs';
import { call, unique, User } from './client.mjs';
import { startServer } from './server.mjs';

const LOOKS = {
  light1280: { width: 1280, height: 800, colorScheme: 'light' },
  dark1280: { width: 1280, height: 800, colorScheme: 'dark' },
  light390: { width: 390, height: 844, colorScheme: 'light' },
  dark390: { width: 390, height: 844, colorScheme: 'dark' },
};

let server;
let browser;

before(async () => { [server, browser] = await Promise.all([startServer(), openBrowser()]); });
after(() => Promise.all([browser?.close(), server?.stop()]));

/** Ana and Ben, each at a page of their own. */
const pair = (look, names = ['Ana', 'Ben'].map(unique), url = server.url) => (
  Promise.all(names.map((name) => Person.open(browser, url, name, look)))
);

async function bothAreWell(...people) {
  for (const person of people) await person.isWell();
  await Promise.all(people.map((person) => person.close()));
}

/** The same person, over REST. */
const overRest = ({ name }, url = server.url) => User.atPage(url, name);

/** A direct chat that both have open. */
async function directChat(ana, ben) {
  await ana.newChat('DIRECT', { people: ben.name });
  await ana.sees('#room-name', ben.name);
  await ben.openRoom(ana.name);
}

describe('two people walk through the whole page', { timeout: 240_000 }, () => {
  for (const look of ['light1280', 'dark390']) {
    test(look, async () => {
      const [ana, ben] = await pair(LOOKS[look]);
      const shoot = (name) => Promise.all([ana.shoot(`${look}-${name}-ana`), ben.shoot(`${look}-${name}-ben`)]);
      await shoot('first');
      await becomeFriends(ana, ben);
      await shoot('friends');
      await talk(ana, ben);
      await shoot('direct');
      await showPictures(ana, ben);
      await shoot('pictures');
      await missSome(ana, ben);
      await shoot('unread');
      await meetInGroup(ana, ben, shoot);
      await takeChallenge(ana, ben);
      await shoot('challenge');
      await block(ana, ben);
      await shoot('blocked');
      await speakKorean(ben);
      await shoot('korean');
      await bothAreWell(ana, ben);
    });
  }
});

async function becomeFriends(ana, ben) {
  await ana.askFriend(ana.name);
  await ana.sees('#add-friend-error', english.error_INVALID_INPUT_userUuid);
  await ana.askFriend(ben.name);
  await ana.sees('#sent-list .person', ben.name.toLowerCase());
  await ben.sees('#requests-badge', '1');
  await ben.toLists('friends');
  await ben.sees('#received-list .person', ana.name);
  await ben.click('#received-list button', 'Accept');
  await ben.sees('#friends-list .person', ana.name);
  await ben.seesNo('#requests-badge');
  await ana.sees('#toast', `${ben.name} accepted`);
  await ana.sees('#friends-list .online');
}

async function talk(ana, ben) {
  await ana.click('#friends-list .icon');
  await ana.sees('#room-name', ben.name);
  await ana.sees('#room-people', 'Online');
  await ben.toLists();
  await ana.say('Hello Ben! 👋🏽');
  await ana.seesMessage('Hello Ben!');
  // Sent, and not read: it stands in the other's list.
  await ben.sees('#rooms .badge', '1');
  await ben.sees('#rooms .preview', 'Hello Ben!');
  assert.equal(await ana.count('.mine .receipt.read svg'), 0);
  assert.equal(await ben.page.title(), '(1) Chat');

  await ben.openRoom(ana.name);
  await ana.sees('.mine .receipt.read svg');
  await ben.seesNo('#rooms .badge');
  const place = () => ana.page.locator('#composer').boundingBox();
  const still = await place();
  await ben.page.locator('#text').pressSequentially('안녕하세요');
  await ana.sees('#typing', `${ben.name} is typing`);
  assert.deepEqual(await place(), still, 'nothing moves when somebody types');
  await ben.page.press('#text', 'Enter');
  await ana.seesMessage('안녕하세요');
  await ana.seesNo('#typing', 'typing');
  await ben.sees('.mine .receipt.read svg');
}

async function showPictures(ana, ben) {
  await Promise.all([ana, ben].map((person) => person.getsPictures()));
  await ben.sendPicture('javascript:window.hacked=1');
  await ben.sees('#picture-error', english.error_INVALID_INPUT_imageUrl);
  await ben.click('#picture-cancel');
  await ben.sendPicture('https://pictures.example/hills.svg', 'Our hills');
  await ben.sendPicture('https://pictures.example/gone.svgz');
  const shown = await ana.sees('.picture.loaded');
  const gone = await ana.sees('.picture', 'https://pictures.example/gone.svgz');
  assert.equal(await shown.locator('img').getAttribute('alt'), 'Our hills');
  const [one, other] = [await shown.boundingBox(), await gone.boundingBox()];
  assert.deepEqual([one.width, one.height], [other.width, other.height], 'a picture never changes its box');
  assert.equal(await gone.getAttribute('href'), 'https://pictures.example/gone.svgz');
}

async function missSome(ana, ben) {
  await ana.newChat('GROUP', { people: 'cho', name: 'Elsewhere' });
  await ana.sees('#room-name', 'Elsewhere');
  await ana.toLists();
  for (const text of ['first missed', 'second missed']) {
    await ben.say(text);
    await ben.seesMessage(text);
  }
  await ana.sees('#unread-badge', '2');
  await ana.openRoom(ben.name);
  await ana.seesMessage('second missed');
  const divided = await ana.sees('.message:has(.first-unread)');
  assert.match(await divided.innerText(), /first missed/);
  await ana.seesNo('#unread-badge');
}

async function meetInGroup(ana, ben, shoot) {
  const [name, cho] = [unique('Runners'), unique('cho')];
  await ana.newChat('GROUP', { people: ben.name, name });
  await ana.sees('#room-name', name);
  await ben.openRoom(name);
  await ana.click('#people-open');
  await ana.sees('#people-list .person .tag', 'Owner');
  await ana.click('#invite');
  await ana.fill('#ask-content input', cho);
  await ana.click('#ask-action');
  await ana.sees('#people-count', '3 people');
  await ben.sees('.system', `${cho} joined`);
  await ben.sees('#room-people', '3 people');
  await shoot('people');
  await ana.page.keyboard.press('Escape');
  await ana.seesNo('#people');
  assert.equal(await ana.page.evaluate(() => document.activeElement.id), 'people-open', 'the focus goes back to where it was');

  // One of two has read it, then everybody who is left.
  await ana.say('Who is coming?');
  await ben.seesMessage('Who is coming?');
  await ana.sees('.mine .receipt', 'Read by 1');
  assert.equal(await ana.count('.mine .receipt.read svg'), 0);
  await ana.click('#people-open');
  await ana.page.getByLabel(`Remove ${cho}?`).click();
  await ana.click('#ask-action');
  await ben.sees('.system', `${cho} was removed`);
  await ana.click('#people-close');
  await ana.sees('.mine .receipt.read svg');

  await ana.click('#people-open');
  await ana.click('#rename');
  await ana.fill('#ask-input', `${name} 2`);
  await ana.click('#ask-action');
  await ben.sees('#room-name', `${name} 2`);
  await ben.click('#people-open');
  await ben.sees('#people-list .person', ana.name);
  assert.equal(await ben.count('#rename'), 0, 'only owners rename');
  await ben.click('#leave');
  await ben.sees('#ask', `Leave “${name} 2”?`);
  await ben.click('#ask-action');
  await ana.sees('#people-count', '1 person');
  await ana.click('#people-close');
  await ana.sees('.system', `${ben.name} left`);
  await ben.sees('#chat-empty, #rooms');
  await ben.seesNo('#rooms a', name);
}

async function takeChallenge(ana, ben) {
  const challenge = unique('spring');
  await ana.newChat('CHALLENGE', { challenge, people: ben.name, name: 'Spring run' });
  await ana.sees('#room-people', challenge);
  await ben.newChat('CHALLENGE', { challenge });
  await ben.sees('#new-room-error', english.error_CHALLENGE_ROOM_EXISTS);
  await ben.page.keyboard.press('Escape');
  await ben.openRoom('Spring run');
  await ben.say('I am in');
  await ana.seesMessage('I am in');
}

async function block(ana, ben) {
  await ana.openRoom(ben.name);
  await ben.choose(ana.name, 'Block');
  await ben.sees('#blocked-list .person', ana.name);
  await ana.say('Are you there?');
  await ana.sees('.failed .failure', english.unreachable);
  await ana.click('.failure button', 'Edit');
  assert.equal(await ana.page.inputValue('#text'), 'Are you there?');
  assert.equal(await ana.count('.failed'), 0);
  await ana.page.press('#text', 'Enter');
  await ana.sees('.failed .failure', english.unreachable);

  await ben.click('#blocked-list button', 'Unblock');
  await ben.seesNo('#blocked-list .person');
  await ben.openRoom(ana.name);
  await ana.click('.failure button', 'Try again');
  await ben.seesMessage('Are you there?');
  await ana.seesMessage('Are you there?');
  assert.equal(await ana.count('.message', 'Are you there?'), 1);
}

async function speakKorean(person) {
  await person.toLists();
  await person.page.selectOption('#sidebar .language', 'ko');
  await person.sees('#rooms-tab', korean.chats);
  await person.reload();
  await person.sees('#rooms-tab', korean.chats);
  assert.equal(await person.page.getAttribute('html', 'lang'), 'ko');
  await person.sees('#status', korean.connected);
  await person.askFriend(person.name);
  await person.sees('#add-friend-error', korean.error_INVALID_INPUT_userUuid);
}

describe('the page', { timeout: 240_000 }, () => {
  for (const look of ['dark1280', 'light390']) {
    test(`looks well and works, ${look}`, async () => {
      const [ana, ben] = await pair(LOOKS[look], [unique('Ana'), `${unique('Ben')} ${'of-the-very-long-name'.repeat(2)}`]);
      await directChat(ana, ben);
      await ana.say('A word that is too long for any line: ' + 'ㅋ'.repeat(120) + 'x'.repeat(120));
      await ben.seesMessage('A word');
      await ben.say('안녕하세요 😀\nsecond line');
      await ana.seesMessage('second line');
      await Promise.all([ana.shoot(`${look}-long-ana`), ben.shoot(`${look}-long-ben`)]);
      assert.deepEqual([...ana.failures, ...ben.failures], []);
      await bothAreWell(ana, ben);
    });
  }

  test('what people write is only text', async () => {
    const attacks = {
      nicknames: [`<img src=x onerror="window.hacked=1">${unique('a')}`, `"><script>window.hacked=1</script>${unique('b')}`],
      room: `<svg onload="window.hacked=1"><iframe srcdoc="<script>parent.hacked=1</script>">${unique('r')}`,
      messages: [
        '<img src=x onerror="window.hacked=1;alert(1)">', '<script>window.hacked=1</script>', '"><svg/onload=alert(1)>',
        '<a href="javascript:window.hacked=1">click</a>', '${window.hacked=1}{{constructor}}', '<style>*{display:none}</style>',
      ],
      pictures: ['javascript:window.hacked=1', 'data:text/html,<script>window.hacked=1</script>', 'x" onerror="window.hacked=1'],
    };
    const [ana, ben] = await pair(LOOKS.light1280, attacks.nicknames);
    await ana.askFriend(ben.name);
    await ben.sees('#toast', ana.name);
    await ben.toLists('friends');
    await ben.sees('#received-list .person', ana.name);
    await ben.click('#received-list button', 'Accept');
    await ana.sees('#friends-list .person', ben.name);

    await ana.newChat('GROUP', { people: ben.name, name: attacks.room });
    await ana.sees('#room-name', attacks.room);
    await ben.openRoom(attacks.room);
    for (const text of attacks.messages) {
      await ana.say(text);
      await ben.seesMessage(text);
    }
    assert.deepEqual(await ben.messages(), attacks.messages);
    await ben.sees('.message .name', ana.name);
    for (const url of attacks.pictures) {
      await ana.sendPicture(url, url);
      await ana.sees('#picture-error', english.error_INVALID_INPUT_imageUrl);
      await ana.click('#picture-cancel');
    }
    await Promise.all([ana, ben].map((person) => person.getsPictures()));
    await ana.sendPicture('https://pictures.example/"onload=window.hacked=1 ><script>window.hacked=1</script>.svg', attacks.messages[0]);
    await ben.sees('.picture.loaded');
    await ana.page.locator('#text').pressSequentially('<b>');
    await ben.sees('#typing', ana.name);
    await ben.click('#people-open');
    await ben.sees('#people-list .person', ana.name);
    await ben.click('#leave');
    await ben.sees('#ask-title', attacks.room);
    await ben.shoot('attacks');
    for (const { page } of [ana, ben]) {
      const made = await page.evaluate(() => [
        document.scripts.length, ...['iframe', 'img:not(.picture img)', '[onload]', '[onerror]', 'body style', '[href^="javascript:"]'].map((made) => document.querySelectorAll(made).length),
      ]);
      assert.deepEqual(made, [1, 0, 0, 0, 0, 0, 0], 'no element is made of what people write');
    }
    await bothAreWell(ana, ben);
  });

  test('under the policy friends, a stranger cannot be written to before they are friends', async () => {
    const strict = await startServer({ args: ['--policy', 'friends'] });
    try {
      const [ana, ben] = await pair(LOOKS.light1280, undefined, strict.url);
      await ana.newChat('DIRECT', { people: ben.name });
      await ana.sees('#new-room-error', english.error_NOT_FRIENDS);
      await ana.click('#new-room-cancel');
      await ana.askFriend(ben.name);
      await ben.askFriend(ana.name);
      await ana.sees('#friends-list .person', ben.name);
      await ana.newChat('DIRECT', { people: ben.name });
      await ana.sees('#room-name', ben.name);
      await bothAreWell(ana, ben);
    } finally {
      await strict.stop();
    }
  });

  test('a strict policy stops whatever would run', async () => {
    const { headers } = await call(server.url, 'GET', '/');
    const policy = headers['content-security-policy'];
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|script-src[^;]*(http|data|\*)/);
    const ana = await Person.open(browser, server.url, unique('Ana'));
    await ana.page.evaluate(() => document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hacked = 1' })));
    assert.equal(await ana.page.evaluate(() => window.hacked), undefined);
    assert.ok(ana.problems.some((problem) => problem.includes('script-src')), 'and the watch of these tests sees it');
    await ana.close();
  });

  test('history and rooms load as one scrolls', async () => {
    const [ana, ben] = await pair(LOOKS.light390);
    await directChat(ana, ben);
    const [anas, bens] = await Promise.all([overRest(ana), overRest(ben)]);
    const { rooms: [{ roomUuid }] } = await anas.ok('GET', '/rooms');
    const texts = Array.from({ length: 90 }, (_, n) => `message ${n + 1}`);
    for (const text of texts) await anas.say(roomUuid, text);
    await ben.seesMessage('message 90');
    await ben.reload();
    await ben.seesMessage('message 90');
    await ben.countIs('.message', 40);

    // Whoever reads on sees nothing jump.
    const topOf = (text) => ben.page.locator('.message', { hasText: text }).evaluate((node) => node.getBoundingClientRect().top);
    const scrollUp = () => ben.page.locator('#scroller').evaluate((node) => { node.scrollTop = 0; return document.querySelector('#messages li').getBoundingClientRect().top; });
    const before = await scrollUp();
    await ben.countIs('.message', 80);
    assert.ok(Math.abs(await topOf('message 51') - before) < 60, 'what was in sight stays there');
    await scrollUp();
    await ben.countIs('.message', 90);
    await ben.sees('#history-note', english.beginning);
    assert.deepEqual(await ben.messages(), texts);
    await ben.shoot('history');

    // What comes meanwhile pulls nobody down.
    await scrollUp();
    await ana.say('something new');
    await ben.sees('#jump');
    assert.equal(await ben.page.locator('#scroller').evaluate((node) => node.scrollTop < 400), true);
    await ben.click('#jump');
    await ben.seesMessage('something new');
    await ana.sees('.message .receipt.read svg');

    await Promise.all(Array.from({ length: 34 }, (_, n) => bens.group([anas], `room ${n}`)));
    await ben.reload();
    await ben.toLists();
    await ben.page.waitForFunction(() => document.querySelectorAll('#rooms li').length >= 30);
    await ben.page.locator('#rooms-pane').evaluate((node) => { node.scrollTop = node.scrollHeight; });
    await ben.countIs('#rooms li', 35);
    await ben.seesNo('#more-rooms');
    await ben.sees('#rooms a', ana.name);
    await bothAreWell(ana, ben);
  });

  test('the server restarts: both come back by themselves, and nothing is lost or doubled', async () => {
    const first = await startServer();
    let second;
    try {
      const [ana, ben] = await pair(LOOKS.dark390, undefined, first.url);
      await directChat(ana, ben);
      await ana.say('before');
      await ben.seesMessage('before');
      await first.stop({ keep: true });
      await Promise.all([ana.sees('#offline'), ben.sees('#offline')]);
      await ana.say('written meanwhile');
      await ana.sees('.message.waiting', 'written meanwhile');
      await ana.shoot('offline');

      second = await startServer({ folder: first.folder, db: first.db, addr: new URL(first.url).host });
      // Before they are back: they catch up on it.
      const bens = await overRest(ben, second.url);
      const { rooms: [{ roomUuid }] } = await bens.ok('GET', '/rooms');
      await bens.say(roomUuid, 'missed');
      await Promise.all([ana.seesNo('#offline'), ben.seesNo('#offline')]);
      await Promise.all([ana.seesMessage('missed'), ben.seesMessage('missed'), ben.seesMessage('written meanwhile')]);
      await ana.sees('.message:not(.waiting) .receipt.read svg');
      await ben.say('welcome back');
      await ana.seesMessage('welcome back');
      for (const person of [ana, ben]) assert.deepEqual(await person.messages(), ['before', 'missed', 'written meanwhile', 'welcome back']);
      await bothAreWell(ana, ben);
    } finally {
      await second?.stop({ keep: true });
      await rm(first.folder, { recursive: true, force: true });
    }
  });

  test('both languages have the same texts', () => {
    assert.deepEqual(Object.keys(korean), Object.keys(english));
    for (const [key, text] of Object.entries(english)) assert.equal(typeof korean[key], typeof text, key);
  });
});
