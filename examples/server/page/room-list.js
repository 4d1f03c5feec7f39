// The list of rooms, drawn.

import { roomInAddress } from './address.js';
import { $, el, fillList, moveAlong, on, onceAFrame, personAvatar, showCount } from './dom.js';
import { attempt } from './notices.js';
import { isOnline, presenceChanged } from './presence.js';
import { hasMoreRooms, loadMoreRooms, newestFirst, peerOf, roomsChanged } from './rooms.js';
import { clockOf, languageChanged, systemText, t, whenOf, wordsOf } from './texts.js';
import { isAside } from './threads.js';

let isLoaded = false;
/** Rooms further down are loaded as they come near. */
const nearing = new IntersectionObserver(
  ([{ isIntersecting }]) => isIntersecting && attempt(loadMore),
  { root: $('rooms-pane'), rootMargin: '300px' },
);

export function startRoomList() {
  for (const change of [roomsChanged, presenceChanged, languageChanged]) change.on(showRooms);
  addEventListener('hashchange', showRooms);
  on('more-rooms', 'click', () => attempt(loadMore));
  on('rooms', 'keydown', (event) => moveAlong(event, [...$('rooms').querySelectorAll('a')]));
}

/** Puts the keyboard on a room's row; on the first one, where it is not in the list; where one came from, if that is a search or
 *  another list. */
export function focusRoom(uuid) {
  const row = $('all-rooms').hidden ? $('found-all').querySelector('[aria-current]') ?? $('search-text')
    : $('rooms').querySelector(`a[href="#${uuid}"]`) ?? $('rooms').querySelector('a');
  (row?.checkVisibility() ? row : document.querySelector('#tabs [aria-selected="true"]')).focus();
}

export const areRoomsLoaded = () => isLoaded;

export async function loadMore() {
  if (!hasMoreRooms()) return;
  await loadMoreRooms();
  isLoaded = true;
  showRooms();
  // Anew, since it may be as near as before.
  nearing.unobserve($('more-rooms'));
  nearing.observe($('more-rooms'));
}

/** Draws the list once a frame, however much has changed. */
const showRooms = onceAFrame(() => {
  const sorted = newestFirst();
  fillList($('rooms'), sorted.map(roomItem));
  $('no-rooms').hidden = sorted.length > 0 || !isLoaded;
  $('more-rooms').hidden = !isLoaded || !hasMoreRooms();
  const unread = sorted.reduce((sum, room) => sum + room.unreadCount, 0);
  showCount($('unread-badge'), unread, t('unread', unread));
  document.title = unread > 0 ? `(${unread}) Chat` : 'Chat';
});

function roomItem(room) {
  const { roomUuid, name, unreadCount, isActive } = room;
  const at = new Date(room.lastMessageAt ?? room.createdAt);
  const when = el('time', { dateTime: at.toJSON(), textContent: whenOf(at), title: clockOf(at) });
  const last = el('span', { className: 'preview', textContent: preview(room), dir: 'auto' });
  const line = el('span', { className: 'line' }, last);
  if (!isActive) line.append(el('span', { className: 'tag', textContent: t('closedTag') }));
  const link = el('a', { href: `#${roomUuid}` },
    personAvatar(name, isOnline(peerOf(room))),
    el('span', { className: 'who' },
      el('span', { className: 'line' }, el('strong', { textContent: name, dir: 'auto' }), when),
      line));
  if (roomInAddress() === roomUuid) link.ariaCurrent = 'page';
  if (room.mentionCount > 0) line.append(el('span', { className: 'badge mentions', title: t('mentionCount', room.mentionCount) },
    el('span', { ariaHidden: 'true', textContent: '@' }), el('span', { className: 'hidden', textContent: t('mentionCount', room.mentionCount) })));
  if (unreadCount > 0) {
    const badge = el('span', { className: 'badge' });
    showCount(badge, unreadCount, t('unread', unreadCount));
    line.append(badge);
    link.className = 'unread';
  }
  return el('li', { dataset: { key: roomUuid } }, link);
}

function preview({ lastMessage: last, type }) {
  if (!last) return t('noMessages');
  if (last.type === 'SYSTEM') return systemText(last);
  const words = wordsOf(last);
  const said = last.isMyMessage ? t('saidBy', t('you'), words) : type === 'DIRECT' ? words : t('saidBy', last.sender.nickname, words);
  return isAside(last) ? t('saidInThread', said) : said;
}
