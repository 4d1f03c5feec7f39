// Passing a message on: to one of one's own chats, which is looked for by its name.

import { api } from './api.js';
import { newClientId } from './chat.js';
import { ask } from './dialogs.js';
import { $, el, newAvatar } from './dom.js';
import { loadHeld } from './held.js';
import { forwardAsked } from './message-menu.js';
import { toast } from './notices.js';
import { hasMoreRooms, loadMoreRooms, may, newestFirst, roomsChanged } from './rooms.js';
import { t } from './texts.js';

/** Pages of chats that are loaded for it. Whoever has more finds an older one by writing there first. */
const PAGES = 20;

/** What is being passed on: {message, list, search, room}. */
let forwarded;

export function startForwarding() {
  forwardAsked.on(openDialog);
  roomsChanged.on(() => forwarded && show());
  $('ask').addEventListener('close', () => (forwarded = undefined));
}

function openDialog(message) {
  const search = el('input', { id: 'forward-search', type: 'search', autocomplete: 'off', placeholder: t('searchChats'), ariaLabel: t('searchChats') });
  const list = el('div', { id: 'forward-list', role: 'radiogroup', ariaLabel: t('chats') });
  search.oninput = show;
  search.onkeydown = (event) => {
    if (event.key !== 'ArrowDown') return;
    event.preventDefault();
    list.querySelector('input')?.focus();
  };
  // Whatever goes wrong, once more is no second message.
  const clientId = newClientId();
  ask({
    title: t('forwardTitle'),
    content: [search, list],
    action: t('forward'),
    words: { FORBIDDEN: t('unreachable') },
    async act() {
      const { room } = forwarded;
      try {
        await api.forward(message.roomUuid, message.messageUuid, room.roomUuid, clientId);
        toast(t('forwardedTo', room.name));
      } catch (error) {
        if (error.code !== 'HELD') throw error;
        toast(t('forwardHeld', room.name));
        loadHeld().catch(() => {});
      }
    },
  });
  forwarded = { message, list, search, room: undefined };
  show();
  search.focus();
  loadAll().catch(() => {});
}

async function loadAll() {
  for (let page = 0; page < PAGES && hasMoreRooms() && forwarded; page += 1) await loadMoreRooms();
}

function show() {
  const { list, search } = forwarded;
  const words = search.value.trim().toLocaleLowerCase();
  const rooms = newestFirst().filter((room) => may(room, 'send') && room.name.toLocaleLowerCase().includes(words));
  if (!rooms.some(({ roomUuid }) => roomUuid === forwarded.room?.roomUuid)) forwarded.room = undefined;
  const focused = list.contains(document.activeElement) && document.activeElement.value;
  list.replaceChildren(...rooms.map(choice));
  if (rooms.length === 0) list.append(el('p', { className: 'muted', textContent: t('foundNothing') }));
  if (focused) list.querySelector(`[value="${focused}"]`)?.focus();
  $('ask-action').disabled = !forwarded.room;
}

function choice(room) {
  const radio = el('input', { type: 'radio', name: 'forward-to', value: room.roomUuid, checked: room.roomUuid === forwarded.room?.roomUuid });
  radio.onchange = () => {
    forwarded.room = room;
    $('ask-action').disabled = false;
  };
  return el('label', { className: 'to-room' }, radio, newAvatar(room.name), el('span', { className: 'name', textContent: room.name, dir: 'auto' }));
}
