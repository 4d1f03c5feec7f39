// The threads that one follows, drawn: a list of its own beside that of the chats.

import { $, el, fillList, moveAlong, on, onceAFrame, showCount } from './dom.js';
import { areFollowedLoaded, followedChanged, followedThreads, hasMoreFollowed, loadMoreFollowed } from './followed.js';
import { attempt } from './notices.js';
import { excerptOf, nameOf } from './quote.js';
import { openThreadOf } from './room.js';
import { loadRoomsOf, rooms, roomsChanged } from './rooms.js';
import { dayTurned, languageChanged, t, timeOf, whenOf } from './texts.js';
import { threadOpened } from './thread.js';

/** The root of the thread that is open. */
let current;

/** Those further down are loaded as they come near. */
const nearing = new IntersectionObserver(
  ([{ isIntersecting }]) => isIntersecting && attempt(loadMore),
  { root: $('threads-pane'), rootMargin: '300px' },
);

export function startThreadList() {
  for (const change of [followedChanged, roomsChanged, languageChanged, dayTurned]) change.on(show);
  threadOpened.on((root) => {
    current = root;
    show();
  });
  followedChanged.on(() => loadRoomsOf(followedThreads().map(({ message }) => message)));
  nearing.observe($('more-threads'));
  on('more-threads', 'click', () => attempt(loadMore));
  on('threads-list', 'keydown', (event) => moveAlong(event, [...$('threads-list').querySelectorAll('button')]));
}

async function loadMore() {
  await loadMoreFollowed();
  // Anew, since it may be as near as before.
  nearing.unobserve($('more-threads'));
  nearing.observe($('more-threads'));
}

const show = onceAFrame(() => {
  const threads = followedThreads();
  fillList($('threads-list'), threads.map(item));
  $('no-threads').hidden = threads.length > 0 || !areFollowedLoaded();
  $('more-threads').hidden = !hasMoreFollowed();
  const unread = threads.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
  showCount($('threads-badge'), unread, t('unreadReplies', unread));
});

function item({ message, activeAt, unreadCount }) {
  const at = new Date(activeAt);
  const { replyCount = 0 } = message.thread ?? {};
  const below = el('span', { className: 'line' }, el('span', { className: 'muted', textContent: replyCount === 0 ? t('noReplies') : t('replies', replyCount) }));
  if (unreadCount > 0) {
    const badge = el('span', { className: 'badge' });
    showCount(badge, unreadCount, t('unreadReplies', unreadCount));
    below.append(badge);
  }
  const button = el('button', { type: 'button', className: unreadCount > 0 ? 'hit followed unread' : 'hit followed', onclick: () => openThreadOf(message) },
    el('span', { className: 'line' },
      el('strong', { textContent: rooms.get(message.roomUuid)?.name ?? '…', dir: 'auto' }),
      el('time', { dateTime: activeAt, title: timeOf(at), textContent: whenOf(at) })),
    el('span', { className: 'snippet', textContent: t('saidBy', nameOf(message), excerptOf(message)), dir: 'auto' }),
    below);
  if (message.messageUuid === current) button.ariaCurrent = 'true';
  return el('li', { dataset: { key: message.messageUuid } }, button);
}
