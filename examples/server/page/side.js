// What stands beside the open room: its people, its invite links, its moderation, its pins, a search in it, or one of its threads. One of them
// at a time.

import { $ } from './dom.js';
import { roomOpened } from './room.js';
import { signal } from './signal.js';

/** Tells that another panel is open, or none. */
export const sideChanged = signal();

/** The id of the panel that is open. */
let open;
/** Gives the button to which the keyboard goes back. */
let opener;

export function startSide() {
  for (const panel of document.querySelectorAll('.side')) {
    panel.addEventListener('keydown', ({ key, isComposing }) => key === 'Escape' && !isComposing && closeSide());
    panel.querySelector('.close').addEventListener('click', closeSide);
  }
  roomOpened.on(closeSide);
}

export const isBeside = (id) => open === id;

/** Opens one in place of any other, and gives the keyboard to a node within it. `from` gives the button to go back to. */
export function openSide(id, first, from = () => buttonOf(id)) {
  if (open) show(false);
  [open, opener] = [id, from];
  show(true);
  sideChanged();
  first.focus();
}

export function closeSide() {
  if (!open) return;
  show(false);
  open = undefined;
  sideChanged();
  // One that stands in another panel is out of sight.
  const button = opener();
  (button?.checkVisibility() ? button : $('scroller')).focus();
}

/** It stands over the room, rather than beside it. */
export const isOverRoom = () => Boolean(open) && getComputedStyle($(open)).position === 'absolute';

const buttonOf = (id) => document.querySelector(`[aria-controls="${id}"]`);

function show(isShown) {
  $(open).hidden = !isShown;
  $('app').classList.toggle('with-side', isShown);
  const button = buttonOf(open);
  if (button) button.ariaExpanded = String(isShown);
}
