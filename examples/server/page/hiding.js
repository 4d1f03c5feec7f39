// What one deletes for oneself: it is gone here and on one's other devices, and stays for everybody else.

import { refreshRoom } from './rooms.js';
import { signal } from './signal.js';

/** Of this visit. What was on its way meanwhile may still hold one; what is loaded later does not. */
const hidden = new Set();

/** Tells of a message that is to be shown no more. */
export const messageHidden = signal();

export const isHidden = ({ messageUuid }) => hidden.has(messageUuid);

export function takeHidden({ roomUuid, messageUuid }) {
  hidden.add(messageUuid);
  messageHidden({ roomUuid, messageUuid });
  // Its last message may be another one, and one's read mark has moved.
  refreshRoom(roomUuid);
}
