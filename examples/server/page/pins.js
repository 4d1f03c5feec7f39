// The pinned messages of the open room: the newest in a strip below its head, all of them in a panel beside it.

import { api, chat } from './api.js';
import { $, el, fillList, iconButton, on, onceAFrame } from './dom.js';
import { isHidden, messageHidden } from './hiding.js';
import { loader } from './loading.js';
import { attempt } from './notices.js';
import { excerptOf, nameOf } from './quote.js';
import { messageChanged, openMessage, openUuid, roomOpened } from './room.js';
import { may, rooms, roomsChanged } from './rooms.js';
import { closeSide, isBeside, isOverRoom, openSide } from './side.js';
import { dayTurned, languageChanged, t, timeOf, whenOf } from './texts.js';

/** A room has no more. */
const MOST = 100;

/** The newest pin first. */
let pins = [];

export function startPins() {
  on('pins-open', 'click', () => (isBeside('pins') ? closeSide() : openPanel()));
  roomOpened.on(() => {
    pins = [];
    show();
    loadPins().catch(() => {});
  });
  messageChanged.on(takeChange);
  messageHidden.on(({ messageUuid }) => takePins(pins.filter((message) => message.messageUuid !== messageUuid)));
  for (const change of [languageChanged, dayTurned]) change.on(show);
  roomsChanged.on((uuid) => pins.length > 0 && (!uuid || uuid === openUuid()) && show());
}

function openPanel() {
  openSide('pins', $('pins').querySelector('.close'));
  show();
}

/** Of no room where none is open. */
export const loadPins = loader(
  async (uuid = openUuid()) => (uuid ? (await api.pins(uuid, { limit: MOST })).messages : []),
  (messages) => takePins(messages.filter((message) => !isHidden(message))),
);

function takePins(messages) {
  pins = messages;
  show();
}

/** What is pinned says something else, or something is pinned, or is so no more. */
function takeChange({ roomUuid, messageUuid, pinned }) {
  if (roomUuid !== openUuid()) return;
  const isKnown = pins.some((message) => message.messageUuid === messageUuid);
  if (isKnown !== Boolean(pinned) && !isHidden({ messageUuid })) loadPins().catch(() => {});
  else if (isKnown) takePins(pins.map((message) => chat.latest(message)));
}

const show = onceAFrame(() => {
  const [newest] = pins;
  keepingPlace(() => ($('pins-open').hidden = !newest));
  $('pins-empty').hidden = Boolean(newest);
  if (isBeside('pins')) fillList($('pins-list'), pins.map(item));
  if (!newest) return;
  $('pins-newest').textContent = t('saidBy', nameOf(newest), excerptOf(newest));
  $('pins-count').textContent = t('pinsCount', pins.length);
});

/** What one reads stays where it is, although the strip takes some of the height. */
function keepingPlace(change) {
  const top = () => $('scroller').getBoundingClientRect().top;
  const before = top();
  change();
  $('scroller').scrollTop += top() - before;
}

function item(message) {
  const { roomUuid, messageUuid, seq, createdAt } = message;
  const at = new Date(createdAt);
  const when = el('time', { dateTime: at.toJSON(), title: timeOf(at), textContent: whenOf(at) });
  const button = el('button', { type: 'button', className: 'hit' },
    el('span', { className: 'line' }, el('strong', { textContent: nameOf(message), dir: 'auto' }), when),
    el('span', { className: 'snippet', textContent: excerptOf(message), dir: 'auto' }));
  button.onclick = () => {
    if (isOverRoom()) closeSide();
    openMessage(roomUuid, seq);
  };
  const unpin = () => attempt(() => chat.pin(roomUuid, messageUuid, false));
  return el('li', { className: 'pin', dataset: { key: messageUuid } }, button,
    may(rooms.get(roomUuid), 'pin') && iconButton('close', t('unpin'), unpin));
}
