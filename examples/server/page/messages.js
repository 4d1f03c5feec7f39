// The messages of the open room, drawn. An entry is {message} once the server has it; before that it
// stands in the outbox: {room, clientId, type, content, imageUrl, at, error?}.

import { me } from './api.js';
import { $, el, icon, newAvatar, textButton, webAddress } from './dom.js';
import { readersOf } from './receipts.js';
import { clockOf, dayOf, midnight, systemText, t } from './texts.js';

export class Messages {
  #list = $('messages');
  /** By messageUuid, or clientId before there is one. */
  #entries = new Map();
  /** Where the others' read marks stand, by user; and where they joined. */
  #marks = new Map();
  #joins = new Map();
  #room;
  #onRetry;
  #onEdit;

  /** `room` gives what is known of the room. */
  constructor({ room, onRetry, onEdit }) {
    this.#room = room;
    this.#onRetry = onRetry;
    this.#onEdit = onEdit;
    this.#list.replaceChildren();
    this.#list.classList.remove('direct');
  }

  /** The oldest message's place. */
  get oldestSeq() {
    return Number(this.#list.firstElementChild?.dataset.seq);
  }

  /** Shows an entry where it belongs: by `seq`, and at the end what is not sent yet. */
  place(entry) {
    const { message } = entry;
    const waited = message?.isMyMessage && message.clientId;
    const known = this.#entries.get(message?.messageUuid ?? entry.clientId) ?? this.#entries.get(waited);
    const hasMoved = Boolean(message) !== Boolean(known?.message);
    if (waited) this.#entries.delete(waited);
    this.#entries.set(message?.messageUuid ?? entry.clientId, entry);
    if (message?.kind === 'joined') this.#noteJoin(message);
    entry.node = known?.node ?? el('li');
    entry.isFirstUnread ??= known?.isFirstUnread;
    this.#draw(entry);
    if (!known || hasMoved) this.#insert(entry.node);
    joinRun(entry.node);
    if (entry.node.nextElementSibling) joinRun(entry.node.nextElementSibling);
  }

  #noteJoin({ sender: { userUuid }, seq }) {
    this.#joins.set(userUuid, Math.max(seq, this.#joins.get(userUuid) ?? 0));
  }

  #insert(node) {
    const after = node.nextElementSibling;
    node.remove();
    const seq = Number(node.dataset.seq);
    let before = this.#list.lastElementChild;
    while (before && Number(before.dataset.seq) > seq) before = before.previousElementSibling;
    if (before) before.after(node);
    else this.#list.prepend(node);
    if (after) joinRun(after);
  }

  /** Takes an entry away that was not sent. */
  remove({ clientId, node }) {
    const after = node.nextElementSibling;
    this.#entries.delete(clientId);
    node.remove();
    if (after) joinRun(after);
  }

  /** All once more: another language, or another room type. */
  redraw() {
    for (const entry of this.#entries.values()) {
      this.#draw(entry);
      joinRun(entry.node);
    }
  }

  /** Draws a line above the first of so many unread messages, where it is loaded. */
  markUnread(count) {
    if (count === 0) return undefined;
    const counted = [...this.#entries.values()].filter(({ message }) => message && !message.isMyMessage && message.type !== 'SYSTEM');
    const newestFirst = counted.sort((one, other) => other.message.seq - one.message.seq);
    const first = newestFirst[count - 1];
    if (!first) return undefined;
    first.isFirstUnread = true;
    this.#draw(first);
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
    for (const { message, node } of this.#entries.values()) {
      if (message?.isMyMessage && message.type !== 'SYSTEM') node.querySelector('.receipt').replaceWith(this.#receipt(message));
    }
  }

  #draw(entry) {
    const { node, message, isFirstUnread } = entry;
    const isSystem = message?.type === 'SYSTEM';
    const at = new Date(message?.createdAt ?? entry.at);
    const { userUuid, nickname } = message?.sender ?? me;
    Object.assign(node.dataset, { seq: message?.seq ?? Infinity, at: at.getTime(), by: isSystem ? '' : userUuid });
    const unread = isFirstUnread && el('span', { className: 'first-unread', textContent: t('unreadHere') });
    if (isSystem) {
      node.className = 'system';
      node.replaceChildren(systemText(message));
      return;
    }
    const isMine = message?.isMyMessage ?? true;
    const meta = el('span', { className: 'meta' },
      el('time', { dateTime: at.toJSON(), textContent: clockOf(at) }),
      isMine && (message ? this.#receipt(message) : waitingMark(entry)));
    const name = el('span', { className: 'name', textContent: nickname, dir: 'auto' });
    const body = el('div', { className: 'body' }, name, bubble(message ?? entry, meta));
    if (entry.error) body.append(this.#failure(entry));
    node.className = `message ${isMine ? 'mine' : ''} ${entry.error ? 'failed' : message ? '' : 'waiting'}`;
    node.replaceChildren(...[unread, newAvatar(nickname), body].filter(Boolean));
  }

  #receipt(message) {
    const room = this.#room();
    const { count, isRead } = readersOf(message, room, this.#marks, this.#joins);
    const inGroup = room?.type !== 'DIRECT' && count > 0;
    const label = inGroup ? t('readBy', count) : t(isRead ? 'read' : 'sent');
    const ticks = icon(isRead ? 'ticks' : 'tick');
    return el('span', { className: `receipt ${isRead ? 'read' : ''}`, title: label },
      el('span', { className: inGroup ? '' : 'hidden', textContent: label }), ticks);
  }

  #failure(entry) {
    return el('p', { className: 'failure' }, `${t('notSent')} ${entry.error()} `,
      textButton(t('retry'), () => this.#onRetry(entry), 'link'),
      textButton(t('edit'), () => this.#onEdit(entry), 'link'));
  }
}

/** A day is named at its first message; who goes on talking is not named again. */
function joinRun(node) {
  const { at, by } = node.dataset;
  const before = node.previousElementSibling?.dataset;
  const isSameDay = before && midnight(Number(before.at)) === midnight(Number(at));
  if (isSameDay) delete node.dataset.day;
  else node.dataset.day = dayOf(Number(at));
  node.classList.toggle('follows', Boolean(isSameDay && by && before.by === by && at - before.at < 300_000));
}

function waitingMark({ error }) {
  const label = t(error ? 'notSent' : 'sending');
  const words = el('span', { className: 'hidden', textContent: label });
  return el('span', { className: 'receipt', title: label }, words, icon(error ? 'failed' : 'waiting'));
}

function bubble({ content, imageUrl }, meta) {
  const address = imageUrl && webAddress(imageUrl);
  const node = el('div', { className: `bubble ${address ? 'with-picture' : ''}` });
  if (address) node.append(picture(address, content));
  if (content || !address) node.append(el('span', { className: 'text', textContent: content ?? imageUrl, dir: 'auto' }));
  node.append(meta);
  return node;
}

/** A picture in a box of one size, so that nothing moves when it comes; a plain link if it does not. */
function picture(address, caption) {
  const link = el('a', { className: 'picture', href: address, target: '_blank', rel: 'noopener noreferrer' });
  const image = el('img', { loading: 'lazy', decoding: 'async', referrerPolicy: 'no-referrer', alt: caption || t('picture') });
  image.onload = () => link.classList.add('loaded');
  image.onerror = () => link.replaceChildren(
    icon('picture'), el('span', { textContent: t('openPicture') }), el('small', { textContent: address }));
  image.src = address;
  link.append(image);
  return link;
}
