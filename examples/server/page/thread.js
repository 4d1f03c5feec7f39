// The panel of a thread beside the room: its root, its replies by pages, and what happens in it.

import { announce } from './announcer.js';
import { api, chat } from './api.js';
import { $, icon, on } from './dom.js';
import { follow, markThreadRead, stateTaken, takeState } from './followed.js';
import { unsent } from './held.js';
import { isHidden, messageHidden } from './hiding.js';
import { Messages } from './messages.js';
import { attempt, toast } from './notices.js';
import { actionsAt, entryDropped, entryTaken, explainRefusal, messageChanged, messageTaken, openMessage, openUuid } from './room.js';
import { rooms } from './rooms.js';
import { closeSide, isBeside, isOverRoom, openSide, sideChanged } from './side.js';
import { signal } from './signal.js';
import { dayTurned, languageChanged, t } from './texts.js';
import { startThreadComposer } from './thread-composer.js';
import { threadAsked } from './threads.js';

/** How many replies are loaded at a time. */
const PAGE = 30;

/** The open thread: {roomUuid, rootUuid, root, state, top, replies, next, isLoading, hasFailed}. `state`: where one stands in it, once
 *  that is known. `next`: the cursor of the page before those that are there; null, where there is none. */
let open;
/** Whether the newest reply is in sight, and is to stay there. */
let staysAtEnd = true;

/** Tells of the root of the thread that was opened, or none. */
export const threadOpened = signal();

export function startThread() {
  startThreadComposer({ threadOpened, lastOwn: () => open?.replies.lastOwn, showEdited });
  threadAsked.on((asked) => attempt(() => openThread(asked)));
  sideChanged.on(() => open && !isBeside('thread') && end());
  messageTaken.on(take);
  messageChanged.on(({ messageUuid }) => open && takeChange(messageUuid));
  messageHidden.on(({ messageUuid }) => {
    if (messageUuid === open?.rootUuid) closeSide();
    else open?.replies.hide(messageUuid);
  });
  entryTaken.on(takeEntry);
  entryDropped.on((entry) => open?.replies.remove(entry));
  on('thread-older', 'click', () => attempt(load));
  on('thread-follow', 'click', () => attempt(toggleFollowing));
  on('thread-scroller', 'scroll', () => {
    staysAtEnd = isAtEnd();
    markRead();
  });
  document.addEventListener('visibilitychange', () => markRead());
  stateTaken.on((state) => state.messageUuid === open?.rootUuid && stand(state));
  // A keyboard or what one writes takes some of the height.
  const keepEnd = new ResizeObserver(() => open && staysAtEnd && scrollDown());
  for (const id of ['thread-scroller', 'thread-root', 'thread-messages']) keepEnd.observe($(id));
  for (const change of [languageChanged, dayTurned]) {
    change.on(() => {
      if (!open) return;
      open.top.redraw();
      open.replies.redraw();
      showState();
    });
  }
}

/** The connection is back: what could not be loaded may be now. */
export function resumeThread() {
  if (open?.hasFailed) load().catch(() => {});
  markRead();
}

async function openThread({ roomUuid, rootUuid, seq, isWriting }) {
  if (roomUuid !== openUuid()) return;
  if (open?.rootUuid !== rootUuid) begin(roomUuid, rootUuid);
  // A phone's keyboard would hide what one came to read.
  const isToWrite = isWriting || matchMedia('(hover: hover)').matches;
  openSide('thread', $('thread').querySelector('.close'), () => buttonOf(rootUuid));
  if (isToWrite && !$('thread-composer').hidden) $('thread-text').focus();
  const thread = open;
  if (!thread.root) await load();
  if (seq !== undefined) await show(thread, seq);
}

/** Where one came from, or would come from. */
const buttonOf = (rootUuid) => $('messages').querySelector(`.thread[data-root="${rootUuid}"]`);

function begin(roomUuid, rootUuid) {
  if (open) end();
  const more = { room: () => rooms.get(roomUuid), explain: explainRefusal, actions: actionsAt('thread-text'), onQuote: toRoom, scroller: $('thread-scroller'), isThread: true };
  // What stands above the replies is known once the root is.
  const above = { at: NaN, by: '' };
  open = {
    roomUuid, rootUuid, next: undefined, above,
    top: new Messages({ ...more, list: $('thread-root') }),
    replies: new Messages({ ...more, list: $('thread-messages'), above }),
  };
  entries().forEach((entry) => open.replies.place({ entry }));
  staysAtEnd = true;
  showState();
  threadOpened(rootUuid);
}

function end() {
  open = undefined;
  for (const id of ['thread-root', 'thread-messages']) $(id).replaceChildren();
  threadOpened(undefined);
}

function toRoom(seq) {
  const { roomUuid } = open;
  if (isOverRoom()) closeSide();
  openMessage(roomUuid, seq);
}

/** Loads the root, and the next page of replies above those that are there. */
async function load() {
  const thread = open;
  if (!thread || thread.isLoading || thread.next === null) return;
  const { roomUuid, rootUuid, next } = thread;
  Object.assign(thread, { isLoading: true, hasFailed: false });
  showState();
  try {
    const [root, page] = await Promise.all([
      thread.root ?? api.message(roomUuid, rootUuid), api.replies(roomUuid, rootUuid, { cursor: next, limit: PAGE }),
    ]);
    if (thread !== open) return;
    const isFirst = !thread.root;
    keepingPlace(() => takePage(root, page));
    if (isFirst) takeUnread(page.threadState);
    await takeState(page.threadState, root);
  } catch (error) {
    thread.hasFailed = true;
    if (error.code !== 'MESSAGE_NOT_FOUND' || thread !== open) throw error;
    // Its root was deleted for oneself alone.
    closeSide();
    toast(t('error_MESSAGE_NOT_FOUND'));
  } finally {
    thread.isLoading = false;
    if (thread === open) showState();
  }
}

function takePage(root, { messages, nextCursor }) {
  if (!open.root) {
    open.root = root;
    open.above.at = Date.parse(root.createdAt);
    open.top.place({ message: root });
  }
  open.next = nextCursor;
  messages.forEach((message) => open.replies.place({ message }));
}

const entries = () => unsent().filter(({ draft }) => draft.parentMessageUuid === open.rootUuid);

/** Brings a reply into sight, wherever it is. */
async function show(thread, seq) {
  while (thread === open && !thread.replies.at(seq) && thread.next !== null && !thread.hasFailed) await load();
  if (thread !== open || !thread.replies.at(seq)) return;
  staysAtEnd = false;
  thread.replies.showFound(seq);
  announce(thread.replies.at(seq));
}

function showState() {
  const { root, next, isLoading, hasFailed } = open;
  const count = open.root ? chat.latest(root).thread?.replyCount ?? 0 : undefined;
  $('thread-count').textContent = isLoading && !root ? t('loading') : count === undefined ? '' : count === 0 ? t('noReplies') : t('replies', count);
  const hadFocus = document.activeElement === $('thread-older');
  $('thread-older').hidden = !(hasFailed || (root && next !== null));
  if (hadFocus && $('thread-older').hidden) $('thread-scroller').focus({ preventScroll: true });
  $('thread-older').textContent = t(hasFailed ? 'retryReplies' : 'olderReplies');
  showFollowing();
}

// Where one stands in it

function stand(state) {
  open.state = state;
  showFollowing();
  markRead();
}

function showFollowing() {
  const { following } = open.state ?? {};
  const button = $('thread-follow');
  button.hidden = following === undefined;
  button.replaceChildren(icon(following ? 'tick' : 'bell'), t(following ? 'following' : 'follow'));
  button.title = t(following ? 'unfollowText' : 'followText');
  button.className = following ? 'small quiet' : 'small soft';
}

async function toggleFollowing() {
  const { roomUuid, rootUuid, state } = open;
  await follow(roomUuid, rootUuid, !state.following);
}

/** Shows where reading goes on. */
function takeUnread({ unreadReplies }) {
  const first = open.replies.markUnread(unreadReplies);
  first?.scrollIntoView({ block: 'nearest' });
  staysAtEnd = isAtEnd();
}

/** What stands at the end of a thread that one follows is read, if it is in sight. `hasNew`: whether something has come. */
function markRead(hasNew = open?.state?.unreadReplies > 0) {
  const thread = open;
  const seq = thread?.replies.newestSeq;
  if (!hasNew || !thread.state?.following || !(seq > (thread.readSeq ?? 0))) return;
  if (document.hidden || !chat.isOnline || !staysAtEnd) return;
  const readBefore = thread.readSeq;
  thread.readSeq = seq;
  markThreadRead(thread.roomUuid, thread.rootUuid, seq).catch(() => (thread.readSeq = readBefore));
}

// What happens

function take(message) {
  const isReply = open && message.parentMessageUuid === open.rootUuid;
  if (!isReply || isHidden(message)) return;
  const isNew = message.seq > (open.replies.newestSeq ?? 0);
  // It is loaded with those around it.
  if (open.root && open.next && message.seq < open.replies.oldestSeq) return;
  open.replies.place({ message });
  if (!isNew || message.isMyMessage) return;
  announce(message);
  markRead(true);
}

function takeEntry(entry) {
  if (!open || entry.draft.parentMessageUuid !== open.rootUuid) return;
  open.replies.place({ entry });
  if (entry.state === 'sending') scrollDown();
}

function takeChange(messageUuid) {
  open.top.takeChange(messageUuid);
  open.replies.takeChange(messageUuid);
  if (messageUuid === open.rootUuid) showState();
}

/** Marks the one that is being edited, which may be the root. */
function showEdited(uuid) {
  open?.top.showEdited(uuid);
  open?.replies.showEdited(uuid);
}

// Scrolling

function isAtEnd() {
  const { scrollHeight, scrollTop, clientHeight } = $('thread-scroller');
  return scrollHeight - scrollTop - clientHeight < 80;
}

function scrollDown() {
  staysAtEnd = true;
  $('thread-scroller').scrollTop = $('thread-scroller').scrollHeight;
}

/** What one reads stays where it is, although something comes above it. */
function keepingPlace(change) {
  const scroller = $('thread-scroller');
  const isFirst = !open.root;
  const below = scroller.scrollHeight - scroller.scrollTop;
  change();
  if (isFirst) return scrollDown();
  staysAtEnd = false;
  scroller.scrollTop = scroller.scrollHeight - below;
  return undefined;
}
