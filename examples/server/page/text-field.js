// The field where one writes.

import { $ } from './dom.js';

/** As high as what is written. */
export function fitText() {
  $('text').style.height = 'auto';
  $('text').style.height = `${$('text').scrollHeight}px`;
}

export function writeText(text) {
  $('text').value = text;
  fitText();
}
