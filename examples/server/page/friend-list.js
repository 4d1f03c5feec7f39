// Friends and requests, drawn.

import { idOf } from './api.js';
import { ask, choose } from './dialogs.js';
import { $, el, fillList, iconButton, on, onSubmit, personAvatar, showCount, textButton } from './dom.js';
import { explain } from './errors.js';
import {
  answer, areLoaded, askFriend, block, friendsChanged, people, received, sent, unblock, unfriend, withdraw,
} from './friends.js';
import { openDirect } from './new-chat.js';
import { attempt, toast } from './notices.js';
import { isOnline, presenceChanged, presenceText } from './presence.js';
import { agoOf, languageChanged, t } from './texts.js';

export function startFriendList() {
  for (const change of [friendsChanged, presenceChanged, languageChanged]) change.on(showFriends);
  onSubmit('add-friend', addFriend);
  on('friend-name', 'input', () => ($('add-friend-error').textContent = ''));
}

function showFriends() {
  const sections = [
    ['received', received(), receivedItem],
    ['friends', people.friends, friendItem],
    ['sent', sent(), sentItem],
    ['blocked', people.blocks, blockedItem],
  ];
  for (const [name, list, item] of sections) {
    fillList($(`${name}-list`), list.map(item));
    $(`${name}-section`).hidden = list.length === 0;
  }
  $('no-friends').hidden = !areLoaded || people.friends.length + people.requests.length > 0;
  const count = received().length;
  showCount($('requests-badge'), count, t('requestsCount', count));
}

function personItem({ userUuid, nickname }, below, ...buttons) {
  return el('li', { className: 'person', dataset: { key: userUuid } },
    personAvatar(nickname, isOnline(userUuid)),
    el('span', { className: 'who' },
      el('strong', { textContent: nickname, dir: 'auto', title: nickname }),
      el('span', { className: 'muted', textContent: below })),
    ...buttons);
}

function receivedItem(one) {
  const accept = () => attempt(async () => {
    await answer(one.userUuid, true);
    toast(t('nowFriends', one.nickname));
  });
  const decline = () => attempt(() => answer(one.userUuid, false));
  const item = personItem(one, t('wantsToBeFriends'));
  item.classList.add('asking');
  item.append(el('span', { className: 'answers' },
    textButton(t('accept'), accept, 'small primary'), textButton(t('decline'), decline, 'small soft')));
  return item;
}

function friendItem(one) {
  return personItem(one, presenceText(one.userUuid),
    iconButton('message', t('writeTo', one.nickname), () => attempt(() => openDirect(one.userUuid), { FORBIDDEN: t('unreachable') })),
    iconButton('more', t('moreAbout', one.nickname), () => choose(one.nickname, [
      { label: t('unfriend'), act: () => askToUnfriend(one) },
      { label: t('block'), act: () => askToBlock(one), isDangerous: true },
    ])));
}

const sentItem = (one) => personItem(one, t('askedAgo', agoOf(new Date(one.since))),
  textButton(t('withdraw'), () => attempt(() => withdraw(one.userUuid)), 'small soft'));

const blockedItem = (one) => personItem(one, '',
  textButton(t('unblock'), () => attempt(() => unblock(one.userUuid)), 'small soft'));

function askToUnfriend({ userUuid, nickname }) {
  ask({ title: t('unfriendTitle', nickname), action: t('unfriend'), isDangerous: true, act: () => unfriend(userUuid) });
}

export function askToBlock({ userUuid, nickname }) {
  ask({
    title: t('blockTitle', nickname), text: t('blockText'), action: t('block'), isDangerous: true, act: () => block(userUuid),
  });
}

async function addFriend() {
  const name = $('friend-name').value.trim();
  $('add-friend-error').textContent = '';
  try {
    await askSomebody(idOf(name), name);
    $('friend-name').value = '';
  } catch (error) {
    $('add-friend-error').textContent = explain(error, { FORBIDDEN: t('unblockFirst') });
  }
}

/** Asks somebody to be a friend, and says what came of it. */
export async function askSomebody(userUuid, name) {
  const { state } = await askFriend(userUuid);
  toast(t(state === 'FRIEND' ? 'nowFriends' : 'requestSentTo', name));
}
