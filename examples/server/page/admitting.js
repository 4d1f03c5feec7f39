// Who waits to come into the open room, for those who look after it: how many, and whom they let in.

import { api } from './api.js';
import { el, textButton } from './dom.js';
import { attempt } from './notices.js';
import { asking, PAGE, Queue } from './queue.js';
import { t } from './texts.js';

export const joins = new Queue({
  name: 'joins',
  load: async (uuid) => (await api.joinRequests(uuid, { limit: PAGE })).joinRequests,
  item,
  goneCode: 'JOIN_REQUEST_NOT_FOUND',
});

/** Somebody has come in, perhaps by another way than to be let in. */
export const takeArrival = ({ roomUuid, userUuid }) => joins.drop(roomUuid, ({ user }) => user.userUuid === userUuid);

function item(request) {
  const { joinRequestUuid, user: { nickname }, reason, code, createdAt } = request;
  const why = [code && t('byInvite'), reason].filter(Boolean).join(' · ');
  return asking(joinRequestUuid, nickname, createdAt, [why && el('span', { className: 'muted words', textContent: why, dir: 'auto' })], [
    textButton(t('letIn'), () => letIn(request), 'small primary'),
    textButton(t('rejectJoin'), () => askToReject(request), 'small soft'),
  ]);
}

const letIn = (request) => attempt(() => joins.settle(request, () => api.approveJoin(request.roomUuid, request.joinRequestUuid)), {
  INVITE_NOT_FOUND: t('theirInviteEnded'), FORBIDDEN: t('mayNotComeIn'),
});

const askToReject = (request) => joins.askToReject(request, {
  title: t('rejectTitle', request.user.nickname),
  text: t('rejectText'),
  reject: (reason) => api.rejectJoin(request.roomUuid, request.joinRequestUuid, reason),
});
