// Mentioning people where one writes: an @ opens a list of those who are in the room, which the keys go along.

import { api, me } from './api.js';
import { $, el, newAvatar } from './dom.js';
import { namedIn } from './mentions.js';
import { noteName } from './names.js';
import { openUuid, roomOpened } from './room.js';
import { may, rooms } from './rooms.js';
import { fitText } from './text-field.js';
import { t } from './texts.js';

/** So many are offered at once. */
const MOST = 8;
/** An @ at the beginning or behind a space, with what stands between it and the caret. */
const ASKED = /(?:^|\s)@([^@\n]{0,40})$/u;

export class Mentioning {
  #prefix;
  #text;
  #list;
  /** The people of the open room, once an @ was written there. */
  #people = [];
  #loaded;
  /** Whom one has chosen of several with one name. */
  #chosen = new Set();
  /** What is offered, and which of it Enter takes. */
  #offered = [];
  #at = 0;
  /** The place of an @ that is settled. */
  #settled;

  /** `prefix`: of the ids of the field and its list. */
  constructor(prefix = '') {
    this.#prefix = prefix;
    [this.#text, this.#list] = [$(`${prefix}text`), $(`${prefix}mention-list`)];
    roomOpened.on(() => {
      [this.#people, this.#loaded, this.#chosen, this.#settled] = [[], undefined, new Set(), undefined];
      this.#close();
    });
    this.#text.addEventListener('input', () => this.#look());
    this.#text.addEventListener('blur', () => this.#close());
    this.#text.addEventListener('click', () => this.#look());
    // Before whatever else these keys do here.
    this.#text.addEventListener('keydown', (event) => this.#takeKey(event), { capture: true });
  }

  /** The ids of those whom a text mentions, as a draft has them. */
  in(text = '') {
    const found = namedIn(text, this.#everybody()).map(({ one }) => one);
    const sameName = (one) => this.#people.filter(({ nickname }) => nickname === one.nickname);
    const meant = (one) => sameName(one).find(({ userUuid }) => this.#chosen.has(userUuid)) ?? one;
    const ids = found.filter(({ userUuid }) => userUuid).map((one) => meant(one).userUuid);
    return {
      ...(ids.length > 0 && { mentions: [...new Set(ids)] }),
      ...(found.some(({ userUuid }) => !userUuid) && { mentionsAll: true }),
    };
  }

  /** Those who can be mentioned, and all of them at once where one may. */
  #everybody() {
    const room = rooms.get(openUuid());
    const all = room?.type !== 'DIRECT' && may(room, 'mentionAll') ? [{ nickname: t('everyone') }] : [];
    return [...this.#people, ...all];
  }

  /** What stands before the caret: {from, query}, where that may be a name. */
  #asked() {
    const { value, selectionStart, selectionEnd } = this.#text;
    const found = selectionStart === selectionEnd && ASKED.exec(value.slice(0, selectionStart));
    if (!found) return undefined;
    const from = selectionStart - found[1].length - 1;
    return { from, query: found[1].toLocaleLowerCase() };
  }

  #look() {
    const ask = this.#asked();
    if (ask?.from !== this.#settled) this.#settled = undefined;
    if (!ask || this.#settled !== undefined) return this.#close();
    this.#load();
    const fits = ({ nickname }) => {
      const name = nickname.toLocaleLowerCase();
      return name.startsWith(ask.query) || name.split(/\s+/u).some((word) => word.startsWith(ask.query));
    };
    this.#offered = this.#everybody().filter(fits).slice(0, MOST);
    this.#at = 0;
    this.#show();
  }

  #load() {
    const uuid = openUuid();
    if (this.#loaded === uuid) return;
    this.#loaded = uuid;
    api.participants(uuid).then((list) => {
      if (uuid !== openUuid()) return;
      list.forEach(noteName);
      this.#people = list.filter(({ userUuid }) => userUuid !== me.userUuid);
      if (document.activeElement === this.#text) this.#look();
    }).catch(() => { this.#loaded = undefined; });
  }

  #takeKey(event) {
    if (event.isComposing || this.#offered.length === 0) return;
    const take = () => this.#choose(this.#offered[this.#at]);
    const acts = { ArrowDown: () => this.#move(1), ArrowUp: () => this.#move(-1), Enter: take, Tab: take, Escape: () => this.#giveUp() };
    if (!(event.key in acts) || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    acts[event.key]();
  }

  #move(step) {
    this.#at = (this.#at + step + this.#offered.length) % this.#offered.length;
    this.#show();
  }

  #giveUp() {
    this.#settled = this.#asked()?.from;
    this.#close();
  }

  #choose({ userUuid, nickname }) {
    const { from } = this.#asked();
    const { selectionStart } = this.#text;
    this.#text.setRangeText(`@${nickname} `, from, selectionStart, 'end');
    if (userUuid) this.#chosen.add(userUuid);
    this.#settled = from;
    this.#close();
    fitText(this.#text);
    this.#text.focus();
  }

  #close() {
    this.#offered = [];
    this.#show();
  }

  #show() {
    const [list, text] = [this.#list, this.#text];
    const isOpen = this.#offered.length > 0;
    list.hidden = !isOpen;
    list.replaceChildren(...this.#offered.map((one, n) => this.#option(one, n)));
    const states = {
      role: 'combobox', 'aria-expanded': 'true', 'aria-haspopup': 'listbox', 'aria-autocomplete': 'list', 'aria-controls': list.id,
      'aria-activedescendant': `${this.#prefix}mention-${this.#at}`,
    };
    // Else it is a field of several lines, and is said to be one.
    for (const [name, value] of Object.entries(states)) {
      if (isOpen) text.setAttribute(name, value);
      else text.removeAttribute(name);
    }
    if (isOpen) list.children[this.#at].scrollIntoView({ block: 'nearest' });
  }

  #option(one, n) {
    const { userUuid, nickname } = one;
    const item = el('li', { id: `${this.#prefix}mention-${n}`, role: 'option', ariaSelected: String(n === this.#at) },
      userUuid ? newAvatar(nickname) : el('span', { className: 'avatar', ariaHidden: 'true', textContent: '@' }),
      el('span', { className: 'name', textContent: nickname, dir: 'auto' }),
      !userUuid && el('span', { className: 'muted', textContent: t('everyoneText') }));
    // The keyboard stays where one writes.
    item.onpointerdown = (event) => event.preventDefault();
    item.onclick = () => this.#choose(one);
    return item;
  }
}
