// What went wrong, in words for a person.

import { hasText, t } from './texts.js';

/** An answer of the server that is no success, or none at all (OFFLINE). */
export class Problem extends Error {
  constructor({ code, message, field, status }) {
    super(message);
    Object.assign(this, { code, field, status });
  }
}

/** `words`: other texts for some codes, where more is known about them. */
export function explain(error, words = {}) {
  if (!(error instanceof Problem)) throw error;
  const { code, field, message, status } = error;
  if (code in words) return words[code];
  const key = [`error_${code}_${field}`, `error_${code}`].find(hasText);
  if (key) return t(key);
  return message ? message.charAt(0).toUpperCase() + message.slice(1) : t('unknownError', status);
}
