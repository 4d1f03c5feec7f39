// What a message shows: its text with links, its picture, its files, its time, and how it stands.

import { el, icon, textButton, webAddress } from './dom.js';
import { filesOf } from './files.js';
import { withLinks } from './links.js';
import { withMentions } from './mentions.js';
import { clockOf, t, timeOf } from './texts.js';

/** A message or a draft. `state`: what stands behind the time; `heads`: what stands above its words, such as what it answers. */
export function bubble({ content, imageUrl, attachments = [], forwarded, mentions, mentionsAll, editedAt, deletedAt, streamingUntil, pinned }, at, state, ...heads) {
  const files = deletedAt ? [] : filesOf(attachments);
  // For clients that know no files, it is the address of the first one.
  const isOfFile = attachments.some(({ url }) => imageUrl?.endsWith(url));
  const address = imageUrl && !isOfFile && webAddress(imageUrl);
  const node = el('div', { className: `bubble ${address ? 'with-picture' : ''} ${files.length > 0 ? 'with-files' : ''}` });
  if (forwarded && !deletedAt) node.append(el('span', { className: 'forwarded', dir: 'auto' }, icon('forward'), t('forwardedFrom', forwarded.nickname)));
  if (!deletedAt) node.append(...heads.filter(Boolean));
  if (address) node.append(picture(address, content));
  node.append(...files);
  if (deletedAt) {
    node.classList.add('deleted');
    node.append(el('span', { className: 'text', textContent: t('messageDeleted') }));
  } else if (content || !(address || files.length > 0)) {
    if (Date.parse(streamingUntil) > Date.now()) node.classList.add('streaming');
    node.append(el('span', { className: 'text', dir: 'auto' }, ...withMentions(withLinks(content ?? imageUrl ?? ''), { mentions, mentionsAll })));
  }
  const edited = editedAt && el('span', { className: 'edited', title: timeOf(new Date(editedAt)), textContent: t('edited') });
  const pin = pinned && el('span', { className: 'pinned', title: t('pinned') }, el('span', { className: 'hidden', textContent: t('pinned') }), icon('pin'));
  node.append(el('span', { className: 'meta' }, pin, edited, el('time', { dateTime: at.toJSON(), textContent: clockOf(at) }), state));
  return node;
}

/** A picture in a box of one size, so that nothing moves when it comes; a plain link if it does not. */
function picture(address, caption) {
  const link = el('a', { className: 'picture', href: address, target: '_blank', rel: 'noopener noreferrer' });
  const image = el('img', { loading: 'lazy', decoding: 'async', referrerPolicy: 'no-referrer', alt: caption || t('picture') });
  image.onload = () => link.classList.add('loaded');
  image.onerror = () => link.replaceChildren(
    icon('picture'), el('span', { textContent: t('openPicture') }), el('small', { textContent: address }));
  image.src = address;
  link.append(image);
  return link;
}

/** How a message of one's own stands: an icon, and words for whoever does not see it. */
function stateMark(label, iconName, className = '', isSaid = false) {
  return el('span', { className: `receipt ${className}`, title: label },
    el('span', { className: isSaid ? '' : 'hidden', textContent: label }), icon(iconName));
}

/** That it waits, or was refused. */
export const waitingMark = ({ state }) => (
  state === 'failed' ? stateMark(t('notSent'), 'failed') : stateMark(t(state === 'held' ? 'waitsForModerator' : 'sending'), 'waiting')
);

/** That the server has it. */
export const sentMark = () => stateMark(t('sent'), 'tick');

/** Likewise, and who has read it. */
export function readMark({ count, isRead }, isInGroup) {
  const isSaid = isInGroup && count > 0;
  const label = isSaid ? t('readBy', count) : t(isRead ? 'read' : 'sent');
  return stateMark(label, isRead ? 'ticks' : 'tick', isRead ? 'read' : '', isSaid);
}

/** Why it was not sent, and what one can do about it. */
export function failure(why, { onRetry, onEdit, onDelete }) {
  const choices = [[t('retry'), onRetry], [t('edit'), onEdit], [t('delete'), onDelete]];
  return el('p', { className: 'failure' }, `${t('notSent')} ${why} `,
    el('span', { className: 'choices' }, ...choices.map(([label, act]) => textButton(label, act, 'link'))));
}

/** That somebody has to approve it first, and that one can still take it back. */
export const pending = ({ onWithdraw }) => (
  el('p', { className: 'pending' }, `${t('waitsForModerator')} `, textButton(t('takeBack'), onWithdraw, 'link'))
);
