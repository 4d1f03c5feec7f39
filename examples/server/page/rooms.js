// The rooms that the page knows.

import { api, chat, me } from './api.js';
import { mentionsMe } from './mentions.js';
import { signal } from './signal.js';
import { isAside } from './threads.js';

/** By roomUuid; `seq` is the newest message's that is known of. */
export const rooms = new Map();

/** Tells of the id of a room that was changed, or of all. */
export const roomsChanged = signal();
/** Tells of a room that one is in no more, and whether nobody is, since it was deleted. */
export const roomDropped = signal();

/** How many rooms are loaded at a time. */
const PAGE = 30;
let nextPage = 1;
let loading;

export function putRoom(room) {
  const known = rooms.get(room.roomUuid);
  const seq = Math.max(known?.seq ?? 0, room.lastMessage?.seq ?? 0);
  rooms.set(room.roomUuid, { ...room, seq });
  roomsChanged(room.roomUuid);
}

export function dropRoom(uuid, isDeleted = false) {
  const room = rooms.get(uuid);
  if (!rooms.delete(uuid)) return;
  // The rooms behind it have moved up by one: the last page is asked for again.
  if (nextPage > 1) nextPage -= 1;
  roomsChanged();
  roomDropped(room, isDeleted);
}

export const hasMoreRooms = () => nextPage !== undefined;

/** The next page, newest activity first. It may hold rooms that are known already: they move up when something happens. */
export async function loadMoreRooms() {
  loading ??= loadPage().finally(() => (loading = undefined));
  return loading;
}

async function loadPage() {
  if (!hasMoreRooms()) return;
  const list = await api.rooms({ page: nextPage, limit: PAGE });
  nextPage = list.hasMore ? list.page + 1 : undefined;
  list.rooms.forEach(putRoom);
  roomsChanged();
}

/** All anew: more was missed than could be told. */
export async function reloadRooms() {
  await loading?.catch(() => {});
  rooms.clear();
  nextPage = 1;
  await loadMoreRooms();
}

export async function loadRoom(uuid) {
  putRoom(await api.room(uuid));
}

/** Rooms that are on their way. */
const coming = new Set();

/** Loads those of some messages that are not in the list yet. */
export function loadRoomsOf(messages) {
  for (const { roomUuid } of messages) {
    if (rooms.has(roomUuid) || coming.has(roomUuid)) continue;
    coming.add(roomUuid);
    loadRoom(roomUuid).catch(() => {}).finally(() => coming.delete(roomUuid));
  }
}

/** Rooms to ask for once more, soon and each once. */
const stale = new Map();
export function refreshRoom(uuid) {
  clearTimeout(stale.get(uuid));
  const refresh = () => loadRoom(uuid).catch(({ code }) => code === 'NOT_A_PARTICIPANT' && dropRoom(uuid));
  stale.set(uuid, setTimeout(() => stale.delete(uuid) && refresh(), 100));
}

/**
 * A message: live, caught up on, or one's own in its answer. It may come more than once. `isSeen`: it comes
 * under the reader's eyes. Gives whether it is new.
 */
export function noteMessage(message, isSeen) {
  const { roomUuid, seq, isMyMessage, type } = message;
  const room = rooms.get(roomUuid);
  const isNew = seq > (room?.seq ?? 0);
  if (!room) refreshRoom(roomUuid);
  else if (seq >= (room.lastMessage?.seq ?? 0)) {
    const isUnseen = isNew && !isSeen && !isMyMessage && type !== 'SYSTEM';
    // What is for a thread alone is not unread in the room, and whom it mentions is told all the same.
    const unread = isUnseen && !isAside(message) ? 1 : 0;
    const mentionCount = (room.mentionCount ?? 0) + (isUnseen && mentionsMe(message) ? 1 : 0);
    putRoom({ ...room, lastMessage: message, lastMessageAt: message.createdAt, unreadCount: room.unreadCount + unread, mentionCount });
  }
  return isNew;
}

/** A message has changed, which may be a room's last one. */
export function noteChange({ roomUuid, messageUuid, deletedAt }) {
  const room = rooms.get(roomUuid);
  // One that is deleted mentions nobody any more.
  if (deletedAt && room?.mentionCount > 0) refreshRoom(roomUuid);
  if (room?.lastMessage?.messageUuid === messageUuid) putRoom({ ...room, lastMessage: chat.latest(room.lastMessage) });
}

/** Where each room stands, as `ready` says it. */
export function noteReady(list) {
  for (const { roomUuid, seq, unreadCount, mentionCount } of list) {
    const room = rooms.get(roomUuid);
    if (room) rooms.set(roomUuid, { ...room, seq: Math.max(room.seq, seq), unreadCount, mentionCount });
  }
  roomsChanged();
}

/** One's own mark, moved here or on another device. */
export function noteOwnMark(uuid, seq, unreadCount) {
  const room = rooms.get(uuid);
  if (!room) return;
  if (unreadCount === 0 || (unreadCount === undefined && seq >= room.seq)) putRoom({ ...room, unreadCount: 0, mentionCount: 0 });
  else if (unreadCount !== undefined && !room.mentionCount) putRoom({ ...room, unreadCount });
  else refreshRoom(uuid);
}

/** The least first. */
export const ROLES = ['READ_ONLY', 'MEMBER', 'ADMIN', 'OWNER'];

/** Whether one's own role may do this in a room, as its permissions call it. */
export const may = (room, verb) => (
  Boolean(room?.isActive && verb in room.permissions) && ROLES.indexOf(room.role) >= ROLES.indexOf(room.permissions[verb])
);

/** The other one of a direct room. */
export const peerOf = (room) => (
  room?.type === 'DIRECT' ? room.participantUuids.find((uuid) => uuid !== me.userUuid) : undefined
);

export const newestFirst = () => {
  const activity = (room) => room.lastMessageAt ?? room.createdAt;
  return [...rooms.values()].sort((one, other) => activity(other).localeCompare(activity(one)));
};
