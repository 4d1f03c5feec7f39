// What stands beside the open room: its people, its moderation, its pins, or a search in it. One of them at a time.

import { $ } from './dom.js';
import { roomOpened } from './room.js';

/** The id of the panel that is open. */
let open;

export function startSide() {
  for (const panel of document.querySelectorAll('.side')) {
    panel.addEventListener('keydown', ({ key, isComposing }) => key === 'Escape' && !isComposing && closeSide());
    panel.querySelector('.close').addEventListener('click', closeSide);
  }
  roomOpened.on(closeSide);
}

export const isBeside = (id) => open === id;

/** Opens one in place of any other, and gives the keyboard to a node within it. */
export function openSide(id, first) {
  if (open) show(false);
  open = id;
  show(true);
  first.focus();
}

export function closeSide() {
  if (!open) return;
  const button = buttonOf(open);
  show(false);
  open = undefined;
  // One that stands in another panel is out of sight.
  (button.checkVisibility() ? button : $('scroller')).focus();
}

/** It stands over the room, rather than beside it. */
export const isOverRoom = () => Boolean(open) && getComputedStyle($(open)).position === 'absolute';

const buttonOf = (id) => document.querySelector(`[aria-controls="${id}"]`);

function show(isShown) {
  $(open).hidden = !isShown;
  $('app').classList.toggle('with-side', isShown);
  buttonOf(open).ariaExpanded = String(isShown);
}
