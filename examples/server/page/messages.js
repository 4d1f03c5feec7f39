// The messages of the open room, or of one of its threads, that are on the page, drawn. An item is {message} once the server has it;
// before that it is {entry}, of the outbox.

import { chat, me } from './api.js';
import { bubble, failure, pending, readMark, sentMark, waitingMark } from './bubble.js';
import { $, el, newAvatar, whenReleased } from './dom.js';
import { filesOfDraft } from './files.js';
import { isHidden } from './hiding.js';
import { mentionsMe } from './mentions.js';
import { menuButton } from './message-menu.js';
import { noteName } from './names.js';
import { quoteButton } from './quote.js';
import { showReactions } from './reactions.js';
import { readersOf } from './receipts.js';
import { dayOf, midnight, systemText, t } from './texts.js';
import { isAside, roomMark, showThread, threadMark } from './threads.js';

/** Whoever goes on talking within so many milliseconds is not named again. */
const RUN = 300_000;
/** What one came to see is marked for so many milliseconds. */
const MARKED = 2500;

export class Messages {
  #list;
  #scroller;
  #isThread;
  /** What stands above the first one: {at, by}, as of a node's dataset. */
  #above;
  /** By messageUuid, or clientId before there is one. */
  #items = new Map();
  /** The clientIds of one's own messages: whatever waits under them has arrived. */
  #arrived = new Set();
  /** Where the others' read marks stand, by user; and where they joined. */
  #marks = new Map();
  #joins = new Map();
  #room;
  #explain;
  #actions;
  #onQuote;

  /** `room` gives what is known of the room, `explain` says why an entry was refused; `actions`: what one can do about it;
   *  `onQuote` goes to the place of a message that another one answers; `list`, in which they stand, is within `scroller`. */
  constructor({ room, explain, actions, onQuote, list = $('messages'), scroller = $('scroller'), isThread = false, above }) {
    [this.#list, this.#scroller, this.#isThread, this.#above] = [list, scroller, isThread, above];
    this.#room = room;
    this.#explain = explain;
    this.#actions = actions;
    this.#onQuote = onQuote;
    this.#list.replaceChildren();
    this.#list.classList.remove('direct');
  }

  /** The places of the oldest and the newest message. */
  get oldestSeq() {
    return this.#seqAt(this.#list.firstElementChild);
  }

  get newestSeq() {
    let last = this.#list.lastElementChild;
    while (last && this.#seqAt(last) === undefined) last = last.previousElementSibling;
    return this.#seqAt(last);
  }

  #seqAt(node) {
    const seq = Number(node?.dataset.seq);
    return Number.isFinite(seq) ? seq : undefined;
  }

  get count() {
    return this.#items.size;
  }

  /** Shows an item where it belongs: by `seq`, and at the end, in the order of writing, what is not sent yet. */
  place(item) {
    const { message, entry } = item;
    if (this.#arrived.has(entry?.clientId) || (message && isHidden(message))) return;
    const key = message?.messageUuid ?? entry.clientId;
    const waited = message?.isMyMessage && message.clientId;
    const known = this.#items.get(key) ?? this.#items.get(waited);
    // It is said to be held by a list that was late.
    if (entry && known?.message) return;
    const hadFocus = known?.node.contains(document.activeElement);
    if (waited) {
      this.#items.delete(waited);
      this.#arrived.add(waited);
    }
    this.#items.set(key, item);
    if (message?.kind === 'joined') this.#noteJoin(message);
    if (message) noteName(message.sender);
    item.node = known?.node ?? el('li');
    item.isFirstUnread ??= known?.isFirstUnread;
    this.#draw(item);
    const { previousElementSibling: before, nextElementSibling: after } = item.node;
    if (!known || isBefore(item.node, before) || isBefore(after, item.node)) this.#insert(item.node);
    this.#joinRun(item.node);
    if (item.node.nextElementSibling) this.#joinRun(item.node.nextElementSibling);
    // What one could do about it may be another thing now.
    if (hadFocus && !item.node.contains(document.activeElement)) (item.node.querySelector('.more, .link') ?? this.#scroller).focus({ preventScroll: true });
  }

  #noteJoin({ sender: { userUuid }, seq }) {
    this.#joins.set(userUuid, Math.max(seq, this.#joins.get(userUuid) ?? 0));
  }

  #insert(node) {
    this.#remove(node);
    const { children } = this.#list;
    let [from, to] = [0, children.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isBefore(node, children[middle])) to = middle;
      else from = middle + 1;
    }
    this.#list.insertBefore(node, children[from] ?? null);
  }

  #remove(node) {
    const { previousElementSibling: before, nextElementSibling: after } = node;
    node.remove();
    delete node.dataset.goesOn;
    if (after) this.#joinRun(after);
    else if (before) delete before.dataset.goesOn;
  }

  /** Takes an entry away that was not sent, unless it was after all. */
  remove({ clientId }) {
    const item = this.#items.get(clientId);
    if (item?.entry) this.#take(clientId, item);
  }

  #take(key, item) {
    this.#forget(key, item);
    if (item) this.#remove(item.node);
  }

  #forget(key, item) {
    this.#items.delete(key);
    this.#arrived.delete(item?.message?.clientId);
  }

  /** Takes a message away that is to be seen no more. */
  hide(uuid) {
    this.#take(uuid, this.#items.get(uuid));
  }

  /** Takes away the oldest or the newest messages, until `count` are left. Gives whether there were more. */
  trim(count, isNewest) {
    const surplus = this.#items.size - count;
    if (surplus <= 0) return false;
    const seqOf = ([, { message }]) => message?.seq ?? Infinity;
    const sorted = [...this.#items].sort((one, other) => seqOf(one) - seqOf(other));
    for (const [key, item] of isNewest ? sorted.slice(-surplus) : sorted.slice(0, surplus)) {
      this.#forget(key, item);
      item.node.remove();
    }
    const { firstElementChild: first, lastElementChild: last } = this.#list;
    if (first) this.#joinRun(first);
    if (last) delete last.dataset.goesOn;
    return true;
  }

  /** All once more: another language, another room type, or another day. */
  redraw() {
    for (const item of this.#items.values()) {
      this.#draw(item);
      this.#joinRun(item.node);
    }
  }

  /** A message has changed. Only what is new of it is drawn: a picture stays. */
  takeChange(uuid) {
    for (const item of this.#items.values()) {
      const { messageUuid, quotedMessage } = item.message ?? {};
      if (messageUuid === uuid || quotedMessage?.messageUuid === uuid) this.#showChanged(item);
    }
  }

  #showChanged(item) {
    const { node, message: before } = item;
    item.message = chat.latest(before);
    const says = ({ content, imageUrl, editedAt = null, deletedAt = null, streamingUntil, pinned, quotedMessage }) => (
      JSON.stringify([content, imageUrl, editedAt, deletedAt, Boolean(streamingUntil), Boolean(pinned), quotedMessage?.content, quotedMessage?.deletedAt])
    );
    if (says(item.message) === says(before)) this.#showMore(node.querySelector('.body'), item.message);
    else whenReleased(node, () => this.#redrawChanged(item));
  }

  #redrawChanged(item) {
    const { node, message: { messageUuid } } = item;
    // It was placed anew, or is gone.
    if (this.#items.get(messageUuid) !== item) return;
    const hadFocus = node.contains(document.activeElement);
    this.#draw(item);
    this.#joinRun(node);
    if (hadFocus) (node.querySelector('.more') ?? this.#scroller).focus({ preventScroll: true });
  }

  /** What stands below a message: the reactions on it, and what its thread has come to. */
  #showMore(body, message) {
    showReactions(body, message);
    this.#showThread(body, message);
  }

  #showThread(body, message) {
    if (!this.#isThread && !message.parentMessageUuid) showThread(body, message);
  }

  /** What a thread has come to, where its root is on the page; of all of them, if none is named. */
  showThreads(uuid) {
    const items = uuid ? [this.#items.get(uuid)].filter(Boolean) : this.#items.values();
    for (const { message, node } of items) if (message && message.type !== 'SYSTEM') this.#showThread(node.querySelector('.body'), message);
  }

  /** The newest message of one's own that is there. */
  get lastOwn() {
    const own = [...this.#items.values()].map(({ message }) => message).filter(isOwn);
    return own.sort((one, other) => other.seq - one.seq)[0];
  }

  /** Marks the one that is being edited, and brings it into sight. */
  showEdited(uuid) {
    for (const node of this.#list.querySelectorAll('[data-edited]')) delete node.dataset.edited;
    const node = this.#items.get(uuid)?.node;
    if (!node) return;
    node.dataset.edited = '';
    node.scrollIntoView({ block: 'nearest' });
  }

  /** The message of this place, where it is on the page. */
  at(seq) {
    return this.#itemAt(seq)?.message;
  }

  #itemAt(seq) {
    return [...this.#items.values()].find(({ message }) => message?.seq === seq);
  }

  /** Brings the message of this place into sight, marks it for a moment, and gives the keyboard to it. */
  showFound(seq) {
    const { node } = this.#itemAt(seq);
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
    node.scrollIntoView({ block: 'center' });
    node.dataset.found = '';
    setTimeout(() => delete node.dataset.found, MARKED);
  }

  /** Draws a line above the first of so many unread messages, where it is on the page. */
  markUnread(count) {
    if (count === 0) return undefined;
    // A deleted one is unread in a room until it is passed, and in a thread no more.
    const counts = ({ isMyMessage, type, deletedAt }) => !isMyMessage && type !== 'SYSTEM' && !(this.#isThread && deletedAt);
    const counted = [...this.#items.values()].filter(({ message }) => message && counts(message));
    const newestFirst = counted.sort((one, other) => other.message.seq - one.message.seq);
    const first = newestFirst[count - 1];
    if (!first) return undefined;
    first.isFirstUnread = true;
    this.#draw(first);
    this.#joinRun(first.node);
    return first.node;
  }

  /** Somebody's read mark has moved. */
  takeRead(userUuid, seq) {
    if (seq <= (this.#marks.get(userUuid) ?? 0)) return;
    this.#marks.set(userUuid, seq);
    this.showReceipts();
  }

  /** Whoever left counts for no receipt. */
  forgetReader(userUuid) {
    this.#marks.delete(userUuid);
  }

  showReceipts() {
    for (const { message, node } of this.#items.values()) {
      if (isOwn(message)) node.querySelector('.receipt').replaceWith(this.#receipt(message));
    }
  }

  #receipt(message) {
    // A thread is not read as the room is.
    if (this.#isThread) return sentMark();
    const room = this.#room();
    return readMark(readersOf(message, room, this.#marks, this.#joins), room?.type !== 'DIRECT');
  }

  /** What it answers. An entry knows no more of that than which one it is. */
  #quote({ message, entry }) {
    const uuid = entry?.draft.quotedMessageUuid;
    const quoted = message?.quotedMessage ?? this.#items.get(uuid)?.message;
    return quoted && quoteButton(quoted, () => this.#onQuote(quoted.seq));
  }

  /** Where else a reply stands. */
  #threadMark({ message, entry }) {
    const reply = message ?? { ...entry.draft, roomUuid: entry.room };
    if (!reply.parentMessageUuid || isAside(reply)) return undefined;
    return this.#isThread ? roomMark() : threadMark(reply);
  }

  #draw(item) {
    const { node, message, entry, isFirstUnread } = item;
    const isSystem = message?.type === 'SYSTEM';
    const at = new Date(message?.createdAt ?? entry.at);
    const { userUuid, nickname } = message?.sender ?? me;
    Object.assign(node.dataset, { seq: message?.seq ?? Infinity, at: at.getTime(), by: isSystem ? '' : userUuid });
    const unread = isFirstUnread && el('span', { className: 'first-unread', textContent: t('unreadHere') });
    if (isSystem) {
      node.className = 'system';
      node.replaceChildren(el('span', { className: 'note', textContent: systemText(message) }));
      return;
    }
    const isMine = message?.isMyMessage ?? true;
    const state = isMine && !message?.deletedAt && (message ? this.#receipt(message) : waitingMark(entry));
    const name = el('span', { className: 'name', textContent: nickname, dir: 'auto' });
    const menu = message && !message.deletedAt && menuButton(() => item.message);
    const mention = message && !message.deletedAt && mentionsMe(message);
    const said = message ?? { ...entry.draft, attachments: entry.files ?? filesOfDraft(entry.room, entry.draft.attachments) };
    const row = el('div', { className: 'row' }, bubble(said, at, state, this.#threadMark(item), this.#quote(item)), menu);
    const body = el('div', { className: 'body' }, name, row);
    if (message) this.#showMore(body, message);
    if (entry?.state === 'failed') body.append(failure(this.#explain(entry), this.#actions(entry)));
    if (entry?.state === 'held') body.append(pending(this.#actions(entry)));
    const waits = { sending: 'waiting', held: 'waiting held', failed: 'failed' }[entry?.state] ?? '';
    if (mention) body.prepend(el('span', { className: 'hidden', textContent: t('mentionsYou') }));
    node.className = `message ${isMine ? 'mine' : ''} ${mention ? 'mentions-me' : ''} ${waits}`;
    node.replaceChildren(...[unread, newAvatar(nickname), body].filter(Boolean));
  }

  /** A day is named above its first message; who goes on talking is not named again. The one before is told of it here: a rule
   *  that asks for what comes next costs the styles of the whole list. */
  #joinRun(node) {
    const { at, by } = node.dataset;
    const before = node.previousElementSibling?.dataset ?? this.#above;
    const isSameDay = before && midnight(Number(before.at)) === midnight(Number(at));
    node.querySelector('.day')?.remove();
    if (!isSameDay) node.prepend(el('span', { className: 'day', textContent: dayOf(Number(at)) }));
    const follows = Boolean(isSameDay && by && before.by === by && at - before.at < RUN);
    node.classList.toggle('follows', follows);
    node.previousElementSibling?.toggleAttribute('data-goes-on', follows);
  }
}

/** Whether it is of one's own, and says something. */
const isOwn = (message) => Boolean(message?.isMyMessage && message.type !== 'SYSTEM' && !message.deletedAt);

/** Whether one of two nodes, which may be missing, stands above the other. */
function isBefore(one, other) {
  if (!one || !other) return false;
  const [seq, others] = [Number(one.dataset.seq), Number(other.dataset.seq)];
  return seq === others ? Number(one.dataset.at) < Number(other.dataset.at) : seq < others;
}
