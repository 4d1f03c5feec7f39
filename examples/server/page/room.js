// The open room: its head, what happens in it, what is read.

import { announce, announceText } from './announcer.js';
import { goToList, goToRoom, roomInAddress } from './address.js';
import { api, chat, me } from './api.js';
import { ChatError } from './chat.js';
import { $, on, onceAFrame, setAvatar } from './dom.js';
import { explain } from './errors.js';
import { forgetHeld, heldFound, heldLost, withdraw } from './held.js';
import { messageHidden } from './hiding.js';
import { attempt, toast } from './notices.js';
import { isOnline, presenceChanged, presenceText, setPresence } from './presence.js';
import { focusRoom } from './room-list.js';
import { loadRoom, noteChange, noteMessage, noteOwnMark, peerOf, rooms, roomsChanged } from './rooms.js';
import { signal } from './signal.js';
import { dayTurned, languageChanged, t } from './texts.js';
import { askForThread, isAside, namesLoaded } from './threads.js';
import { endSeen, Timeline } from './timeline.js';
import { forgetTyping, showTyping, takeTyping } from './typing.js';

/** The open room: {uuid, timeline, readSeq, seq}. `seq`: the place of a message that one came to see. */
let open;
/** A room to be opened at one of its messages, or with one of its threads: {uuid, seq?, thread?}. */
let asked;

export const openUuid = () => open?.uuid;

/** Tells of the room that was opened, or none. */
export const roomOpened = signal();
/** Tells of what waits to be sent in the open room, or was refused. */
export const entryTaken = signal();
/** Tells of a message that goes back to where it was written. */
export const entryTakenBack = signal();
/** Tells of a message that is not to be sent any more. */
export const entryDropped = signal();
/** Tells of a message: live, caught up on, or one's own. It may come more than once. */
export const messageTaken = signal();
/** Tells of what has become of a message. */
export const messageChanged = signal();

export function startRoom() {
  on('scroller', 'scroll', () => open && attempt(async () => open.timeline.scrolled()));
  on('jump', 'click', () => attempt(async () => {
    $('text').focus({ preventScroll: true });
    await open.timeline.toNewest();
  }));
  on('history-retry', 'click', () => attempt(loadOlder));
  on('chat-room', 'keydown', (event) => event.key === 'Escape' && !event.isComposing && leaveRoom());
  // A keyboard or a notice takes some of the height.
  const keepEnd = new ResizeObserver(() => open?.timeline.keepEnd());
  keepEnd.observe($('scroller'));
  keepEnd.observe($('messages'));
  addEventListener('hashchange', followAddress);
  endSeen.on(markRead);
  namesLoaded.on(() => open?.timeline.messages.showThreads());
  messageHidden.on(({ roomUuid, messageUuid }) => open?.uuid === roomUuid && open.timeline.hide(messageUuid));
  heldFound.on(showEntry);
  heldLost.on(takeAway);
  presenceChanged.on((user) => open && (!user || user === peerOf(rooms.get(open.uuid))) && showHead());
  for (const change of [languageChanged, dayTurned]) change.on(showTexts);
  const showChange = onceAFrame(() => {
    if (!open) return;
    showHead();
    open.timeline.messages.showReceipts();
  });
  roomsChanged.on((uuid) => open && uuid === open.uuid && showChange());
}

function showTexts() {
  if (!open) return;
  showHead();
  showTyping();
  open.timeline.showTexts();
}

/** Goes back to the list, by the keyboard. The room stays open where there is room for both. */
function leaveRoom() {
  const { uuid } = open;
  if (getComputedStyle($('sidebar')).display === 'none') goToList();
  focusRoom(uuid);
}

export function followAddress() {
  if (me && roomInAddress() !== open?.uuid) openRoom(roomInAddress());
}

function openRoom(uuid) {
  const before = open;
  if (open) open.timeline.isOpen = false;
  const { seq, thread } = uuid && asked?.uuid === uuid ? asked : {};
  asked = undefined;
  open = uuid && { uuid, readSeq: 0, seq, timeline: new Timeline(uuid, { room: () => rooms.get(uuid), explain: explainRefusal, actions: actionsAt('text'), onQuote: (place) => openMessage(uuid, place) }) };
  $('app').classList.toggle('in-room', Boolean(open));
  $('chat-empty').hidden = Boolean(open);
  $('chat-room').hidden = !open;
  forgetTyping();
  roomOpened(uuid);
  if (!open) return before && requestAnimationFrame(() => focusRoom(before.uuid));
  showHead();
  open.timeline.scrollDown();
  attempt(loadOpenRoom);
  if (thread) askForThread(thread);
}

/** Opens a room at one of its messages. */
export function openMessage(uuid, seq) {
  if (open?.uuid === uuid) {
    open.seq = seq;
    return attempt(loadOpenRoom);
  }
  asked = { uuid, seq };
  return goToRoom(uuid);
}

/** Opens the thread of a message beside its room. */
export function openThreadOf(message) {
  const { roomUuid: uuid } = message;
  if (open?.uuid === uuid) return askForThread(message);
  asked = { uuid, thread: message };
  return goToRoom(uuid);
}

/** The open room's messages once more. */
export const reopenRoom = () => open && openRoom(open.uuid);

async function loadOpenRoom() {
  const room = open;
  // What is said between a load and the first connection would be missed: `resumeRoom` loads.
  if (chat.pos === undefined) return;
  if (!rooms.has(room.uuid)) {
    await loadRoom(room.uuid).catch((error) => {
      if (error.code !== 'OFFLINE' && room === open) goToList();
      throw error;
    });
  }
  // Where reading stopped, before this visit moves the mark.
  const { unreadCount } = rooms.get(room.uuid);
  loadPeer(room.uuid).catch(() => {});
  if (room.seq === undefined) return room.timeline.open(unreadCount);
  await showMessage(room);
}

async function showMessage(room) {
  const { seq } = room;
  const message = await room.timeline.show(seq);
  if (room !== open || room.seq !== seq) return;
  room.seq = undefined;
  const isOfThread = message && isAside(message);
  if (isOfThread || !message) await openAtEnd(room);
  if (isOfThread) askForThread(message, { seq });
  else if (message) announce(message);
  else toast(t('error_MESSAGE_NOT_FOUND'));
}

/** There is nothing to see in the room itself, which may not be loaded yet. */
async function openAtEnd({ uuid, timeline }) {
  if (!timeline.isLoaded) await timeline.open(rooms.get(uuid)?.unreadCount ?? 0);
}

async function loadOlder() {
  if (open?.timeline.isLoaded) await open.timeline.loadOlder();
  else if (open) await loadOpenRoom();
}

/** Whether the other one of a direct room is there, and since when not. */
async function loadPeer(uuid) {
  if (rooms.get(uuid)?.type !== 'DIRECT') return;
  (await api.participants(uuid)).forEach(setPresence);
}

// The head

function showHead() {
  const room = rooms.get(open.uuid);
  const { name = '', participantCount = 0, type, challengeUuid } = room ?? {};
  const peer = peerOf(room);
  $('room-name').textContent = name;
  setAvatar($('room-avatar'), name);
  $('room-dot').classList.toggle('online', isOnline(peer));
  const challenge = challengeUuid && `${t('challenge')} ${challengeUuid} · `;
  const people = `${challenge ?? ''}${t('people', participantCount)}`;
  $('room-people').textContent = type === 'DIRECT' ? presenceText(peer) : room ? people : '';
  $('messages').classList.toggle('direct', type === 'DIRECT');
}

// What is read

/** What stands on the screen is read. */
export function markRead() {
  const view = open;
  const seq = rooms.get(view?.uuid)?.seq;
  if (!view?.timeline.isLoaded || !chat.isOnline || document.hidden || !view.timeline.isAtEnd || !(seq > view.readSeq)) return;
  const readBefore = view.readSeq;
  view.readSeq = seq;
  chat.markRead(view.uuid, seq).then(
    ({ unreadCount }) => noteOwnMark(view.uuid, seq, unreadCount),
    () => (view.readSeq = readBefore),
  );
}

export function takeRead({ roomUuid, userUuid, seq }) {
  if (userUuid === me.userUuid) noteOwnMark(roomUuid, seq);
  else if (open?.uuid === roomUuid) open.timeline.messages.takeRead(userUuid, seq);
}

export function takeDeparture({ roomUuid, userUuid }) {
  if (open?.uuid === roomUuid) open.timeline.messages.forgetReader(userUuid);
}

// What is said

/** A message: live, caught up on, or one's own. It may come more than once. */
export function takeMessage(message) {
  const { roomUuid, isMyMessage, sender } = message;
  const isOpen = open?.uuid === roomUuid;
  noteMessage(message, isOpen && open.timeline.isLoaded && open.timeline.isAtEnd && !document.hidden);
  forgetHeld(message.messageUuid, true);
  messageTaken(message);
  if (!isOpen) return;
  takeTyping({ ...sender, isTyping: false });
  const isNew = open.timeline.take(message);
  if (isNew && !isMyMessage) announce(message);
}

/** What has become of a message, which may stand nowhere here. */
export function takeChange(change) {
  noteChange(change);
  if (open?.uuid === change.roomUuid) open.timeline.takeChange(change);
  messageChanged(change);
}

/** The newest message that one could edit. */
export const lastOwnMessage = () => open?.timeline.lastOwn;

/** Shows which message is being edited, or that none is. */
export const showEdited = (uuid) => open?.timeline.messages.showEdited(uuid);

/** What was written, held, refused, taken back, or is tried again. What is sent comes as a message. */
export function takeEntry(entry) {
  if (entry.state === 'withdrawn') return takeAway(entry);
  if (entry.state === 'held') forgetHeld(entry.heldUuid);
  showEntry(entry);
  if (entry.state === 'held' && entry.room === open?.uuid) announceText(t('waitsForModerator'));
}

function showEntry(entry) {
  if (entry.room !== open?.uuid || entry.state === 'sent') return;
  attempt(async () => open.timeline.takeEntry(entry));
  entryTaken(entry);
}

/** Why an entry was refused, in the reader's language. */
export function explainRefusal({ room, error }) {
  const words = { MESSAGE_DELETED: t('quotedDeleted') };
  if (rooms.get(room)?.type === 'DIRECT') words.FORBIDDEN = t('unreachable');
  if (error.reason) words.REJECTED = t('rejectedBecause', error.reason);
  return explain(new ChatError(error), words);
}

/** What one can do about an entry that was refused, or is held. `field`: where one writes. */
export const actionsAt = (field) => (entry) => ({
  onRetry() {
    $(field).focus();
    chat.retry(entry.clientId);
  },
  onEdit() {
    drop(entry);
    entryTakenBack(entry);
  },
  onDelete() {
    drop(entry);
    $(field).focus();
  },
  onWithdraw: () => attempt(async () => {
    if (await withdraw(entry) && entry.room === open?.uuid) $(field).focus();
  }),
});

function drop(entry) {
  chat.discard(entry.clientId);
  takeAway(entry);
}

/** It is not to be sent any more. */
function takeAway(entry) {
  if (entry.room !== open?.uuid) return;
  const { messages } = open.timeline;
  messages.remove(entry);
  if (entry.draft.parentMessageUuid) messages.showThreads(entry.draft.parentMessageUuid);
  entryDropped(entry);
}

/** The connection is there, perhaps again. */
export function resumeRoom() {
  if (!open) return;
  const { timeline } = open;
  if (timeline.isLoaded) {
    loadPeer(open.uuid).catch(() => {});
    attempt(async () => timeline.resume());
  } else if (!timeline.isLoading) attempt(loadOpenRoom);
  markRead();
}
