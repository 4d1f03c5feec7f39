// Why one cannot write in the open room, or not yet: it is closed, one is muted or only reads, or the room is slow.

import { $ } from './dom.js';
import { toast } from './notices.js';
import { messageTaken, openUuid, roomOpened } from './room.js';
import { may, rooms, roomsChanged } from './rooms.js';
import { languageChanged, spanOf, t, untilOf } from './texts.js';

/** No timer is set for longer, in milliseconds. */
const LONGEST = 3_600_000;

/** No room is slower, in milliseconds. */
const SLOWEST = 21_600_000;
/** Where it is kept over a reload. */
const KEPT = 'slowed';

/** By room: when one's own last message went out while it was slow. One from another place is found out about by the server's refusal: it waits, and is sent later. */
const sentAt = new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? '[]'));
let timer;
let isEditing;

/** `isEditing`: whether one does not send, but says something else. */
export function startHolding(how) {
  isEditing = how.isEditing;
  roomOpened.on(show);
  languageChanged.on(show);
  roomsChanged.on((uuid) => (!uuid || uuid === openUuid()) && show());
  messageTaken.on(({ roomUuid, isMyMessage, createdAt }) => {
    if (!isMyMessage || !rooms.get(roomUuid)?.slowMode) return;
    // Not by this clock alone, which may be wrong.
    const at = Math.min(Date.now(), Date.parse(createdAt));
    sentAt.set(roomUuid, Math.max(at, sentAt.get(roomUuid) ?? 0));
    const recent = [...sentAt].filter(([, sent]) => Date.now() - sent < SLOWEST);
    sessionStorage.setItem(KEPT, JSON.stringify(recent));
    if (roomUuid === openUuid()) show();
  });
}

/** Why not, in words; nothing where one may. */
export function whyNot(room) {
  if (!room) return undefined;
  if (!room.isActive) return t('closedText');
  if (Date.parse(room.mutedUntil) > Date.now()) return t('mutedText', untilOf(room.mutedUntil));
  if (!may(room, 'send')) return t('readOnlyText');
  return undefined;
}

const isSlowed = (room) => room?.slowMode > 0 && ['READ_ONLY', 'MEMBER'].includes(room.role);

/** How many milliseconds until one's next message may come. */
function waitIn(room) {
  return isSlowed(room) ? Math.max(0, (sentAt.get(room.roomUuid) ?? 0) + room.slowMode * 1000 - Date.now()) : 0;
}

/** Whether it is too early to send. Says so. */
export function isHeld() {
  const wait = waitIn(rooms.get(openUuid()));
  if (wait > 0) toast(t('slowWait', spanOf(Math.ceil(wait / 1000))));
  return wait > 0;
}

function show() {
  clearTimeout(timer);
  const room = rooms.get(openUuid());
  const why = whyNot(room);
  const hadFocus = $('composer').contains(document.activeElement);
  $('composer').hidden = Boolean(why);
  $('closed').hidden = !why;
  if ($('closed').textContent !== (why ?? '')) $('closed').textContent = why ?? '';
  if (why && hadFocus) $('scroller').focus({ preventScroll: true });
  const isSlow = !why && isSlowed(room);
  const wait = isSlow ? waitIn(room) : 0;
  $('slow').hidden = !isSlow;
  $('slow').textContent = !isSlow ? '' : wait > 0 ? t('slowWait', spanOf(Math.ceil(wait / 1000))) : t('slowText', spanOf(room.slowMode));
  $('composer').classList.toggle('held', wait > 0 && !isEditing());
  const muted = Date.parse(room?.mutedUntil) - Date.now();
  if (wait > 0) timer = setTimeout(show, wait % 1000 || 1000);
  else if (muted > 0) timer = setTimeout(show, Math.min(LONGEST, muted + 50));
}
