// Invitations of one's own that are not answered yet: what they are, and their list above the chats.

import { goToRoom } from './address.js';
import { api } from './api.js';
import { $, el, fillList, newAvatar, onceAFrame, textButton } from './dom.js';
import { askedChanged, comeIn, nameOf, requestFor } from './joining.js';
import { loader } from './loading.js';
import { attempt, toast } from './notices.js';
import { rooms, roomsChanged } from './rooms.js';
import { languageChanged, t } from './texts.js';

/** The newest first. */
let invitations = [];

export function startInvitations() {
  for (const change of [languageChanged, roomsChanged, askedChanged]) change.on(show);
}

export const loadInvitations = loader(() => api.invitations(), (list) => {
  invitations = list.sort((one, other) => other.createdAt.localeCompare(one.createdAt));
  show();
});

/** What was told of invitations: the list is loaded anew. */
export function takeInvitation(told) {
  if (told.type === 'invited') toast(t('invitesYou', inviterOf(told), nameOf(told)));
  if (told.type === 'inviteDeclined') toast(t('declinedBy', told.nickname, rooms.get(told.roomUuid)?.name ?? t('group')));
  else loadInvitations().catch(() => {});
}

const inviterOf = ({ invitedBy }) => invitedBy?.nickname ?? t('theHost');

const show = onceAFrame(() => {
  // One may have come in on another device, or by another way.
  invitations = invitations.filter(({ roomUuid }) => !rooms.has(roomUuid));
  // What was accepted and waits stands below.
  const open = invitations.filter(({ roomUuid }) => !requestFor(roomUuid));
  fillList($('invitations'), open.map(item));
  $('invitations-section').hidden = open.length === 0;
});

function item(invitation) {
  const name = nameOf(invitation);
  const buttons = [
    textButton(t('accept'), () => answer(invitation, true), 'small primary'),
    textButton(t('decline'), () => answer(invitation, false), 'small soft'),
  ];
  // Which one of several is answered.
  for (const button of buttons) button.ariaLabel = `${button.textContent}: ${name}`;
  return el('li', { className: 'person asking', dataset: { key: invitation.code } },
    newAvatar(name),
    el('span', { className: 'who' },
      el('strong', { textContent: name, dir: 'auto', title: name }),
      el('span', { className: 'muted', textContent: t('invitedBy', inviterOf(invitation)) })),
    el('span', { className: 'answers' }, ...buttons));
}

/** Whatever comes of it, the list is loaded anew: refused, it was old. */
const answer = (invitation, isAccepted) => attempt(async () => {
  const { code, roomUuid } = invitation;
  try {
    if (!isAccepted) await api.declineInvite(code);
    else if (await comeIn(() => api.acceptInvite(code))) goToRoom(roomUuid);
    else toast(t('youWaitFor', nameOf(invitation)));
  } finally {
    loadInvitations().catch(() => {});
  }
}, { INVITE_NOT_FOUND: t('invitationEnded') });
