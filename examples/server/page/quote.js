// What a message answers: by whom it is, and how it begins.

import { me } from './api.js';
import { el } from './dom.js';
import { t, wordsOf } from './texts.js';

/** More of it is for where it stands. */
const MOST = 200;

export const nameOf = ({ sender: { userUuid, nickname } }) => (userUuid === me.userUuid ? t('you') : nickname);

export const excerptOf = (message) => wordsOf(message).slice(0, MOST);

/** It in the bubble of its answer; a click goes to it. */
export function quoteButton(quoted, onclick) {
  const words = el('span', { className: 'excerpt', textContent: excerptOf(quoted), dir: 'auto' });
  words.classList.toggle('deleted', Boolean(quoted.deletedAt));
  return el('button', { type: 'button', className: 'quote', title: t('toQuoted'), onclick },
    el('span', { className: 'hidden', textContent: t('answerTo') }), el('strong', { textContent: nameOf(quoted), dir: 'auto' }), words);
}
