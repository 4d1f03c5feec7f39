// The open room: its head, its history, what is new, what is read.

import { goToList, roomInAddress } from './address.js';
import { api, me } from './api.js';
import { $, on, setAvatar } from './dom.js';
import { live } from './live.js';
import { Messages } from './messages.js';
import { attempt } from './notices.js';
import { entryChanged, retry, settle, waitingIn } from './outbox.js';
import { isOnline, presenceChanged, presenceText, setPresence } from './presence.js';
import { loadRoom, noteMessage, noteOwnMark, peerOf, rooms, roomsChanged } from './rooms.js';
import { signal } from './signal.js';
import { languageChanged, t } from './texts.js';
import { forgetTyping, showTyping, takeTyping } from './typing.js';

/** The open room: {uuid, messages, hasOlder, isLoading, isLoaded, readSeq}. */
let open;
/** Whether the newest message is in sight, and is to stay there. */
let isFollowing = true;

export const openUuid = () => open?.uuid;

/** Tells of the room that was opened, or none. */
export const roomOpened = signal();
/** Tells of a message that goes back to where it was written. */
export const entryTakenBack = signal();

export function startRoom() {
  on('scroller', 'scroll', scrolled);
  on('jump', 'click', scrollDown);
  on('history-retry', 'click', () => attempt(loadOlder));
  // A keyboard or a notice takes some of the height: the end stays in sight.
  const keepEnd = new ResizeObserver(() => isFollowing && scrollDown());
  keepEnd.observe($('scroller'));
  keepEnd.observe($('messages'));
  addEventListener('hashchange', followAddress);
  entryChanged.on((entry) => entry.room === open?.uuid && open.messages.place(entry));
  presenceChanged.on((user) => open && (!user || user === peerOf(rooms.get(open.uuid))) && showHead());
  languageChanged.on(() => {
    if (!open) return;
    showHead();
    showTyping();
    open.messages.redraw();
  });
  roomsChanged.on((uuid) => {
    if (!open || uuid !== open.uuid) return;
    showHead();
    open.messages.showReceipts();
  });
}

export function followAddress() {
  if (me && roomInAddress() !== open?.uuid) openRoom(roomInAddress());
}

function openRoom(uuid) {
  const room = () => rooms.get(uuid);
  const messages = uuid && new Messages({ room, onRetry: retry, onEdit: takeBack });
  open = uuid && { uuid, messages, hasOlder: false, isLoading: false, isLoaded: false, readSeq: 0 };
  isFollowing = true;
  $('app').classList.toggle('in-room', Boolean(open));
  $('chat-empty').hidden = Boolean(open);
  $('chat-room').hidden = !open;
  $('jump').hidden = true;
  forgetTyping();
  showHistoryState();
  roomOpened(uuid);
  if (!open) return;
  showHead();
  waitingIn(uuid).forEach((entry) => messages.place(entry));
  attempt(loadOpenRoom);
}

/** The open room's messages once more. */
export const reopenRoom = () => open && openRoom(open.uuid);

async function loadOpenRoom() {
  const room = open;
  if (!rooms.has(room.uuid)) {
    await loadRoom(room.uuid).catch((error) => {
      if (error.code !== 'OFFLINE' && room === open) goToList();
      throw error;
    });
  }
  // Where reading stopped, before this visit moves the mark.
  const { unreadCount } = rooms.get(room.uuid);
  loadPeer(room.uuid).catch(() => {});
  await loadHistory();
  if (room !== open) return;
  room.isLoaded = true;
  const firstUnread = room.messages.markUnread(unreadCount);
  if (firstUnread) {
    firstUnread.scrollIntoView({ block: 'start' });
    isFollowing = isAtEnd();
    markRead();
  } else scrollDown();
}

/** Whether the other one of a direct room is there, and since when not. */
async function loadPeer(uuid) {
  if (rooms.get(uuid)?.type !== 'DIRECT') return;
  const { participants } = await api('GET', `chat/rooms/${uuid}/participants`);
  participants.forEach(setPresence);
}

// The head

function showHead() {
  const room = rooms.get(open.uuid);
  const { name = '', participantCount = 0, isActive = true, type, challengeUuid } = room ?? {};
  const peer = peerOf(room);
  $('room-name').textContent = name;
  setAvatar($('room-avatar'), name);
  $('room-dot').classList.toggle('online', isOnline(peer));
  const challenge = challengeUuid && `${t('challenge')} ${challengeUuid} · `;
  const people = `${challenge ?? ''}${t('people', participantCount)}`;
  $('room-people').textContent = type === 'DIRECT' ? presenceText(peer) : room ? people : '';
  $('messages').classList.toggle('direct', type === 'DIRECT');
  $('composer').hidden = !isActive;
  $('closed').hidden = isActive;
}

// History

async function loadOlder() {
  if (open?.isLoaded) await loadHistory(open.messages.oldestSeq);
  else if (open) await loadOpenRoom();
}

async function loadHistory(before) {
  const room = open;
  if (room.isLoading) return;
  room.isLoading = true;
  room.hasFailed = false;
  showHistoryState();
  try {
    const from = before ? `&before=${before}` : '';
    const page = await api('GET', `chat/rooms/${room.uuid}/messages?limit=40${from}`);
    if (room !== open) return;
    room.hasOlder = page.hasMoreBefore ?? page.hasMore;
    const toEnd = $('scroller').scrollHeight - $('scroller').scrollTop;
    // Nobody wants to hear all of it read out.
    $('scroller').ariaBusy = 'true';
    page.messages.forEach((message) => room.messages.place({ message }));
    $('scroller').ariaBusy = 'false';
    $('scroller').scrollTop = $('scroller').scrollHeight - toEnd;
  } catch (error) {
    room.hasFailed = true;
    throw error;
  } finally {
    room.isLoading = false;
    if (room === open) showHistoryState();
  }
}

/** The line above the oldest message. It always has its height, so that nothing moves. */
function showHistoryState() {
  const { isLoading, hasOlder, hasFailed } = open || {};
  $('history-note').textContent = isLoading ? t('loading') : hasOlder || hasFailed || !open ? '' : t('beginning');
  $('history-retry').hidden = !hasFailed;
}

// Scrolling

const isAtEnd = () => $('scroller').scrollHeight - $('scroller').scrollTop - $('scroller').clientHeight < 80;

function scrollDown() {
  isFollowing = true;
  $('scroller').scrollTop = $('scroller').scrollHeight;
  $('jump').hidden = true;
  markRead();
}

function scrolled() {
  isFollowing = isAtEnd();
  if (isFollowing) $('jump').hidden = true;
  markRead();
  const { isLoaded, isLoading, hasOlder, hasFailed } = open || {};
  if ($('scroller').scrollTop < 300 && isLoaded && hasOlder && !isLoading && !hasFailed) attempt(loadOlder);
}

/** What stands on the screen is read. */
export function markRead() {
  const view = open;
  const seq = rooms.get(view?.uuid)?.seq;
  if (!view?.isLoaded || !live.isReady || document.hidden || !isAtEnd() || !(seq > view.readSeq)) return;
  const readBefore = view.readSeq;
  view.readSeq = seq;
  live.request('read', { room: view.uuid, seq }).then(
    ({ unreadCount }) => noteOwnMark(view.uuid, seq, unreadCount),
    () => (view.readSeq = readBefore),
  );
}

// Events

/** A message: live, caught up on, or one's own in its answer. It may come more than once. */
export function takeMessage(message) {
  const { roomUuid, clientId, isMyMessage, sender } = message;
  if (isMyMessage) settle(clientId);
  const isOpen = open?.uuid === roomUuid;
  const isNew = noteMessage(message, isOpen && open.isLoaded && isFollowing && !document.hidden);
  if (!isOpen) return;
  const wasAtEnd = isFollowing;
  open.messages.place({ message });
  takeTyping({ ...sender, isTyping: false });
  if (wasAtEnd) scrollDown();
  else if (isNew && !isMyMessage) $('jump').hidden = false;
}

/** Shows what was just written. */
export function showEntry(entry) {
  open.messages.place(entry);
  scrollDown();
}

function takeBack(entry) {
  settle(entry.clientId);
  open.messages.remove(entry);
  entryTakenBack(entry);
}

export function takeRead({ roomUuid, userUuid, seq }) {
  if (userUuid === me.userUuid) noteOwnMark(roomUuid, seq);
  else if (open?.uuid === roomUuid) open.messages.takeRead(userUuid, seq);
}

export function takeDeparture({ roomUuid, userUuid }) {
  if (open?.uuid === roomUuid) open.messages.forgetReader(userUuid);
}

/** The connection is there, perhaps again. */
export function resumeRoom() {
  if (!open) return;
  if (!open.isLoaded && !open.isLoading) attempt(loadOpenRoom);
  else loadPeer(open.uuid).catch(() => {});
  markRead();
}
