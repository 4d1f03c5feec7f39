// Public chats, looked for by their names: one comes in, or asks to.

import { goToRoom } from './address.js';
import { api } from './api.js';
import { $, el, fillList, newAvatar, on, onSubmit, textButton } from './dom.js';
import { explain } from './errors.js';
import { askedChanged, comeIn, nameOf, requestFor, takeBack } from './joining.js';
import { rooms, roomsChanged } from './rooms.js';
import { languageChanged, t } from './texts.js';

/** What is typed is looked for after so many milliseconds without another letter. */
const PAUSE = 250;
const PAGE = 20;

let found = [];
/** Of the next page; null: there is none. */
let cursor = null;
let lastLoad = 0;
let timer;

export function startFinding() {
  on('find-open', 'click', openDialog);
  on('find-close', 'click', () => $('find').close());
  onSubmit('find-form', () => tryTo(load));
  on('find-name', 'input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => tryTo(load), PAUSE);
  });
  on('find-more', 'click', () => tryTo(loadMore));
  for (const change of [roomsChanged, askedChanged, languageChanged]) change.on(() => $('find').open && show());
}

/** What goes wrong is shown where one looks. */
async function tryTo(work) {
  $('find-error').textContent = '';
  await work().catch((error) => ($('find-error').textContent = explain(error)));
}

function openDialog() {
  $('find-form').reset();
  found = [];
  $('find-list').replaceChildren();
  $('find-more').hidden = true;
  $('find-status').textContent = '';
  $('find').showModal();
  tryTo(load);
}

async function load() {
  clearTimeout(timer);
  found = [];
  cursor = undefined;
  await loadMore();
}

/** A page may hold nothing of what is looked for, and yet others follow. */
async function loadMore() {
  const load = ++lastLoad;
  const q = $('find-name').value.trim();
  let more = [];
  do {
    const page = await api.publicRooms({ q, cursor, limit: PAGE });
    if (load !== lastLoad) return;
    more = page.rooms;
    cursor = page.nextCursor;
  } while (more.length === 0 && cursor !== null);
  found.push(...more);
  show();
}

function show() {
  fillList($('find-list'), found.map(item));
  $('find-more').hidden = cursor === null;
  const status = found.length === 0 ? t('foundNothing') : '';
  if ($('find-status').textContent !== status) $('find-status').textContent = status;
}

function item(room) {
  const { roomUuid, participantCount, topic } = room;
  const name = nameOf({ name: room.name, roomType: room.type });
  const request = requestFor(roomUuid);
  const words = [request && t('youWait'), t('people', participantCount), topic].filter(Boolean).join(' · ');
  const open = () => {
    $('find').close();
    goToRoom(roomUuid);
  };
  const join = async () => await comeIn(() => api.join(roomUuid)) && open();
  const button = rooms.has(roomUuid) ? textButton(t('openChat'), open, 'small soft')
    : request ? textButton(t('withdraw'), () => tryTo(() => takeBack(request)), 'small soft')
      : textButton(t('join'), () => tryTo(join), 'small primary');
  button.ariaLabel = `${button.textContent}: ${name}`;
  return el('li', { className: 'person', dataset: { key: roomUuid } },
    newAvatar(name),
    el('span', { className: 'who' },
      el('strong', { textContent: name, dir: 'auto', title: name }),
      el('span', { className: 'muted', textContent: words, title: words, dir: 'auto' })),
    button);
}
