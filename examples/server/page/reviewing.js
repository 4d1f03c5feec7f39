// What was said in the open room and is held, for those who look after it: they have it sent, or not.

import { api, me } from './api.js';
import { bubble } from './bubble.js';
import { el, textButton } from './dom.js';
import { attempt } from './notices.js';
import { asking, PAGE, Queue } from './queue.js';
import { excerptOf } from './quote.js';
import { messageTaken } from './room.js';
import { t } from './texts.js';

export const reviews = new Queue({
  name: 'held',
  load: async (uuid) => (await api.held(uuid, { limit: PAGE })).held,
  item,
  goneCode: 'MESSAGE_NOT_FOUND',
});

export function startReviewing() {
  reviews.start();
  // Another one has approved it.
  messageTaken.on(({ roomUuid, messageUuid }) => reviews.drop(roomUuid, ({ heldUuid }) => heldUuid === messageUuid));
}

function item(held) {
  const { heldUuid, sender: { userUuid, nickname }, parentMessageUuid, reason, createdAt } = held;
  const why = [parentMessageUuid && t('repliedInThread'), reason && t('heldBecause', reason)].filter(Boolean).join(' · ');
  const more = [bubble(held, new Date(createdAt)), why && el('span', { className: 'muted words', textContent: why, dir: 'auto' })];
  return asking(heldUuid, nickname, createdAt, more, [
    // Nobody approves their own.
    ...(userUuid === me.userUuid ? [] : [textButton(t('approve'), () => approve(held), 'small primary')]),
    textButton(t('rejectJoin'), () => askToReject(held), 'small soft'),
  ], t('saidBy', nickname, excerptOf(held)));
}

const approve = (held) => attempt(() => reviews.settle(held, () => api.approveHeld(held.roomUuid, held.heldUuid)), {
  FORBIDDEN: t('senderMayNot'), MESSAGE_DELETED: t('quotedDeleted'),
});

const askToReject = (held) => reviews.askToReject(held, {
  title: t('rejectHeldTitle', held.sender.nickname),
  text: t('rejectHeldText'),
  reject: (reason) => api.rejectHeld(held.roomUuid, held.heldUuid, reason),
});
