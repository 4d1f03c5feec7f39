// The threads that one follows, as far down as they are loaded, and how many replies in them are unread. What changes there is told
// without that number, which the server is asked for.

import { api, chat } from './api.js';
import { messageHidden } from './hiding.js';
import { messageChanged, messageTaken } from './room.js';
import { roomDropped } from './rooms.js';
import { signal } from './signal.js';

/** How many are loaded at a time; */
const PAGE = 30;
/** and at most, where all of them are loaded anew. */
const LARGEST_PAGE = 100;
/** What has changed is asked for so many milliseconds later, once. */
const PAUSE = 120;
/** Refusals which say that there is nothing to follow any more. */
const GONE = ['MESSAGE_NOT_FOUND', 'NOT_A_PARTICIPANT', 'ROOM_NOT_FOUND'];

/** By the id of the root: {message, activeAt, unreadCount, readSeq}, as the server lists them. */
const followed = new Map();
/** The cursor of the next page; null behind the last one, undefined before the first. */
let next;
let loadingMore;
/** The newest load of the list from its top. What an earlier one brings is dropped. */
let lastLoad = 0;
let isLoading = false;
/** Threads that have changed while that was on its way: {roomUuid, rootUuid} by the id of the root. */
const overtaken = new Map();

/** Threads that are asked for, each once at a time: {isStale} by the id of the root, whether it has changed since. */
const asked = new Map();

/** Tells that the list is another one. */
export const followedChanged = signal();
/** Tells where one stands in a thread: {messageUuid, following, readSeq, unreadReplies}. */
export const stateTaken = signal();

export function startFollowed() {
  messageTaken.on(({ roomUuid, parentMessageUuid: rootUuid }) => {
    // It may be in one of those that are not loaded yet. Whoever replies follows, which `threadRead` tells.
    if (rootUuid && (followed.has(rootUuid) || asked.has(rootUuid) || next !== null)) refreshSoon(roomUuid, rootUuid);
  });
  messageChanged.on(takeChange);
  messageHidden.on(({ roomUuid, messageUuid }) => {
    if (followed.delete(messageUuid)) return followedChanged();
    // An unread reply may be gone.
    for (const [rootUuid, { message, unreadCount }] of followed) {
      if (message.roomUuid === roomUuid && unreadCount > 0) refreshSoon(roomUuid, rootUuid);
    }
  });
  roomDropped.on(({ roomUuid }) => {
    for (const [rootUuid, { message }] of followed) if (message.roomUuid === roomUuid) followed.delete(rootUuid);
    followedChanged();
    // A list that is on its way may still hold them.
    if (isLoading) loadFollowed().catch(() => {});
  });
}

/** The newest activity first. */
export const followedThreads = () => [...followed.values()].sort((one, other) => other.activeAt.localeCompare(one.activeAt));

export const areFollowedLoaded = () => next !== undefined;

export const hasMoreFollowed = () => Boolean(next);

/** The list from its top, as far down as it was loaded. */
export async function loadFollowed() {
  const load = ++lastLoad;
  isLoading = true;
  try {
    const wanted = Math.max(PAGE, followed.size);
    const found = [];
    let cursor;
    do {
      const page = await api.threads({ cursor, limit: Math.min(LARGEST_PAGE, wanted) });
      if (load !== lastLoad) return;
      found.push(...page.threads);
      cursor = page.nextCursor;
    } while (cursor && found.length < wanted);
    followed.clear();
    takePage(found, cursor);
  } finally {
    if (load === lastLoad) endLoad();
  }
}

function endLoad() {
  isLoading = false;
  const threads = [...overtaken.values()];
  overtaken.clear();
  for (const { roomUuid, rootUuid } of threads) refreshSoon(roomUuid, rootUuid);
}

/** The next page. */
export async function loadMoreFollowed() {
  loadingMore ??= loadPage().finally(() => (loadingMore = undefined));
  return loadingMore;
}

async function loadPage() {
  if (!next) return;
  const [load, cursor] = [lastLoad, next];
  const page = await api.threads({ cursor, limit: PAGE });
  if (load === lastLoad) takePage(page.threads, page.nextCursor);
}

/** What is known already is newer. */
function takePage(threads, cursor) {
  for (const thread of threads) {
    const { messageUuid } = thread.message;
    if (!followed.has(messageUuid)) followed.set(messageUuid, thread);
  }
  next = cursor;
  followedChanged();
}

// Where one stands in each

/** Follows a thread, or no longer. */
export const follow = async (roomUuid, rootUuid, on) => takeState(await api.follow(roomUuid, rootUuid, on));

/** All up to a reply is read. */
export const markThreadRead = async (roomUuid, rootUuid, seq) => takeState(await api.markThreadRead(roomUuid, rootUuid, seq));

/** Told by another connection, or by what one has said oneself. */
export function takeThreadRead({ roomUuid, messageUuid, following, readSeq }) {
  if (!following) return takeState({ roomUuid, messageUuid, following, unreadReplies: 0 });
  if (!(followed.get(messageUuid)?.readSeq >= readSeq)) refreshSoon(roomUuid, messageUuid);
  return undefined;
}

/** Where one stands in a thread, as the server has it. `root`: what is known of the message that it began with. */
export async function takeState(state, root) {
  const { roomUuid, messageUuid: rootUuid, following, readSeq, unreadReplies } = state;
  noteOvertaken(roomUuid, rootUuid);
  stateTaken(state);
  if (!following) return followed.delete(rootUuid) && followedChanged();
  const message = chat.latest(followed.get(rootUuid)?.message ?? root ?? await api.message(roomUuid, rootUuid));
  const activeAt = message.thread?.lastReplyAt ?? message.createdAt;
  followed.set(rootUuid, { message, activeAt, unreadCount: unreadReplies, readSeq });
  return followedChanged();
}

function noteOvertaken(roomUuid, rootUuid) {
  if (isLoading) overtaken.set(rootUuid, { roomUuid, rootUuid });
}

function refreshSoon(roomUuid, rootUuid) {
  noteOvertaken(roomUuid, rootUuid);
  const asking = asked.get(rootUuid);
  if (asking) {
    asking.isStale = true;
    return;
  }
  const begun = { isStale: false };
  asked.set(rootUuid, begun);
  setTimeout(async () => {
    begun.isStale = false;
    await refresh(roomUuid, rootUuid, begun).catch(({ code }) => {
      if (GONE.includes(code) && followed.delete(rootUuid)) followedChanged();
    });
    asked.delete(rootUuid);
    if (begun.isStale) refreshSoon(roomUuid, rootUuid);
  }, PAUSE);
}

async function refresh(roomUuid, rootUuid, asking) {
  const { threadState } = await api.replies(roomUuid, rootUuid, { limit: 1 });
  // One has read more meanwhile.
  if (threadState.readSeq < followed.get(rootUuid)?.readSeq) asking.isStale = true;
  else await takeState(threadState);
}

function takeChange({ roomUuid, messageUuid }) {
  const thread = followed.get(messageUuid);
  if (!thread) return;
  const message = chat.latest(thread.message);
  followed.set(messageUuid, { ...thread, message });
  // A reply has come, or is gone.
  if (message.thread?.replyCount !== thread.message.thread?.replyCount) refreshSoon(roomUuid, messageUuid);
  followedChanged();
}
