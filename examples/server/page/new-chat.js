// Making a chat: with one other, a group, or a challenge's.

import { goToRoom } from './address.js';
import { api } from './api.js';
import { $, on, onSubmit } from './dom.js';
import { explain } from './errors.js';
import { Picker } from './picker.js';
import { putRoom } from './rooms.js';
import { t } from './texts.js';

let picker;

export function startNewChat() {
  for (const id of ['new-room-open', 'new-room-first', 'new-room-empty']) on(id, 'click', openDialog);
  on('new-room-cancel', 'click', () => $('new-room').close());
  on('new-room-form', 'change', showKind);
  onSubmit('new-room-form', () => create().catch((error) => showError(explain(error, errorWords()))));
}

const kind = () => new FormData($('new-room-form')).get('kind');

function openDialog() {
  $('new-room-form').reset();
  picker = new Picker($('new-room-people'), { label: t('withWhom') });
  showKind();
  $('new-room').showModal();
  picker.focus();
}

function showKind() {
  const hints = { DIRECT: 'directText', GROUP: 'groupText', CHALLENGE: 'challengeText' };
  $('new-room-hint').textContent = t(hints[kind()]);
  $('new-name-field').hidden = kind() === 'DIRECT';
  $('new-challenge-field').hidden = kind() !== 'CHALLENGE';
  $('new-public-field').hidden = kind() !== 'GROUP';
  $('new-approval-label').hidden = !$('new-public').checked;
  picker.setSingle(kind() === 'DIRECT');
  showError('');
}

const showError = (text) => { $('new-room-error').textContent = text; };
const errorWords = () => ({ FORBIDDEN: t(kind() === 'DIRECT' ? 'unreachable' : 'someUnreachable') });

async function create() {
  const participantUuids = picker.ids;
  if (kind() === 'DIRECT' && participantUuids.length !== 1) return showError(t('chooseOne'));
  const isPublic = kind() === 'GROUP' && $('new-public').checked;
  // The server's app looks for this: see doors.rs.
  const custom = isPublic && $('new-approval').checked ? { approval: true } : undefined;
  if (kind() === 'GROUP' && !isPublic && participantUuids.length === 0) return showError(t('chooseSome'));
  await open({
    type: kind(),
    participantUuids,
    name: (kind() !== 'DIRECT' && $('new-name').value.trim()) || undefined,
    visibility: isPublic ? 'public' : undefined,
    custom,
    challengeUuid: kind() === 'CHALLENGE' ? $('new-challenge').value.trim() : undefined,
  });
  $('new-room').close();
}

async function open(draft) {
  const room = await api.create(draft);
  putRoom(room);
  goToRoom(room.roomUuid);
}

/** Opens the one direct chat with somebody. */
export const openDirect = (userUuid) => open({ type: 'DIRECT', participantUuids: [userUuid] });
