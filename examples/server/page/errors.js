// What went wrong, in words for a person.

import { ChatError } from './chat.js';
import { hasText, t, untilOf } from './texts.js';

/** `words`: other texts for some codes, where more is known about them. */
export function explain(error, words = {}) {
  if (!(error instanceof ChatError)) throw error;
  const { code, field, limit, message, status, until, allowed } = error;
  if (code in words) return words[code];
  const key = [`error_${code}_${field ?? limit}`, `error_${code}`].find(hasText);
  if (key) return t(key, until ? untilOf(until) : allowed);
  return message ? message.charAt(0).toUpperCase() + message.slice(1) : t('unknownError', status);
}
