// Answering a message: which one stands above where one writes, by room, until the answer is sent.

import { api, chat } from './api.js';
import { $, on } from './dom.js';
import { messageHidden } from './hiding.js';
import { answerAsked } from './message-menu.js';
import { excerptOf, nameOf } from './quote.js';
import { messageChanged, openUuid, roomOpened } from './room.js';
import { languageChanged, t } from './texts.js';

/** The message that one is about to answer, by room. */
const answered = new Map();

export const answeredUuid = () => answered.get(openUuid())?.messageUuid;

export function startAnswering() {
  answerAsked.on((message) => {
    answered.set(message.roomUuid, message);
    show();
    $('text').focus();
  });
  for (const change of [roomOpened, languageChanged]) change.on(show);
  messageChanged.on((change) => takeChange(change, change.deletedAt));
  messageHidden.on((message) => takeChange(message, true));
  on('answering-cancel', 'click', () => {
    endAnswering();
    $('text').focus();
  });
  on('below', 'keydown', (event) => {
    // An edit is given up first.
    if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented || !answeredUuid()) return;
    // Else it leaves the room.
    event.stopPropagation();
    endAnswering();
    $('text').focus();
  });
}

/** What is gone cannot be answered any more. */
function takeChange({ roomUuid, messageUuid }, isGone) {
  const message = answered.get(roomUuid);
  if (messageUuid !== message?.messageUuid) return;
  if (isGone) answered.delete(roomUuid);
  else answered.set(roomUuid, chat.latest(message));
  show();
}

/** It is answered, or one lets go of it. */
export function endAnswering() {
  answered.delete(openUuid());
  show();
}

/** What was refused is written again, and answers the same one. */
export async function answerAgain(room, messageUuid) {
  const message = await api.message(room, messageUuid);
  if (!message.deletedAt) answered.set(room, message);
  show();
}

function show() {
  const message = answered.get(openUuid());
  $('answering').hidden = !message;
  if (!message) return;
  $('answering-name').textContent = t('answering', nameOf(message));
  $('answering-words').textContent = excerptOf(message);
}
