// Whoever comes by an invite link: they see where it leads, and are asked whether to come in. The code leaves the address at once, and is kept for this
// tab alone until they have answered, while they sign in and when they load the page again.

import { goToRoom, takeInvite } from './address.js';
import { api, me } from './api.js';
import { ChatError } from './chat.js';
import { ask } from './dialogs.js';
import { $, el, newAvatar } from './dom.js';
import { explain } from './errors.js';
import { comeIn, nameOf, requestBy } from './joining.js';
import { toast } from './notices.js';
import { t } from './texts.js';

const KEY = 'invite';

export function startArriving() {
  take();
  // One that is opened where the page is open already: the room that is open stays so.
  addEventListener('hashchange', ({ oldURL }) => take(oldURL));
}

function take(before) {
  const code = takeInvite(before);
  if (code) sessionStorage.setItem(KEY, code);
  $('sign-in-invited').hidden = sessionStorage.getItem(KEY) === null;
  if (code) askToComeIn();
}

const words = () => ({ INVALID_INPUT: t('error_INVITE_NOT_FOUND'), FORBIDDEN: t('cannotComeIn') });

/** Asks whoever came by a link, once they are signed in. Who is in the chat already is led there. */
export async function askToComeIn() {
  const code = sessionStorage.getItem(KEY);
  if (!me || code === null) return;
  const { preview, error } = await look(code);
  // Another one may have been opened meanwhile, or they have signed out.
  if (!me || sessionStorage.getItem(KEY) !== code) return;
  if (preview?.isParticipant) {
    forget(code);
    return goToRoom(preview.roomUuid);
  }
  const refusal = preview?.refusal ? new ChatError(preview.refusal) : error;
  ask({
    title: t('comeInTitle'),
    text: refusal ? '' : t('comeInText'),
    content: preview ? [leadsTo(preview)] : [],
    action: refusal ? '' : t('comeIn'),
    words: words(),
    act: () => enter(code),
  });
  if (refusal) $('ask-error').textContent = explain(refusal, words());
  $(refusal ? 'ask-cancel' : 'ask-action').focus();
  $('ask').addEventListener('close', () => forget(code), { once: true });
}

function forget(code) {
  if (sessionStorage.getItem(KEY) === code) sessionStorage.removeItem(KEY);
}

/** Where a link leads, or why it leads nowhere. Neither, where the server cannot tell now: one may try all the same. */
async function look(code) {
  try {
    return { preview: await api.invitePreview(code) };
  } catch (error) {
    return ['INVITE_NOT_FOUND', 'INVALID_INPUT'].includes(error.code) ? { error } : {};
  }
}

function leadsTo(preview) {
  const { participantCount, invitedBy, topic } = preview;
  const name = nameOf(preview);
  const about = [t('people', participantCount), invitedBy && t('invitedBy', invitedBy.nickname)].filter(Boolean).join(' · ');
  return el('div', { className: 'person', id: 'leads-to' },
    newAvatar(name),
    el('span', { className: 'who' },
      el('strong', { textContent: name, dir: 'auto', title: name }),
      el('span', { className: 'muted words', textContent: about, dir: 'auto' }),
      topic && el('span', { className: 'muted', textContent: topic, dir: 'auto', title: topic })));
}

async function enter(code) {
  let room;
  if (await comeIn(async () => (room = await api.acceptInvite(code)))) return goToRoom(room.roomUuid);
  const request = requestBy(code);
  toast(request ? t('youWaitFor', nameOf(request)) : t('error_JOIN_HELD'));
}
