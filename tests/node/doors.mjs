// Chats with a door, for the tests of the page: who asks to come in, and who lets them in.

import assert from 'node:assert/strict';

/** A call that must succeed, on a connection of its own: the server closes one that is idle for long. */
export async function ok(user, method, path, body) {
  const answer = await user.call(method, path, body, { alone: true });
  assert.ok(answer.status < 300, answer.text);
  return answer.body;
}

/** A chat of somebody's, with a door. */
export async function withDoor(owner, name, visibility = 'public') {
  const room = await ok(owner, 'POST', '/rooms', { type: 'GROUP', name, participantUuids: [], visibility, custom: { approval: true } });
  return room.roomUuid;
}

export const join = (user, room) => ok(user, 'POST', `/rooms/${room}/join`);
export const requests = async (user, room) => (await ok(user, 'GET', `/rooms/${room}/join-requests`)).joinRequests;
export const letIn = async (moderator, room, user) => {
  const { joinRequestUuid } = (await requests(moderator, room)).find((one) => one.user.userUuid === user.id);
  await ok(moderator, 'POST', `/rooms/${room}/join-requests/${joinRequestUuid}/approve`);
};
export const reject = async (moderator, room, user, reason) => {
  const { joinRequestUuid } = (await requests(moderator, room)).find((one) => one.user.userUuid === user.id);
  await ok(moderator, 'POST', `/rooms/${room}/join-requests/${joinRequestUuid}/reject`, { reason });
};

export const openPanel = async (person) => {
  if (!await person.page.isVisible('#people')) await person.click('#people-open');
  await person.click('#moderation-open');
  await person.sees('#moderation');
};

export const button = ({ page }, label, name) => page.getByRole('button', { name: `${label}: ${name}`, exact: true });

/** What has the keyboard. */
export const focused = ({ page }) => page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.id);
