// Whoever comes by an invite link: they are asked whether to come in. The code leaves the address at once, and is kept for this
// tab alone until they have answered, while they sign in and when they load the page again.

import { goToRoom, takeInvite } from './address.js';
import { api, me } from './api.js';
import { ask } from './dialogs.js';
import { $ } from './dom.js';
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

/** Asks whoever came by a link, once they are signed in. */
export function askToComeIn() {
  const code = sessionStorage.getItem(KEY);
  if (!me || code === null) return;
  ask({
    title: t('comeInTitle'),
    text: t('comeInText'),
    action: t('comeIn'),
    words: { INVALID_INPUT: t('error_INVITE_NOT_FOUND'), FORBIDDEN: t('cannotComeIn') },
    act: () => enter(code),
  });
  $('ask-action').focus();
  $('ask').addEventListener('close', () => {
    // Another one may have been opened meanwhile.
    if (sessionStorage.getItem(KEY) === code) sessionStorage.removeItem(KEY);
  }, { once: true });
}

async function enter(code) {
  let room;
  if (await comeIn(async () => (room = await api.acceptInvite(code)))) return goToRoom(room.roomUuid);
  const request = requestBy(code);
  toast(request ? t('youWaitFor', nameOf(request)) : t('error_JOIN_HELD'));
}
