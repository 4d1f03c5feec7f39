// The fields where one writes: in the room, and in a thread.

import { $ } from './dom.js';

/** As high as what is written. */
export function fitText(field = $('text')) {
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

export function writeText(text, field = $('text')) {
  field.value = text;
  fitText(field);
}
