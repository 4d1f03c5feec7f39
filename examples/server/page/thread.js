// The panel of a thread beside the room: its root, its replies by pages, and what happens in it.

import { announce } from './announcer.js';
import { api, chat } from './api.js';
import { $, on } from './dom.js';
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

/** The open thread: {roomUuid, rootUuid, root, top, replies, next, isLoading, hasFailed}. `next`: the cursor of the page before those
 *  that are there; null, where there is none. */
let open;
/** Whether the newest reply is in sight, and is to stay there. */
let isFollowing = true;

/** Tells of the root of the thread that was opened, or none. */
const threadOpened = signal();

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
  on('thread-scroller', 'scroll', () => (isFollowing = isAtEnd()));
  // A keyboard or what one writes takes some of the height.
  const keepEnd = new ResizeObserver(() => open && isFollowing && scrollDown());
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
export const resumeThread = () => open?.hasFailed && load().catch(() => {});

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
  isFollowing = true;
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
    if (thread === open) keepingPlace(() => takePage(root, page));
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

const entries = () => chat.entries.filter(({ draft }) => draft.parentMessageUuid === open.rootUuid);

/** Brings a reply into sight, wherever it is. */
async function show(thread, seq) {
  while (thread === open && !thread.replies.at(seq) && thread.next !== null && !thread.hasFailed) await load();
  if (thread !== open || !thread.replies.at(seq)) return;
  isFollowing = false;
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
}

// What happens

function take(message) {
  const isReply = open && message.parentMessageUuid === open.rootUuid;
  if (!isReply || isHidden(message)) return;
  const isNew = message.seq > (open.replies.newestSeq ?? 0);
  // It is loaded with those around it.
  if (open.root && open.next && message.seq < open.replies.oldestSeq) return;
  open.replies.place({ message });
  if (isNew && !message.isMyMessage) announce(message);
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
  isFollowing = true;
  $('thread-scroller').scrollTop = $('thread-scroller').scrollHeight;
}

/** What one reads stays where it is, although something comes above it. */
function keepingPlace(change) {
  const scroller = $('thread-scroller');
  const isFirst = !open.root;
  const below = scroller.scrollHeight - scroller.scrollTop;
  change();
  if (isFirst) return scrollDown();
  isFollowing = false;
  scroller.scrollTop = scroller.scrollHeight - below;
  return undefined;
}
