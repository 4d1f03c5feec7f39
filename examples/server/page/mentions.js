// Whom a text mentions: an @ with somebody's name behind it. A message names them by their ids; what of its words
// that is, is told by their names.

import { me } from './api.js';
import { el } from './dom.js';
import { nicknameOf } from './names.js';
import { everyLanguage } from './texts.js';

/** Whether a message mentions whoever reads it. */
export const mentionsMe = ({ mentions = [], mentionsAll, isMyMessage }) => (
  !isMyMessage && Boolean(mentionsAll || mentions.includes(me.userUuid))
);

/**
 * The places of a text that name one of these: {from, to, one}. `people`: {nickname}. Of two names that fit, the longer
 * one is meant.
 */
export function namedIn(text, people) {
  const longest = [...people].sort((one, other) => other.nickname.length - one.nickname.length);
  const found = [];
  for (let from = text.indexOf('@'); from >= 0; from = text.indexOf('@', from + 1)) {
    const one = longest.find(({ nickname }) => text.startsWith(nickname, from + 1));
    if (one) found.push({ from, to: from + 1 + one.nickname.length, one });
  }
  return found;
}

/** The nodes of a text, with the names of whom it mentions marked. */
export function withMentions(nodes, { mentions = [], mentionsAll }) {
  if (mentions.length === 0 && !mentionsAll) return nodes;
  const people = mentions.map((userUuid) => ({ userUuid, nickname: nicknameOf(userUuid) })).filter(({ nickname }) => nickname);
  // Whoever wrote it may have written it in another language.
  const all = mentionsAll ? everyLanguage('everyone').map((nickname) => ({ nickname })) : [];
  return nodes.flatMap((node) => (typeof node === 'string' ? marked(node, [...people, ...all]) : [node]));
}

function marked(text, people) {
  const nodes = [];
  let at = 0;
  for (const { from, to, one } of namedIn(text, people)) {
    const isMe = one.userUuid === me.userUuid || one.userUuid === undefined;
    nodes.push(text.slice(at, from), el('span', { className: isMe ? 'mention me' : 'mention', textContent: text.slice(from, to) }));
    at = to;
  }
  return [...nodes, text.slice(at)].filter(Boolean);
}
