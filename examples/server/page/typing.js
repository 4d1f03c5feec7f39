// Who is writing in the open room.

import { $ } from './dom.js';
import { t } from './texts.js';

/** By user: {nickname, timer}. */
const typists = new Map();

export function takeTyping({ userUuid, nickname, isTyping }) {
  clearTimeout(typists.get(userUuid)?.timer);
  typists.delete(userUuid);
  const end = () => takeTyping({ userUuid, isTyping: false });
  // The word that somebody stopped may be lost.
  if (isTyping) typists.set(userUuid, { nickname, timer: setTimeout(end, 8000) });
  showTyping();
}

export function forgetTyping() {
  for (const { timer } of typists.values()) clearTimeout(timer);
  typists.clear();
  showTyping();
}

export function showTyping() {
  const names = Array.from(typists.values(), ({ nickname }) => nickname);
  $('typing').textContent = names.length > 0 ? t('typing', names) : '';
}
