// The panel of those who look after the open room: how fast people write, what was reported, who is banned, and what was done.
// Who waits to come in is in admitting.js, what waits to be said in reviewing.js.

import { joins } from './admitting.js';
import { api, chat } from './api.js';
import { $, el, fillList, on, showCount, textButton } from './dom.js';
import { choose } from './dialogs.js';
import { loader } from './loading.js';
import { askToBan, mayModerate, moderated } from './moderating.js';
import { attempt, toast } from './notices.js';
import { excerptOf } from './quote.js';
import { reviews } from './reviewing.js';
import { messageChanged, openMessage, openUuid, roomOpened } from './room.js';
import { putRoom, rooms, roomsChanged } from './rooms.js';
import { closeSide, isBeside, isOverRoom, openSide } from './side.js';
import { agoOf, dayTurned, hasText, languageChanged, spanOf, t, timeOf, untilOf } from './texts.js';

/** Seconds between two messages that can be chosen. */
const SLOW = [0, 5, 10, 30, 60, 300, 900, 3600, 21_600];
const DAY = 86_400;
/** How many of each are shown. */
const PAGE = 50;

/** The room whose reports were counted. */
let countedIn;

/** What is shown of the open room. `people`: nicknames by user; `messages`: those that were reported. */
let shown = nothing();

function nothing() {
  return { reports: [], bans: [], audit: [], people: new Map(), messages: new Map() };
}

export function startModeration() {
  on('moderation-open', 'click', openPanel);
  on('slow-mode', 'change', ({ target }) => attempt(async () => {
    const uuid = openUuid();
    try {
      putRoom(await api.update(uuid, { slowMode: Number(target.value) }));
    } finally {
      showSlow();
    }
    moderated(uuid);
  }));
  roomOpened.on(() => {
    shown = nothing();
    countedIn = undefined;
    countReports();
  });
  roomsChanged.on((uuid) => {
    if (uuid && uuid !== openUuid()) return;
    showSlow();
    countReports();
    if (isBeside('moderation') && !mayModerate(rooms.get(openUuid()))) closeSide();
  });
  for (const { changed } of [joins, reviews]) changed.on(showWaiting);
  moderated.on((uuid) => uuid === openUuid() && isBeside('moderation') && load().catch(() => {}));
  messageChanged.on(({ messageUuid }) => {
    const message = shown.messages.get(messageUuid);
    if (!message) return;
    shown.messages.set(messageUuid, chat.latest(message));
    show();
  });
  for (const change of [languageChanged, dayTurned]) change.on(show);
}

function openPanel() {
  openSide('moderation', $('moderation').querySelector('.close'));
  show();
  // Nobody is promised that a change is told.
  for (const queue of [joins, reviews]) queue.refresh();
  attempt(load);
}

/** How many reports wait, before anybody looks: once it is known that one may. */
function countReports() {
  showWaiting();
  if (countedIn === openUuid() || !mayModerate(rooms.get(openUuid()))) return;
  countedIn = openUuid();
  loadReports(countedIn).catch(() => {});
}

/** Others are reported in a room than before. */
export function refreshReports(uuid) {
  if (uuid === openUuid() && mayModerate(rooms.get(uuid))) (isBeside('moderation') ? load() : loadReports(uuid)).catch(() => {});
}

async function loadReports(uuid) {
  const { reports } = await api.reports(uuid, { limit: PAGE });
  if (uuid !== openUuid()) return;
  shown.reports = reports;
  showWaiting();
}

const load = loader(async (uuid = openUuid()) => {
  const [{ reports }, { bans }, { audit }, participants] = await Promise.all([
    api.reports(uuid, { limit: PAGE }), api.bans(uuid, { limit: PAGE }), api.audit(uuid, { limit: PAGE }), api.participants(uuid),
  ]);
  const said = await Promise.all(reports.map(({ messageUuid }) => api.message(uuid, messageUuid).catch(() => undefined)));
  const people = new Map([...bans, ...participants, ...said.filter(Boolean).map(({ sender }) => sender)].map((one) => [one.userUuid, one.nickname]));
  const messages = new Map(said.filter(Boolean).map((message) => [message.messageUuid, message]));
  return { uuid, found: { reports, bans, audit, people, messages } };
}, ({ uuid, found }) => {
  if (uuid !== openUuid()) return;
  shown = found;
  show();
});

const nameOf = (userUuid) => (userUuid === null ? t('theHost') : shown.people.get(userUuid) ?? userUuid);

// Drawn

function show() {
  showSlow();
  showWaiting();
  if (!isBeside('moderation')) return;
  const hadFocus = $('moderation').contains(document.activeElement);
  for (const [id, items, draw] of [['reports', shown.reports, reportItem], ['bans', shown.bans, banItem], ['audit', shown.audit, actItem]]) {
    fillList($(`${id}-list`), items.map(draw));
    $(`${id}-empty`).hidden = items.length > 0;
  }
  // The button that was pressed may be gone.
  if (hadFocus && !$('moderation').contains(document.activeElement)) $('moderation').querySelector('.close').focus();
}

/** How much waits for somebody to say something: also where one opens the panel from. */
function showWaiting() {
  const counts = [['joinsWait', joins.count], ['heldWait', reviews.count], ['reportsWait', shown.reports.length]];
  const words = counts.filter(([, count]) => count > 0).map(([key, count]) => t(key, count)).join(', ');
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  showCount($('moderation-badge'), all, words);
  // An icon is called by its label, which says this as well.
  $('people-open').ariaLabel = [t('showPeople'), words].filter(Boolean).join(': ');
  if (words) $('people-open').dataset.waits = all > 99 ? '99+' : all;
  else delete $('people-open').dataset.waits;
}

function showSlow() {
  const { slowMode = 0 } = rooms.get(openUuid()) ?? {};
  const choices = SLOW.includes(slowMode) ? SLOW : [...SLOW, slowMode].sort((one, other) => one - other);
  $('slow-mode').replaceChildren(...choices.map((seconds) => (
    el('option', { value: seconds, textContent: seconds === 0 ? t('slowOff') : spanOf(seconds) })
  )));
  $('slow-mode').value = String(slowMode);
}

function reportItem(report) {
  const { reportUuid, roomUuid, messageUuid, senderUuid, reportedBy, createdAt, reason } = report;
  const message = shown.messages.get(messageUuid);
  const at = new Date(createdAt);
  const toMessage = () => {
    if (isOverRoom()) closeSide();
    openMessage(roomUuid, message.seq);
  };
  const words = message ? excerptOf(message) : t('unseenMessage');
  return el('li', { className: 'report', dataset: { key: reportUuid } },
    el('button', { type: 'button', className: 'hit', disabled: !message, onclick: toMessage },
      el('span', { className: 'line' }, el('strong', { textContent: nameOf(senderUuid), dir: 'auto' }), el('time', { dateTime: createdAt, title: timeOf(at), textContent: agoOf(at) })),
      el('span', { className: 'snippet', textContent: words, dir: 'auto' }),
      el('span', { className: 'by', textContent: reason ? t('reportedBecause', nameOf(reportedBy), reason) : t('reportedBy', nameOf(reportedBy)), dir: 'auto' })),
    el('span', { className: 'answers' },
      textButton(t('dismiss'), () => attempt(() => resolve(report, 'dismissed')), 'small soft'),
      textButton(t('actOn'), () => actOn(report, message), 'small soft')));
}

async function resolve({ roomUuid, reportUuid }, outcome) {
  await api.resolveReport(roomUuid, reportUuid, outcome);
  toast(t('resolved'));
  moderated(roomUuid);
}

/** What is done about it, and then said of it. */
function actOn(report, message) {
  const { roomUuid, messageUuid, senderUuid } = report;
  // One that is not there may only be deleted for oneself.
  const isGone = Boolean(message?.deletedAt);
  const remove = { label: t(isGone ? 'isDeleted' : 'deleteMessage'), isDangerous: true, act: () => attempt(async () => {
    if (!isGone) {
      await chat.delete(roomUuid, messageUuid).catch((error) => {
        if (error.code !== 'MESSAGE_NOT_FOUND') throw error;
      });
    }
    await resolve(report, 'messageDeleted');
  }) };
  const mute = { label: t('muteDay'), act: () => attempt(async () => {
    await api.mute(roomUuid, senderUuid, DAY);
    await resolve(report, 'userMuted');
  }) };
  const ban = { label: t('ban'), isDangerous: true, act: () => (
    askToBan(roomUuid, { userUuid: senderUuid, nickname: nameOf(senderUuid) }, () => resolve(report, 'userBanned'))
  ) };
  choose(nameOf(senderUuid), [remove, mute, ban]);
}

function banItem({ userUuid, nickname, bannedUntil, bannedBy, reason }) {
  const lift = () => attempt(async () => {
    const uuid = openUuid();
    await api.unban(uuid, userUuid);
    moderated(uuid);
  });
  const button = textButton(t('liftBan'), lift, 'small soft');
  button.ariaLabel = `${t('liftBan')}: ${nickname}`;
  const until = untilOf(bannedUntil);
  const how = [until ? t('untilWhen', until) : t('forGood'), t('byWhom', nameOf(bannedBy)), reason].filter(Boolean).join(' · ');
  return el('li', { className: 'person', dataset: { key: userUuid } },
    el('span', { className: 'who' }, el('strong', { textContent: nickname, dir: 'auto', title: nickname }),
      el('span', { className: 'muted', textContent: how, title: how, dir: 'auto' })),
    button);
}

/** What was done, in a line. */
function actItem({ act, createdAt, doneBy, userUuid, until, role, outcome, slowMode, retention, visibility, reason }) {
  const at = new Date(createdAt);
  const values = { who: nameOf(doneBy), whom: nameOf(userUuid ?? null), until: until && untilOf(until), role: role && t(`role_${role}`), outcome: outcome && t(`outcome_${outcome}`), span: slowMode > 0 && spanOf(slowMode), visibility, ...retention };
  return el('li', { className: 'act' },
    el('span', { textContent: hasText(`act_${act}`) ? t(`act_${act}`, values) : `${values.who}: ${act}`, dir: 'auto' }),
    reason && el('span', { className: 'muted', textContent: `“${reason}”`, dir: 'auto' }),
    el('time', { className: 'muted', dateTime: createdAt, title: timeOf(at), textContent: agoOf(at) }));
}
