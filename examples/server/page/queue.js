// What waits in the open room until one of those who look after it has answered: people at the door, or messages. For those who may
// answer it is there before they look, so that it can be counted.

import { ask } from './dialogs.js';
import { $, el, fillList, newAvatar } from './dom.js';
import { loader } from './loading.js';
import { mayModerate, moderated } from './moderating.js';
import { openUuid, roomOpened } from './room.js';
import { rooms, roomsChanged } from './rooms.js';
import { signal } from './signal.js';
import { agoOf, dayTurned, languageChanged, t, timeOf } from './texts.js';

/** How many are shown. Those behind them follow once these are answered. */
export const PAGE = 100;

export class Queue {
  /** Tells that others wait than before. */
  changed = signal();
  /** The oldest first. */
  #waiting = [];
  /** The room in which they wait. */
  #loadedFor;
  #name;
  #reload;
  #item;
  #goneCode;

  /** `name`: its list is `name-list`, and what stands there when nothing waits `name-empty`. `load` gives what waits in a room; `item`
   *  draws one; `goneCode`: the refusal that somebody else has answered. */
  constructor({ name, load, item, goneCode }) {
    [this.#name, this.#item, this.#goneCode] = [name, item, goneCode];
    this.#reload = loader(async (uuid) => ({ uuid, waiting: await load(uuid) }), ({ uuid, waiting }) => {
      if (uuid === this.#loadedFor) this.#become(waiting);
    });
  }

  start() {
    roomOpened.on(() => {
      this.#forget();
      this.#look();
    });
    roomsChanged.on((uuid) => (!uuid || uuid === openUuid()) && this.#look());
    for (const change of [this.changed, languageChanged, dayTurned]) change.on(() => this.#show());
  }

  get count() {
    return this.#waiting.length;
  }

  #forget() {
    this.#loadedFor = undefined;
    if (this.count > 0) this.#become([]);
  }

  #become(waiting) {
    this.#waiting = waiting;
    this.changed();
  }

  /** Before anybody looks: once it is known that one may. */
  #look() {
    if (!mayModerate(rooms.get(openUuid()))) this.#forget();
    else if (this.#loadedFor !== openUuid()) {
      this.#loadedFor = openUuid();
      this.#reload(this.#loadedFor).catch(() => {});
    }
  }

  /** Others wait in a room than before, or may: while the connection was away nothing was told. */
  refresh(roomUuid = openUuid()) {
    if (roomUuid && roomUuid === openUuid() && this.#loadedFor === roomUuid) this.#reload(roomUuid).catch(() => {});
  }

  /** Takes those away in a room that wait no more. */
  drop(roomUuid, isGone) {
    if (roomUuid === this.#loadedFor && this.#waiting.some(isGone)) this.#become(this.#waiting.filter((one) => !isGone(one)));
  }

  // Answered

  /** Answers one. Whatever comes of it, the list is loaded anew. That somebody else has answered is no error. */
  async settle({ roomUuid }, work) {
    try {
      await work();
    } catch (error) {
      if (error.code !== this.#goneCode) throw error;
    } finally {
      this.refresh(roomUuid);
    }
    moderated(roomUuid);
  }

  /** Asks for a reason, and answers with no. */
  askToReject(one, { title, text, reject }) {
    const at = this.#waiting.indexOf(one);
    ask({
      title,
      text,
      label: t('reason'),
      isOptional: true,
      action: t('reject'),
      isDangerous: true,
      act: (reason) => this.settle(one, () => reject(reason || undefined)),
    });
    // The button that the keyboard came from may be gone by then: it stays in the dialog, or goes nowhere.
    $('ask').addEventListener('close', () => {
      const { activeElement: has, body } = document;
      if ((has === body || $('ask').contains(has)) && $('moderation').checkVisibility()) this.#focusNear(at);
    }, { once: true });
  }

  // Drawn

  #show() {
    const list = $(`${this.#name}-list`);
    const focused = document.activeElement?.closest('[data-key]');
    const at = list.contains(focused) ? [...list.children].indexOf(focused) : -1;
    fillList(list, this.#waiting.map(this.#item));
    $(`${this.#name}-empty`).hidden = this.count > 0;
    if (at >= 0 && !list.contains(document.activeElement)) this.#focusNear(at);
  }

  /** The one that was answered is gone: the keyboard goes on with the next one. */
  #focusNear(at) {
    const next = $(`${this.#name}-list`).children[Math.min(at, this.count - 1)];
    (next?.querySelector('.answers button') ?? $('moderation').querySelector('.close')).focus();
  }
}

/** Who asks, since when, what else there is to say, and the answers. `label`: which one of several is answered. */
export function asking(key, nickname, createdAt, more, buttons, label = nickname) {
  const at = new Date(createdAt);
  for (const button of buttons) button.ariaLabel = `${button.textContent}: ${label}`;
  return el('li', { className: 'person asking', dataset: { key } },
    newAvatar(nickname),
    el('span', { className: 'who' },
      el('span', { className: 'line' },
        el('strong', { textContent: nickname, dir: 'auto', title: nickname }),
        el('time', { className: 'muted', dateTime: createdAt, title: timeOf(at), textContent: agoOf(at) })),
      ...more),
    el('span', { className: 'answers' }, ...buttons));
}
