// Who waits to come into the open room, for those who look after it: how many, and whom they let in.

import { api } from './api.js';
import { ask } from './dialogs.js';
import { $, el, fillList, newAvatar, textButton } from './dom.js';
import { mayModerate, moderated } from './moderating.js';
import { attempt } from './notices.js';
import { openUuid, roomOpened } from './room.js';
import { rooms, roomsChanged } from './rooms.js';
import { signal } from './signal.js';
import { agoOf, dayTurned, languageChanged, t, timeOf } from './texts.js';

/** How many are shown. Those behind them follow once these are answered. */
const PAGE = 100;

/** The oldest request first. */
let waiting = [];
/** The room that they wait for. */
let loadedFor;
let lastLoad = 0;

/** Tells that others wait than before. */
export const waitingChanged = signal();

export const waitingCount = () => waiting.length;

export function startAdmitting() {
  roomOpened.on(() => {
    forget();
    look();
  });
  roomsChanged.on((uuid) => (!uuid || uuid === openUuid()) && look());
  for (const change of [waitingChanged, languageChanged, dayTurned]) change.on(show);
}

function forget() {
  lastLoad += 1;
  loadedFor = undefined;
  if (waiting.length === 0) return;
  waiting = [];
  waitingChanged();
}

/** Who waits, before anybody looks: once it is known that one may. */
function look() {
  const isMine = mayModerate(rooms.get(openUuid()));
  if (!isMine) forget();
  else if (loadedFor !== openUuid()) load().catch(() => {});
}

async function load() {
  const [load, uuid] = [++lastLoad, openUuid()];
  loadedFor = uuid;
  const { joinRequests } = await api.joinRequests(uuid, { limit: PAGE });
  // A later load knows more, or is of another room.
  if (load !== lastLoad) return;
  waiting = joinRequests;
  waitingChanged();
}

/** Others wait for a room than before, or may: while the connection was away nothing was told. */
export function refreshWaiting(roomUuid = openUuid()) {
  if (roomUuid && roomUuid === openUuid() && loadedFor === roomUuid) load().catch(() => {});
}

/** Somebody has come in, perhaps by another way than to be let in. */
export function takeArrival({ roomUuid, userUuid }) {
  if (roomUuid !== loadedFor || !waiting.some(({ user }) => user.userUuid === userUuid)) return;
  waiting = waiting.filter(({ user }) => user.userUuid !== userUuid);
  waitingChanged();
}

// Drawn

function show() {
  const list = $('joins-list');
  const focused = document.activeElement?.closest('[data-key]');
  const at = list.contains(focused) ? [...list.children].indexOf(focused) : -1;
  fillList(list, waiting.map(item));
  $('joins-empty').hidden = waiting.length > 0;
  if (at >= 0 && !list.contains(document.activeElement)) focusNear(at);
}

/** The one that was answered is gone: the keyboard goes on with the next one. */
function focusNear(at) {
  const next = $('joins-list').children[Math.min(at, waiting.length - 1)];
  (next?.querySelector('button') ?? $('moderation').querySelector('.close')).focus();
}

function item(request) {
  const { joinRequestUuid, user: { nickname }, reason, code, createdAt } = request;
  const at = new Date(createdAt);
  const buttons = [
    textButton(t('letIn'), () => answer(request, () => api.approveJoin(request.roomUuid, joinRequestUuid)), 'small primary'),
    textButton(t('rejectJoin'), () => askToReject(request), 'small soft'),
  ];
  // Which one of several is answered.
  for (const button of buttons) button.ariaLabel = `${button.textContent}: ${nickname}`;
  const why = [code && t('byInvite'), reason].filter(Boolean).join(' · ');
  return el('li', { className: 'person asking', dataset: { key: joinRequestUuid } },
    newAvatar(nickname),
    el('span', { className: 'who' },
      el('span', { className: 'line' },
        el('strong', { textContent: nickname, dir: 'auto', title: nickname }),
        el('time', { className: 'muted', dateTime: createdAt, title: timeOf(at), textContent: agoOf(at) })),
      why && el('span', { className: 'muted words', textContent: why, dir: 'auto' })),
    el('span', { className: 'answers' }, ...buttons));
}

const answer = (request, work) => attempt(() => settle(request, work), {
  INVITE_NOT_FOUND: t('theirInviteEnded'), FORBIDDEN: t('mayNotComeIn'),
});

/** Whatever comes of it, the list is loaded anew. That somebody else has answered is no error. */
async function settle({ roomUuid }, work) {
  try {
    await work();
  } catch (error) {
    if (error.code !== 'JOIN_REQUEST_NOT_FOUND') throw error;
  } finally {
    refreshWaiting(roomUuid);
  }
  moderated(roomUuid);
}

function askToReject(request) {
  const { roomUuid, joinRequestUuid, user } = request;
  const at = waiting.indexOf(request);
  ask({
    title: t('rejectTitle', user.nickname),
    text: t('rejectText'),
    label: t('reason'),
    isOptional: true,
    action: t('reject'),
    isDangerous: true,
    act: (reason) => settle(request, () => api.rejectJoin(roomUuid, joinRequestUuid, reason || undefined)),
  });
  // The button that the keyboard came from may be gone by then: it stays in the dialog, or goes nowhere.
  $('ask').addEventListener('close', () => {
    const { activeElement: has, body } = document;
    if ((has === body || $('ask').contains(has)) && $('moderation').checkVisibility()) focusNear(at);
  }, { once: true });
}
