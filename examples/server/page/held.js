// Messages of one's own that wait for a moderator. Those that were written here are in the outbox; others were written on another
// device or passed on, and are shown like those.

import { api, chat } from './api.js';
import { loader } from './loading.js';
import { toast } from './notices.js';
import { rooms } from './rooms.js';
import { signal } from './signal.js';
import { t } from './texts.js';

/** Those that were written elsewhere, as entries of an outbox are. */
let elsewhere = [];

/** Tells of one that waits and was not known before. */
export const heldFound = signal();
/** Tells of one that waits no more, or is in the outbox after all. */
export const heldLost = signal();

/** What is not sent yet, waits or was refused. */
export const unsent = () => [...chat.entries, ...elsewhere];

export const loadHeld = loader(() => api.ownHeld(), (list) => {
  const before = elsewhere;
  const known = new Map(before.map((entry) => [entry.heldUuid, entry]));
  const isHere = ({ heldUuid }) => chat.entries.some((entry) => entry.heldUuid === heldUuid);
  elsewhere = list.filter((held) => !isHere(held)).map((held) => known.get(held.heldUuid) ?? entryOf(held));
  before.filter((entry) => !elsewhere.includes(entry)).forEach(heldLost);
  elsewhere.filter((entry) => !before.includes(entry)).forEach(heldFound);
});

/** The message will have this id, so that it is known when it comes. */
function entryOf({ heldUuid, roomUuid, createdAt, attachments, sender, reason, ...draft }) {
  return { room: roomUuid, clientId: heldUuid, heldUuid, at: Date.parse(createdAt), state: 'held', draft, files: attachments };
}

/** It is in the outbox, or was sent, and is shown as that. */
export function forgetHeld(uuid, isShown) {
  const entry = elsewhere.find(({ heldUuid }) => heldUuid === uuid);
  if (!entry) return;
  elsewhere = elsewhere.filter((one) => one !== entry);
  if (!isShown) heldLost(entry);
}

/** Takes one back. Gives whether it was still to be had; else its entry, or the message itself, tells what became of it. */
export async function withdraw(entry) {
  try {
    if (elsewhere.includes(entry)) await api.withdrawHeld(entry.room, entry.heldUuid);
    else await chat.withdraw(entry.clientId);
  } catch (error) {
    if (error.code !== 'MESSAGE_NOT_FOUND') throw error;
    if (elsewhere.includes(entry)) loadHeld().catch(() => {});
    return false;
  }
  forgetHeld(entry.heldUuid);
  return true;
}

/** What was told of one's own. One that is approved comes as any other message does. */
export function takeHeldNews({ type, roomUuid, heldUuid, reason }) {
  if (type === 'messageRejected') {
    const name = rooms.get(roomUuid)?.name ?? '…';
    toast(reason ? t('notApprovedBecause', name, reason) : t('notApproved', name));
    forgetHeld(heldUuid);
  }
  if (type === 'messageExpired') {
    toast(t('notApprovedInTime', rooms.get(roomUuid)?.name ?? '…'));
    forgetHeld(heldUuid);
  }
  loadHeld().catch(() => {});
}
