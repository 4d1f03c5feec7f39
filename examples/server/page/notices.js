// A line that comes and goes: errors, and what happened elsewhere.

import { $ } from './dom.js';
import { explain } from './errors.js';

let timer;
export function toast(text) {
  $('toast').textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => $('toast').replaceChildren(), 4500);
}

/** Runs what a click or an event began; what goes wrong is shown. */
export const attempt = (work, words) => work().catch((error) => toast(explain(error, words)));
