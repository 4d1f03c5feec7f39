// Friends, requests and blocks that the page knows.

import { api } from './api.js';
import { loader } from './loading.js';
import { setPresence } from './presence.js';
import { signal } from './signal.js';

/** By kind: relations as the server tells them. */
export const people = { friends: [], requests: [], blocks: [] };
export let areLoaded = false;

export const friendsChanged = signal();

export const loadFriends = loader(() => Promise.all([api.friends(), api.friendRequests(), api.blocks()]), ([friends, requests, blocks]) => {
  Object.assign(people, { friends, requests, blocks });
  areLoaded = true;
  friends.forEach(({ userUuid, online }) => setPresence({ userUuid, online }));
  friendsChanged();
});

export const received = () => people.requests.filter(({ state }) => state === 'REQUEST_RECEIVED');
export const sent = () => people.requests.filter(({ state }) => state === 'REQUEST_SENT');

/** Whether somebody is a friend, asked, or blocked. */
export const isKnown = (userUuid) => Object.values(people).some((list) => list.some((one) => one.userUuid === userUuid));
export const isBlocked = (userUuid) => people.blocks.some((one) => one.userUuid === userUuid);

/** Changes how somebody stands to one, and gives how that is now. The lists are loaded anew, also when it was refused: they were old. */
const change = (call) => call.finally(() => loadFriends().catch(() => {}));

export const askFriend = (userUuid) => change(api.askFriend(userUuid));
export const answer = (userUuid, accept) => change(api.answerFriend(userUuid, accept));
export const withdraw = (userUuid) => change(api.withdrawRequest(userUuid));
export const unfriend = (userUuid) => change(api.unfriend(userUuid));
export const block = (userUuid) => change(api.block(userUuid));
export const unblock = (userUuid) => change(api.unblock(userUuid));
