// The people of the open room, and what one can do about them: invite, remove, rename, leave. What moderators do is in moderating.js,
// and invite links are in inviting.js.

import { api, me } from './api.js';
import { ChatError } from './chat.js';
import { ask } from './dialogs.js';
import { $, el, fillList, iconButton, on, personAvatar } from './dom.js';
import { askSomebody, askToBlock } from './friend-list.js';
import { friendsChanged, isBlocked, isKnown } from './friends.js';
import { seesLinks } from './inviting.js';
import { chooseFor, isMuted, mayActOn, mayModerate, moderated } from './moderating.js';
import { attempt, toast } from './notices.js';
import { Picker } from './picker.js';
import { isOnline, presenceChanged, presenceText, setPresence } from './presence.js';
import { openUuid } from './room.js';
import { focusRoom } from './room-list.js';
import { dropRoom, may, peerOf, putRoom, rooms, roomsChanged } from './rooms.js';
import { closeSide, isBeside, openSide } from './side.js';
import { languageChanged, t, untilOf } from './texts.js';

/** The participants of the room whose panel is open. */
let participants = [];

export function startPeople() {
  on('people-open', 'click', () => (isBeside('people') ? closeSide() : openPanel()));
  on('invite', 'click', invite);
  on('rename', 'click', rename);
  on('delete-room', 'click', askToDeleteRoom);
  on('leave', 'click', leave);
  on('block-peer', 'click', () => askToBlock(participants.find(({ userUuid }) => userUuid !== me.userUuid)));
  for (const change of [presenceChanged, languageChanged, friendsChanged]) change.on(() => !$('people').hidden && showPeople());
  moderated.on((uuid) => uuid === openUuid() && refreshPeople());
  roomsChanged.on((uuid) => {
    if (!uuid || uuid !== openUuid() || $('people').hidden) return;
    showPeople();
    refreshPeople();
  });
}

function openPanel() {
  participants = [];
  showPeople();
  openSide('people', $('people-close'));
  attempt(loadPeople);
}

async function loadPeople() {
  const uuid = openUuid();
  const list = await api.participants(uuid);
  if (uuid !== openUuid()) return;
  participants = list;
  list.forEach(setPresence);
  showPeople();
}

let waiting;
/** Loads them once more, soon and once. */
export function refreshPeople() {
  if ($('people').hidden) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => !$('people').hidden && openUuid() && loadPeople().catch(() => {}), 150);
}

function showPeople() {
  const room = rooms.get(openUuid());
  const { type, participantCount = 0 } = room ?? {};
  const isShared = type !== 'DIRECT';
  const owners = participants.filter(({ role }) => role === 'OWNER');
  const others = participants.filter(({ role }) => role !== 'OWNER');
  fillList($('people-list'), [...owners, ...others].map(personItem));
  $('people-count').textContent = t('people', participantCount);
  $('invite').hidden = !isShared || !may(room, 'invite');
  $('links-open').hidden = !seesLinks(room);
  $('rename').hidden = !isShared || !may(room, 'rename');
  $('moderation-open').hidden = !mayModerate(room);
  // Its owner's alone, whatever its permissions say; also where it is closed.
  $('delete-room').hidden = !isShared || room?.role !== 'OWNER';
  const peer = peerOf(room);
  $('block-peer').hidden = !peer || isBlocked(peer);
}

function personItem(one) {
  const { userUuid, nickname, role, mutedUntil } = one;
  const room = rooms.get(openUuid());
  const isMe = userUuid === me.userUuid;
  const tag = room?.type !== 'DIRECT' && { OWNER: t('owner'), ADMIN: t('admin') }[role];
  const until = untilOf(mutedUntil);
  const befriend = { label: t('addFriend'), act: () => attempt(() => askSomebody(userUuid, nickname)) };
  const befriends = isMe || isKnown(userUuid) ? [] : [befriend];
  const muted = until ? t('mutedUntil', until) : t('muted');
  const moderates = mayActOn(room, 'moderate', one);
  return el('li', { className: 'person', dataset: { key: userUuid } },
    personAvatar(nickname, isOnline(userUuid)),
    el('span', { className: 'who' },
      el('span', { className: 'line' },
        el('strong', { textContent: nickname, dir: 'auto', title: nickname }),
        tag && el('span', { className: 'tag', textContent: tag }),
        isMe && el('span', { className: 'tag', textContent: t('you') })),
      isMuted(one) ? el('span', { className: 'muted', textContent: muted, title: muted }) : el('span', { className: 'muted', textContent: presenceText(userUuid) })),
    befriends.length > 0 && !moderates && iconButton('add-person', befriend.label, befriend.act),
    mayActOn(room, 'remove', one) && iconButton('remove', t('removeTitle', nickname), () => remove(one)),
    moderates && iconButton('more', t('moreAbout', nickname), () => chooseFor(room.roomUuid, one, befriends)));
}

function invite() {
  const uuid = openUuid();
  const frame = el('div', { className: 'field' });
  const picker = new Picker(frame, { label: t('whom'), except: participants.map(({ userUuid }) => userUuid) });
  const box = el('input', { id: 'ask-first', type: 'checkbox' });
  const choice = el('label', { className: 'check' }, box, el('span', { textContent: t('askFirst') }));
  ask({
    title: t('inviteTitle'),
    text: t('inviteText'),
    content: [frame, choice],
    action: t('invite'),
    words: { FORBIDDEN: t('someUnreachable'), INVALID_INPUT: t('chooseOthers') },
    act: () => (box.checked ? askAll(uuid, picker.ids) : api.invite(uuid, picker.ids).then(putRoom)),
  });
  picker.focus();
}

/** Invites each of them, who come in once they accept. */
async function askAll(uuid, userUuids) {
  if (userUuids.length === 0) throw new ChatError({ code: 'INVALID_INPUT' });
  for (const userUuid of userUuids) await api.createInvite(uuid, { userUuid });
  toast(t('invitedSome', userUuids.length));
}

function rename() {
  const room = rooms.get(openUuid());
  ask({
    title: t('renameTitle'),
    label: t('chatName'),
    value: room.name,
    action: t('rename'),
    act: async (name) => putRoom(await api.rename(room.roomUuid, name)),
  });
}

function remove({ userUuid, nickname }) {
  const uuid = openUuid();
  ask({
    title: t('removeTitle', nickname),
    text: t('removeText'),
    action: t('remove'),
    isDangerous: true,
    act: () => api.remove(uuid, userUuid).then(loadPeople),
  });
}

function leave() {
  const { roomUuid, name, type } = rooms.get(openUuid());
  ask({
    title: t('leaveTitle', name),
    text: t(type === 'DIRECT' ? 'leaveDirectText' : 'leaveGroupText'),
    action: t('leave'),
    isDangerous: true,
    act: () => goOut(api.leave(roomUuid), roomUuid),
  });
}

function askToDeleteRoom() {
  const { roomUuid, name } = rooms.get(openUuid());
  ask({
    title: t('deleteRoomTitle', name),
    text: t('deleteRoomText'),
    action: t('deleteRoom'),
    isDangerous: true,
    act: () => goOut(api.deleteRoom(roomUuid), roomUuid, true),
  });
}

/** The room is gone once that is done, or is told to be before it is answered. */
async function goOut(work, uuid, isDeleted) {
  await work;
  dropRoom(uuid, isDeleted);
  // The button that the keyboard came from is gone.
  $('ask').addEventListener('close', () => focusRoom(), { once: true });
}
