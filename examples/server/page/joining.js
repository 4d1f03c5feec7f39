// Chats that one has asked to come into, and waits until somebody lets one in: what they are, and their list above the chats.

import { api } from './api.js';
import { $, el, fillList, newAvatar, onceAFrame, textButton } from './dom.js';
import { loader } from './loading.js';
import { attempt, toast } from './notices.js';
import { putRoom, rooms, roomsChanged } from './rooms.js';
import { signal } from './signal.js';
import { agoOf, languageChanged, t } from './texts.js';

/** The newest first. */
let asked = [];
/** Those of this visit that somebody has answered with no, or nobody in time, until they are put away: {roomUuid, name, reason, isExpired}. */
let refused = [];

/** Tells that one waits for others than before. */
export const askedChanged = signal();

export function startJoining() {
  for (const change of [languageChanged, roomsChanged, askedChanged]) change.on(show);
}

/** One's own request to come into a room, if one waits. */
export const requestFor = (roomUuid) => asked.find((one) => one.roomUuid === roomUuid);

/** The one that was made by an invite link. */
export const requestBy = (code) => asked.find((one) => one.code === code);

export const nameOf = ({ name, roomType }) => name ?? t(roomType === 'CHALLENGE' ? 'challenge' : 'group');

export const loadAsked = loader(() => api.ownJoinRequests(), (list) => {
  asked = list.reverse();
  // Whoever asks again has read why not.
  refused = refused.filter(({ roomUuid }) => !requestFor(roomUuid));
  askedChanged();
});

/** Comes in, or waits for it. Gives whether one is in. */
export async function comeIn(entering) {
  try {
    putRoom(await entering());
    return true;
  } catch (error) {
    if (error.code !== 'JOIN_HELD') throw error;
    await loadAsked();
    return false;
  }
}

/** Takes back that one wants to come in. Whatever comes of it, the list is loaded anew: what was answered is not waited for. */
export async function takeBack({ roomUuid, joinRequestUuid }) {
  try {
    await api.withdrawJoin(roomUuid, joinRequestUuid);
  } catch (error) {
    if (error.code !== 'JOIN_REQUEST_NOT_FOUND') throw error;
  } finally {
    loadAsked().catch(() => {});
  }
}

/** What was told of one's own requests. */
export function takeJoinNews({ type, roomUuid, joinRequestUuid, reason }) {
  const request = asked.find((one) => one.joinRequestUuid === joinRequestUuid);
  const name = nameOf(request ?? rooms.get(roomUuid) ?? {});
  if (type === 'joinApproved') toast(t('letInto', name));
  if (type === 'joinRejected' || type === 'joinExpired') {
    const isExpired = type === 'joinExpired';
    toast(t(isExpired ? 'notAnsweredInto' : 'notLetInto', name));
    refused = [{ roomUuid, name, reason, isExpired }, ...refused.filter((one) => one.roomUuid !== roomUuid)];
    show();
  }
  loadAsked().catch(() => {});
}

const show = onceAFrame(() => {
  // One may have come in by another way.
  asked = asked.filter(({ roomUuid }) => !rooms.has(roomUuid));
  refused = refused.filter(({ roomUuid }) => !rooms.has(roomUuid));
  const hadFocus = $('asked').contains(document.activeElement);
  fillList($('asked'), [...refused.map(refusedItem), ...asked.map(askedItem)]);
  $('asked-section').hidden = asked.length + refused.length === 0;
  // The button that was pressed may be gone.
  if (hadFocus && !$('asked').contains(document.activeElement)) ($('asked').querySelector('button') ?? $('find-open')).focus();
});

function item(key, name, words, button) {
  // Which one of several it is.
  button.ariaLabel = `${button.textContent}: ${name}`;
  return el('li', { className: 'person', dataset: { key } },
    newAvatar(name),
    el('span', { className: 'who' },
      el('strong', { textContent: name, dir: 'auto', title: name }),
      el('span', { className: 'muted words', textContent: words, dir: 'auto' })),
    button);
}

const askedItem = (request) => item(request.joinRequestUuid, nameOf(request), t('askedAgo', agoOf(new Date(request.createdAt))),
  textButton(t('withdraw'), () => attempt(() => takeBack(request)), 'small soft'));

const whyRefused = ({ reason, isExpired }) => {
  if (isExpired) return t('notAnswered');
  return reason ? t('notLetInBecause', reason) : t('notLetIn');
};

const refusedItem = ({ roomUuid, name, ...why }) => item(roomUuid, name, whyRefused(why),
  textButton(t('putAway'), () => {
    refused = refused.filter((one) => one.roomUuid !== roomUuid);
    show();
  }, 'small soft'));
