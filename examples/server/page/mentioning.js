// Mentioning people where one writes: an @ opens a list of those who are in the room, which the keys go along.

import { api, me } from './api.js';
import { $, el, newAvatar, on } from './dom.js';
import { namedIn } from './mentions.js';
import { noteName } from './names.js';
import { openUuid, roomOpened } from './room.js';
import { may, rooms } from './rooms.js';
import { fitText } from './text-field.js';
import { t } from './texts.js';

/** So many are offered at once. */
const MOST = 8;
/** An @ at the beginning or behind a space, with what stands between it and the caret. */
const ASKED = /(?:^|\s)@([^@\n]{0,40})$/u;

/** The people of the open room, once an @ was written there. */
let people = [];
let loaded;
/** Whom one has chosen of several with one name. */
let chosen = new Set();
/** What is offered, and which of it Enter takes. */
let offered = [];
let at = 0;
/** The place of an @ that is settled. */
let settled;

export function startMentioning() {
  roomOpened.on(() => {
    [people, loaded, chosen, settled] = [[], undefined, new Set(), undefined];
    close();
  });
  on('text', 'input', look);
  on('text', 'blur', close);
  on('text', 'click', look);
  // Before whatever else these keys do here.
  $('text').addEventListener('keydown', takeKey, { capture: true });
}

/** The ids of those whom a text mentions, as a draft has them. */
export function mentionsIn(text = '') {
  const found = namedIn(text, everybody()).map(({ one }) => one);
  const sameName = (one) => people.filter(({ nickname }) => nickname === one.nickname);
  const ids = found.filter(({ userUuid }) => userUuid).map((one) => sameName(one).find(({ userUuid }) => chosen.has(userUuid)) ?? one).map(({ userUuid }) => userUuid);
  return {
    ...(ids.length > 0 && { mentions: [...new Set(ids)] }),
    ...(found.some(({ userUuid }) => !userUuid) && { mentionsAll: true }),
  };
}

/** Those who can be mentioned, and all of them at once where one may. */
function everybody() {
  const room = rooms.get(openUuid());
  const all = room?.type !== 'DIRECT' && may(room, 'mentionAll') ? [{ nickname: t('everyone') }] : [];
  return [...people, ...all];
}

/** What stands before the caret: {from, query}, where that may be a name. */
function asked() {
  const { value, selectionStart, selectionEnd } = $('text');
  const found = selectionStart === selectionEnd && ASKED.exec(value.slice(0, selectionStart));
  if (!found) return undefined;
  const from = selectionStart - found[1].length - 1;
  return { from, query: found[1].toLocaleLowerCase() };
}

function look() {
  const ask = asked();
  if (ask?.from !== settled) settled = undefined;
  if (!ask || settled !== undefined) return close();
  load();
  const fits = ({ nickname }) => {
    const name = nickname.toLocaleLowerCase();
    return name.startsWith(ask.query) || name.split(/\s+/u).some((word) => word.startsWith(ask.query));
  };
  offered = everybody().filter(fits).slice(0, MOST);
  at = 0;
  show();
}

function load() {
  const uuid = openUuid();
  if (loaded === uuid) return;
  loaded = uuid;
  api.participants(uuid).then((list) => {
    if (uuid !== openUuid()) return;
    list.forEach(noteName);
    people = list.filter(({ userUuid }) => userUuid !== me.userUuid);
    if (document.activeElement === $('text')) look();
  }).catch(() => { loaded = undefined; });
}

function takeKey(event) {
  if (event.isComposing || offered.length === 0) return;
  const acts = {
    ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => choose(offered[at]), Tab: () => choose(offered[at]), Escape: giveUp,
  };
  if (!(event.key in acts) || event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  acts[event.key]();
}

function move(step) {
  at = (at + step + offered.length) % offered.length;
  show();
}

function giveUp() {
  settled = asked()?.from;
  close();
}

function choose({ userUuid, nickname }) {
  const { from } = asked();
  const { selectionStart } = $('text');
  $('text').setRangeText(`@${nickname} `, from, selectionStart, 'end');
  if (userUuid) chosen.add(userUuid);
  settled = from;
  close();
  fitText();
  $('text').focus();
}

function close() {
  offered = [];
  show();
}

function show() {
  const list = $('mention-list');
  const isOpen = offered.length > 0;
  list.hidden = !isOpen;
  list.replaceChildren(...offered.map(option));
  const text = $('text');
  const states = { role: 'combobox', 'aria-expanded': 'true', 'aria-haspopup': 'listbox', 'aria-autocomplete': 'list', 'aria-controls': 'mention-list', 'aria-activedescendant': `mention-${at}` };
  // Else it is a field of several lines, and is said to be one.
  for (const [name, value] of Object.entries(states)) {
    if (isOpen) text.setAttribute(name, value);
    else text.removeAttribute(name);
  }
  if (isOpen) list.children[at].scrollIntoView({ block: 'nearest' });
}

function option(one, n) {
  const { userUuid, nickname } = one;
  const item = el('li', { id: `mention-${n}`, role: 'option', ariaSelected: String(n === at) },
    userUuid ? newAvatar(nickname) : el('span', { className: 'avatar', ariaHidden: 'true', textContent: '@' }),
    el('span', { className: 'name', textContent: nickname, dir: 'auto' }),
    !userUuid && el('span', { className: 'muted', textContent: t('everyoneText') }));
  // The keyboard stays where one writes.
  item.onpointerdown = (event) => event.preventDefault();
  item.onclick = () => choose(one);
  return item;
}
