// What was written and has no answer yet, of all rooms, in the order of writing.

import { explain, Problem } from './errors.js';
import { live } from './live.js';
import { rooms } from './rooms.js';
import { signal } from './signal.js';
import { t } from './texts.js';

const entries = [];

/** Tells of an entry that was refused or is sent again. */
export const entryChanged = signal();
/** Tells of the message that an entry has become. */
export const entrySent = signal();

export const waitingIn = (room) => entries.filter((entry) => entry.room === room);

/** Sends a draft: {type, content, imageUrl?}. It goes out as soon as there is a connection. */
export function send(room, draft) {
  const entry = { room, clientId: newClientId(), at: Date.now(), ...draft };
  entries.push(entry);
  transmit(entry);
  return entry;
}

/** Not crypto.randomUUID, which a phone on http://192.168… does not have. */
const newClientId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-');

/** Its clientId makes it one message, however often it is sent. */
async function transmit(entry) {
  const { room, clientId, type, content, imageUrl } = entry;
  try {
    const { message } = await live.request('send', { room, message: { type, content, imageUrl, clientId } });
    entrySent({ ...message, clientId });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // It stays, and goes out again once the connection is back, or the server has time.
    if (error.code === 'OFFLINE') return;
    if (error.code === 'UNAVAILABLE') return void setTimeout(() => entries.includes(entry) && transmit(entry), 2000);
    const words = () => (rooms.get(room)?.type === 'DIRECT' ? { FORBIDDEN: t('unreachable') } : {});
    // A function, since the reader may choose another language.
    entry.error = () => explain(error, words());
    entryChanged(entry);
  }
}

/** The connection is there. */
export const flush = () => entries.filter(({ error }) => !error).forEach(transmit);

export function retry(entry) {
  delete entry.error;
  entryChanged(entry);
  transmit(entry);
}

/** The server has it. */
export function settle(clientId) {
  const place = entries.findIndex((entry) => entry.clientId === clientId);
  if (place >= 0) entries.splice(place, 1);
}
