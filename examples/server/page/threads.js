// Threads, as the room shows them: below a message what has come of it, in a reply that is for the room, too, that it is one.

import { api } from './api.js';
import { el, icon, newAvatar } from './dom.js';
import { unsent } from './held.js';
import { nicknameOf, noteName } from './names.js';
import { signal } from './signal.js';
import { t, timeOf, whenOf } from './texts.js';

/** Faces of those who have replied. */
const FACES = 4;

/** Asks for a thread: {roomUuid, rootUuid, seq?, isWriting?}. `seq`: of the reply that one came to see. */
export const threadAsked = signal();

/** Tells that people are known who were not before. */
export const namesLoaded = signal();

/** Whether a message or a draft is a reply that is for its thread alone. */
export const isAside = ({ parentMessageUuid, showInRoom }) => Boolean(parentMessageUuid && !showInRoom);

/** Asks for the thread that a message is in, or begins. */
export const askForThread = ({ roomUuid, messageUuid, parentMessageUuid }, how) => (
  threadAsked({ roomUuid, rootUuid: parentMessageUuid ?? messageUuid, ...how })
);

/** That a reply stands in a thread; a click opens it. */
export const threadMark = (message) => (
  el('button', { type: 'button', className: 'in-thread', title: t('openThread'), onclick: () => askForThread(message, { seq: message.seq }) },
    icon('thread'), el('span', { textContent: t('repliedInThread') }))
);

/** That a reply is for the room, too: where one reads the thread. */
export const roomMark = () => el('span', { className: 'also-in-room' }, icon('message'), t('shownInRoom'));

/**
 * Shows at the end of `body` what has come of a message. The button that stands there stays, whatever it says: a click that has
 * begun on it is one, and it keeps the keyboard.
 */
export function showThread(body, message) {
  const before = body.querySelector('.thread');
  const { messageUuid, roomUuid, thread: { replyCount = 0, lastReplyAt, participantUuids = [] } = {} } = message;
  const mine = unsent().filter(({ draft }) => draft.parentMessageUuid === messageUuid && isAside(draft));
  const marks = [['failed', 'failed', 'repliesFailed', 'unsent'], ['held', 'waiting', 'repliesHeld', 'unsent held']].map(([state, iconName, words, className]) => {
    const count = mine.filter((entry) => entry.state === state).length;
    return count > 0 && el('span', { className, title: t(words, count) }, icon(iconName), el('span', { className: 'hidden', textContent: t(words, count) }));
  }).filter(Boolean);
  if (replyCount === 0 && marks.length === 0) {
    const hadFocus = before?.contains(document.activeElement);
    before?.remove();
    if (hadFocus) body.querySelector('.more')?.focus({ preventScroll: true });
    return;
  }
  const at = new Date(lastReplyAt);
  const faces = participantUuids.slice(0, FACES).map((user) => nicknameOf(user));
  if (faces.includes(undefined)) loadNames(roomUuid);
  const button = before ?? el('button', { type: 'button', className: 'thread', dataset: { root: messageUuid } });
  button.onclick = () => askForThread(message);
  button.title = t('openThread') + (replyCount > 0 ? `${t('newestReply')} ${timeOf(at)}` : '');
  button.replaceChildren(...[
    replyCount > 0 && el('span', { className: 'faces', ariaHidden: 'true' }, ...faces.map((name) => newAvatar(name ?? ''))),
    el('span', { className: 'replies', textContent: t('replies', replyCount) }),
    replyCount > 0 && el('span', { className: 'hidden', textContent: t('newestReply') }),
    replyCount > 0 && el('time', { dateTime: lastReplyAt, textContent: whenOf(at) }),
    ...marks,
  ].filter(Boolean));
  if (!before) body.append(button);
}

/** The rooms whose people were asked for. */
const asked = new Set();

function loadNames(room) {
  if (asked.has(room)) return;
  asked.add(room);
  api.participants(room).then((people) => {
    people.forEach(noteName);
    namesLoaded();
  }).catch(() => asked.delete(room));
}
