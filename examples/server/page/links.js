// Addresses within a text, as links. Only http and https; everything else stays text.

import { isInviteLink } from './address.js';
import { el, webAddress } from './dom.js';

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/giu;
/** What ends a sentence rather than an address. */
const AFTER = /[.,:;!?'’”…。，、]+$/u;

/** The nodes that show a text. Together they say exactly what it says. */
export function withLinks(text) {
  const nodes = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const shown = addressIn(found);
    const href = webAddress(shown);
    if (!href) continue;
    // An invite link of this page is for whoever is signed in here. Another tab would ask for their name first.
    const elsewhere = isInviteLink(href) ? {} : { target: '_blank', rel: 'noopener noreferrer' };
    nodes.push(text.slice(from, index), el('a', { href, textContent: shown, ...elsewhere }));
    from = index + shown.length;
  }
  return [...nodes, text.slice(from)].filter(Boolean);
}

/** Without what stands behind it: a full stop, or a bracket that was opened before it. */
function addressIn(found) {
  const shown = found.replace(AFTER, '');
  const last = shown.at(-1);
  const opens = { ')': '(', ']': '[' }[last];
  const count = (char) => shown.split(char).length;
  return opens && count(last) > count(opens) ? addressIn(shown.slice(0, -1)) : shown;
}
