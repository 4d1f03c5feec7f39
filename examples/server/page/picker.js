// Lets one name people: by typing names, and by choosing among friends.

import { idOf } from './api.js';
import { el } from './dom.js';
import { people } from './friends.js';
import { t } from './texts.js';

let lastId = 0;

/** A picker within `frame`. `except`: ids of people who are not offered. */
export class Picker {
  #chosen = new Set();
  #input;
  #isSingle = false;

  constructor(frame, { label, except = [] }) {
    const id = `picker-${++lastId}`;
    const caption = el('label', { htmlFor: id, textContent: label });
    this.#input = el('input', { id, autocomplete: 'off', spellcheck: false });
    const offered = people.friends.filter(({ userUuid }) => !except.includes(userUuid));
    const chips = offered.map(({ userUuid, nickname }) => {
      const chip = el('button', { type: 'button', className: 'chip', textContent: nickname, dir: 'auto', ariaPressed: 'false' });
      chip.onclick = () => this.#toggle(userUuid, chip);
      return chip;
    });
    frame.replaceChildren(caption, this.#input);
    if (chips.length > 0) frame.append(el('div', { className: 'chips', role: 'group', ariaLabel: t('yourFriends') }, ...chips));
    this.setSingle(false);
  }

  setSingle(isSingle) {
    this.#isSingle = isSingle;
    this.#input.placeholder = t(isSingle ? 'oneName' : 'manyNames');
  }

  #toggle(userUuid, chip) {
    const isOn = chip.ariaPressed === 'true';
    if (this.#isSingle && !isOn) {
      this.#chosen.clear();
      for (const other of chip.parentElement.children) other.ariaPressed = 'false';
    }
    if (isOn) this.#chosen.delete(userUuid);
    else this.#chosen.add(userUuid);
    chip.ariaPressed = String(!isOn);
  }

  /** The ids of whoever was named. */
  get ids() {
    const typed = this.#input.value.split(',').filter((name) => name.trim()).map(idOf);
    return [...new Set([...this.#chosen, ...typed])];
  }

  focus() {
    this.#input.focus();
  }
}
