// Searches: a field, and below it what was found. One is in all chats, one in the open chat alone.

import { api } from './api.js';
import { $, el, fillList, on, onceAFrame } from './dom.js';
import { explain } from './errors.js';
import { isHidden, messageHidden } from './hiding.js';
import { messageChanged, openMessage, openUuid, roomOpened } from './room.js';
import { loadRoomsOf, rooms, roomsChanged } from './rooms.js';
import { closeSide, isBeside, isOverRoom, openSide } from './side.js';
import { dayTurned, languageChanged, t, timeOf, whenOf } from './texts.js';

/** It asks so many milliseconds after the last key. */
const PAUSE = 250;
/** How many messages are loaded at a time. */
const PAGE = 20;
/** So many pages that hold none are passed by themselves: there may be more behind them. */
const EMPTY = 3;

export function startSearch() {
  new Search($('rooms-pane'), { onToggle: (isAsking) => ($('all-rooms').hidden = isAsking) });
  const inRoom = new Search($('room-search'), { room: openUuid, onChoose: () => isOverRoom() && closeSide() });
  on('room-search-open', 'click', () => (isBeside('room-search') ? closeSide() : openSide('room-search', $('room-search-text'))));
  roomOpened.on(() => inRoom.clear());
}

class Search {
  #form;
  #field;
  #status;
  #list;
  #more;
  /** What scrolls. */
  #pane;
  #room;
  #onToggle;
  #onChoose;
  /** How it stands: `idle`, `asking` from the first key on, loading `more`, `answered`, or `failed` with an error. */
  #state = 'idle';
  #error;
  #hits = [];
  /** The cursor of the next page; null behind the last one. */
  #next = null;
  /** The message that was chosen last. */
  #chosen;
  #timer;
  /** What is answered to an earlier question than this is dropped. */
  #lastAsk = 0;
  /** Those further down are loaded as they come near. */
  #nearing;

  /** Within a part of the page. `room` gives the room to search in: all of them, without it. */
  constructor(part, { room, onToggle = () => {}, onChoose = () => {} }) {
    [this.#room, this.#onToggle, this.#onChoose] = [room, onToggle, onChoose];
    const within = (selector) => part.querySelector(selector);
    [this.#form, this.#field, this.#status, this.#list, this.#more] = ['.search', '[type="search"]', '.found-count', '.found', '.found-more'].map(within);
    this.#pane = this.#list.closest('.pane');
    this.#nearing = new IntersectionObserver(
      ([{ isIntersecting }]) => isIntersecting && this.#state === 'answered' && this.#loadMore(),
      { root: this.#pane, rootMargin: '200px' },
    );
    this.#field.addEventListener('input', () => this.#typed());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#question) this.#ask();
    });
    within('.search-clear').onclick = () => this.clear(true);
    this.#more.onclick = () => this.#goOn();
    this.#pane.addEventListener('keydown', (event) => this.#moveAlong(event));
    this.#heedChanges();
  }

  #heedChanges() {
    const draw = onceAFrame(() => this.#draw());
    const has = (key, uuid) => this.#hits.some(({ message }) => message[key] === uuid);
    for (const change of [languageChanged, dayTurned]) change.on(draw);
    roomsChanged.on((uuid) => (!uuid || has('roomUuid', uuid)) && draw());
    const drop = ({ messageUuid }) => {
      if (!has('messageUuid', messageUuid)) return;
      this.#hits = this.#hits.filter(({ message }) => message.messageUuid !== messageUuid);
      draw();
    };
    messageChanged.on((change) => change.deletedAt && drop(change));
    messageHidden.on(drop);
  }

  get #question() {
    return this.#field.value.trim();
  }

  /** Forgets what was asked and found. */
  clear(isFocused = false) {
    this.#field.value = '';
    this.#typed();
    if (isFocused) this.#field.focus();
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#lastAsk += 1;
    const isAsking = this.#question !== '';
    this.#state = isAsking ? 'asking' : 'idle';
    if (isAsking) this.#timer = setTimeout(() => this.#ask(), PAUSE);
    else [this.#hits, this.#next] = [[], null];
    this.#onToggle(isAsking);
    this.#draw();
  }

  #ask() {
    clearTimeout(this.#timer);
    this.#next = null;
    return this.#load('asking');
  }

  #loadMore() {
    return this.#load('more');
  }

  /** Asks for more, or once more for what failed. */
  #goOn() {
    return this.#next ? this.#loadMore() : this.#ask();
  }

  async #load(state) {
    const ask = ++this.#lastAsk;
    const isWanted = () => ask === this.#lastAsk;
    this.#state = state;
    this.#draw();
    try {
      const page = await this.#page(isWanted);
      if (!isWanted()) return;
      const { nextCursor } = page;
      const results = page.results.filter(({ message }) => !isHidden(message));
      this.#hits = state === 'more' ? [...this.#hits, ...results] : results;
      this.#next = nextCursor;
      this.#state = 'answered';
      if (state === 'asking') this.#pane.scrollTop = 0;
      this.#nameRooms(results);
    } catch (error) {
      if (!isWanted()) return;
      if (state === 'asking') this.#hits = [];
      [this.#state, this.#error] = ['failed', error];
    }
    this.#draw();
    // Anew, since it may be as near as before. Where nothing was found so far, one asks oneself.
    this.#nearing.unobserve(this.#more);
    if (this.#hits.length > 0) this.#nearing.observe(this.#more);
  }

  /** The next page that holds something. */
  async #page(isWanted) {
    const [question, room] = [this.#question, this.#room?.()];
    let page = { nextCursor: this.#next };
    for (let n = 0; n < EMPTY && isWanted(); n += 1) {
      page = await api.search(question, { room, cursor: page.nextCursor ?? undefined, limit: PAGE });
      if (page.results.length > 0 || page.nextCursor === null) break;
    }
    return page;
  }

  /** Loads the rooms that are not in the list yet. */
  #nameRooms(results) {
    if (!this.#room) loadRoomsOf(results.map(({ message }) => message));
  }

  // What is shown

  #draw() {
    const words = this.#words();
    // It is said when it changes.
    if (this.#status.textContent !== words) this.#status.textContent = words;
    this.#status.classList.toggle('error', this.#state === 'failed');
    this.#form.classList.toggle('asking', this.#state !== 'idle');
    fillList(this.#list, this.#hits.map((hit) => this.#item(hit)));
    // What the server cannot look for is no better the second time.
    const canRetry = this.#state === 'failed' && this.#error.code !== 'INVALID_INPUT';
    this.#more.hidden = !(canRetry || (this.#state === 'answered' && this.#next));
    this.#more.textContent = t(canRetry ? 'retry' : 'moreFound');
  }

  #words() {
    if (this.#state === 'idle') return '';
    if (this.#state === 'asking') return t('searching');
    if (this.#state === 'failed') return explain(this.#error);
    if (this.#hits.length > 0) return t('found', this.#hits.length, Boolean(this.#next));
    return t(this.#next ? 'foundNothingYet' : 'foundNothing');
  }

  #item({ message, snippet }) {
    const { messageUuid, roomUuid, seq, sender, isMyMessage, createdAt } = message;
    const at = new Date(createdAt);
    const when = el('time', { dateTime: at.toJSON(), title: timeOf(at), textContent: whenOf(at) });
    const name = isMyMessage ? t('you') : sender.nickname;
    const [title, by] = this.#room ? [name] : [rooms.get(roomUuid)?.name ?? '…', name];
    const words = snippet.map(({ text, isMatch }) => (isMatch ? el('mark', { textContent: text }) : text));
    const button = el('button', { type: 'button', className: 'hit' },
      el('span', { className: 'line' }, el('strong', { textContent: title, dir: 'auto' }), when),
      by && el('span', { className: 'by', textContent: by, dir: 'auto' }),
      el('span', { className: 'snippet', dir: 'auto' }, ...words));
    if (messageUuid === this.#chosen) button.ariaCurrent = 'true';
    button.onclick = () => {
      this.#chosen = messageUuid;
      this.#draw();
      this.#onChoose();
      openMessage(roomUuid, seq);
    };
    return el('li', { dataset: { key: messageUuid } }, button);
  }

  /** The arrows go along what was found, and up to the field; Escape begins anew. */
  #moveAlong(event) {
    if (event.isComposing) return;
    if (event.key === 'Escape' && this.#field.value !== '') {
      event.preventDefault();
      // Else it closes the panel.
      event.stopPropagation();
      this.clear(true);
      return;
    }
    const stops = [this.#field, ...this.#list.querySelectorAll('.hit')];
    const at = stops.indexOf(document.activeElement);
    const ends = at > 0 ? { Home: 1, End: stops.length - 1 } : {};
    const to = at < 0 ? undefined : { ArrowDown: at + 1, ArrowUp: at - 1, ...ends }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    stops[to]?.focus();
  }
}
