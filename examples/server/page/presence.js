// Who is there, as far as it is known: from lists, and from `presence` events of rooms in common.

import { signal } from './signal.js';
import { agoOf, t } from './texts.js';

const known = new Map();

export const presenceChanged = signal();

export function setPresence({ userUuid, online, lastSeenAt = known.get(userUuid)?.lastSeenAt }) {
  const before = known.get(userUuid);
  known.set(userUuid, { online, lastSeenAt });
  if (before?.online !== online || before?.lastSeenAt !== lastSeenAt) presenceChanged(userUuid);
}

/** After a pause in the connection nothing is known, until lists say it anew. */
export function forgetPresence() {
  known.clear();
  presenceChanged();
}

export const isOnline = (userUuid) => Boolean(known.get(userUuid)?.online);

/** "Online", "Last seen 5 minutes ago", or nothing. */
export function presenceText(userUuid) {
  const { online, lastSeenAt } = known.get(userUuid) ?? {};
  if (online) return t('online');
  if (lastSeenAt) return t('lastSeen', agoOf(new Date(lastSeenAt)));
  return online === false ? t('offline') : '';
}
