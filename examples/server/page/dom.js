// Small helpers around the DOM. What people write only ever goes through textContent and text nodes.

export const $ = (id) => document.getElementById(id);

export const on = (id, event, act) => $(id).addEventListener(event, act);

/** Handles a form here, and lets the browser load nothing. */
export const onSubmit = (id, act) => on(id, 'submit', (event) => (event.preventDefault(), act(event)));

/** A new element. Its children are nodes and texts; what is falsy among them is left out. */
export function el(tag, { dataset, ...props } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  Object.assign(node.dataset, dataset);
  node.append(...children.filter((child) => child || child === 0));
  return node;
}

/** A function that runs `act` in the next frame, once, however often it is called; in a hidden tab, which has no frames, soon. */
export function onceAFrame(act) {
  let isAsked = false;
  const run = () => {
    isAsked = false;
    act();
  };
  return () => {
    if (isAsked) return;
    isAsked = true;
    if (document.hidden) setTimeout(run, 100);
    else requestAnimationFrame(run);
  };
}

/** An icon out of the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

export const iconButton = (name, label, onclick, className = 'icon') => (
  el('button', { type: 'button', className, ariaLabel: label, title: label, onclick }, icon(name))
);

export const textButton = (label, onclick, className = 'small quiet') => (
  el('button', { type: 'button', className, textContent: label, onclick })
);

const letters = new Intl.Segmenter();

/** Shows the first letter of a name, in a colour of the name's own. */
export function setAvatar(node, name) {
  const [first] = letters.segment(name.trim());
  node.textContent = first?.segment.toUpperCase() ?? '?';
  node.dataset.hue = Array.from(name).reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 8, 0);
  return node;
}

export const newAvatar = (name) => setAvatar(el('span', { className: 'avatar', ariaHidden: 'true' }), name);

/** An avatar with a dot that says whether the person is there. */
export function personAvatar(name, isOnline) {
  const frame = el('span', { className: 'with-dot' }, newAvatar(name));
  frame.classList.toggle('online', Boolean(isOnline));
  return frame;
}

/** A number on a tab or a row. */
export function showCount(badge, count, label) {
  badge.hidden = count === 0;
  badge.replaceChildren(
    el('span', { ariaHidden: 'true', textContent: count > 99 ? '99+' : count }),
    el('span', { className: 'hidden', textContent: label }),
  );
}

/** The arrows go along these, Home and End to their ends. */
export function moveAlong(event, stops) {
  const at = stops.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: stops.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  stops[to]?.focus();
}

/** What the mouse is pressed on, and what is to be drawn anew once it is released, by node. */
let pressed;
const postponed = new Map();

addEventListener('mousedown', ({ button, target }) => (pressed = button === 0 ? target : undefined), true);
// What the click itself brings about is drawn at once.
addEventListener('click', () => (pressed = undefined), true);
// The click comes right after. A menu of the browser's, or a drag, may swallow the release.
for (const end of ['mouseup', 'dragend', 'contextmenu']) addEventListener(end, () => setTimeout(release), true);
// Of the window, and not of whatever had the keyboard before the press.
addEventListener('blur', release);

function release() {
  pressed = undefined;
  const draws = [...postponed.values()];
  postponed.clear();
  draws.forEach((draw) => draw());
}

/** Draws what is within `node` anew: later, where it is pressed right now, for what is gone when the press ends is not clicked. Of several the last one does. */
export function whenReleased(node, draw) {
  if (pressed && node.contains(pressed)) postponed.set(node, draw);
  else {
    postponed.delete(node);
    draw();
  }
}

/** Replaces a list's items, and keeps the keyboard's place in it. Items name themselves by `data-key`. */
export const fillList = (list, items) => whenReleased(list, () => {
  const focused = document.activeElement?.closest('[data-key]');
  const place = list.contains(focused) && [focused.dataset.key, [...focused.querySelectorAll('a, button')].indexOf(document.activeElement)];
  list.replaceChildren(...items);
  if (!place) return;
  const [key, index] = place;
  const item = items.find((node) => node.dataset.key === key);
  item?.querySelectorAll('a, button')[index]?.focus();
});

/** Only an address that a browser loads as a picture; never one that runs. */
export function webAddress(text) {
  const url = URL.parse?.(text) ?? (URL.canParse(text) ? new URL(text) : null);
  return url && /^https?:$/.test(url.protocol) ? url.href : undefined;
}
