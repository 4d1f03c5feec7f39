// What a screen reader says by itself: new messages of the open room, what becomes of one's own, and never the history; and what
// was done, where the screen shows it without a notice.

import { $, el } from './dom.js';
import { t, wordsOf } from './texts.js';

/** Those that come within so many milliseconds are said at once. */
const PAUSE = 400;
/** More than so many are only counted. */
const MOST = 3;

let waiting = [];

/** Says a message, soon. */
export function announce(message) {
  const { sender, type } = message;
  announceText(type === 'SYSTEM' ? message.content : t('saidBy', sender.nickname, wordsOf(message)));
}

/** Says a text, soon. */
export function announceText(text) {
  waiting.push(text);
  if (waiting.length === 1) setTimeout(say, PAUSE);
}

function say() {
  const said = waiting.length > MOST ? [t('newMessages', waiting.length)] : waiting;
  waiting = [];
  $('announcer').replaceChildren(...said.map((textContent) => el('p', { textContent })));
}
