// The chat page: what happens first, and who is told of which event.

import { goToList } from './address.js';
import { joins, takeArrival } from './admitting.js';
import { chat, me, signIn } from './api.js';
import { askToComeIn, startArriving } from './arriving.js';
import { startComposer } from './composer.js';
import { startDialogs } from './dialogs.js';
import { $, on, onSubmit, setAvatar } from './dom.js';
import { explain } from './errors.js';
import { startFinding } from './finding.js';
import { startForwarding } from './forwarding.js';
import { startFriendList } from './friend-list.js';
import { loadFollowed, startFollowed, takeThreadRead } from './followed.js';
import { loadFriends } from './friends.js';
import { loadHeld, takeHeldNews } from './held.js';
import { takeHidden } from './hiding.js';
import { loadInvitations, startInvitations, takeInvitation } from './invitations.js';
import { refreshLinks, startInviting } from './inviting.js';
import { loadAsked, startJoining, takeJoinNews } from './joining.js';
import { startMessageMenu } from './message-menu.js';
import { refreshReports, startModeration } from './moderation.js';
import { startNewChat } from './new-chat.js';
import { attempt, toast } from './notices.js';
import { refreshPeople, startPeople } from './people.js';
import { loadPins, startPins } from './pins.js';
import { forgetPresence, setPresence } from './presence.js';
import { reviews, startReviewing } from './reviewing.js';
import {
  followAddress, markRead, openUuid, reopenRoom, resumeRoom, roomOpened, startRoom, takeChange, takeDeparture, takeEntry,
  takeMessage, takeRead,
} from './room.js';
import { areRoomsLoaded, focusRoom, loadMore, startRoomList } from './room-list.js';
import { dropRoom, noteReady, refreshRoom, reloadRooms, roomDropped } from './rooms.js';
import { startSearch } from './search.js';
import { isInvisible, loadSettings, settingsChanged, startSettings, takeSettings } from './settings.js';
import { startSide } from './side.js';
import { awaitMidnight, currentLanguage, firstLanguage, languageChanged, speak, t } from './texts.js';
import { startThreadList } from './thread-list.js';
import { resumeThread, startThread } from './thread.js';
import { takeTyping } from './typing.js';
import { resumeUploads } from './uploads.js';
import { startViewer } from './viewer.js';

// Events

const handlers = {
  state: showState,
  // Live first: what happens while rooms and messages are loaded is not missed.
  ready({ rooms }) {
    noteReady(rooms);
    // Threads go by the names of their rooms.
    const listed = areRoomsLoaded() ? Promise.resolve() : attempt(loadMore);
    listed.then(loadFollowed).catch(() => {});
    loadFriends().catch(() => {});
    loadInvitations().catch(() => {});
    loadAsked().catch(() => {});
    loadHeld().catch(() => {});
    joins.refresh();
    reviews.refresh();
    loadPins().catch(() => {});
    loadSettings().catch(() => {});
    resumeRoom();
    resumeThread();
    resumeUploads();
    refreshPeople();
    refreshLinks();
  },
  reset: () => attempt(reloadAll),
  entry: takeEntry,
  message: takeMessage,
  messageUpdated: takeChange,
  messageDeleted: takeChange,
  messageHidden: takeHidden,
  system(data) {
    const sender = { userUuid: data.userUuid, nickname: data.nickname };
    takeMessage({ ...data, type: 'SYSTEM', content: data.message, sender });
  },
  read: takeRead,
  threadRead: takeThreadRead,
  typing(data) {
    if (data.roomUuid === openUuid() && data.userUuid !== me.userUuid) takeTyping(data);
  },
  presence: setPresence,
  participant(data) {
    refreshRoom(data.roomUuid);
    if (!data.joined) return takeDeparture(data);
    takeArrival(data);
    refreshLinks(data.roomUuid);
  },
  room({ roomUuid, change, isDeleted }) {
    if (change === 'left') return dropRoom(roomUuid, isDeleted);
    refreshRoom(roomUuid);
    if (change === 'reset' && openUuid() === roomUuid) reopenRoom();
  },
  notification(told) {
    const { type, roomUuid, nickname, isDeleted } = told;
    if (type === 'removedFromRoom') return dropRoom(roomUuid, isDeleted);
    if (type === 'addedToRoom') return refreshRoom(roomUuid);
    if (type === 'settings') return takeSettings(told);
    if (type.startsWith('invite')) return takeInvitation(told);
    if (type === 'heldMessagesChanged') reviews.refresh(roomUuid);
    if (type.startsWith('held') || type.startsWith('message')) return takeHeldNews(told);
    if (type === 'joinRequestsChanged') joins.refresh(roomUuid);
    if (type === 'reportsChanged') return refreshReports(roomUuid);
    if (type.startsWith('join')) return takeJoinNews(told);
    // All others are about friends. These two are worth a word.
    const words = { friendRequest: 'friendRequestFrom', friendRequestAccepted: 'saysYes' };
    if (type in words) toast(t(words[type], nickname));
    loadFriends().catch(() => {});
  },
};

/** More was missed than could be told. */
async function reloadAll() {
  await reloadRooms();
  loadFollowed().catch(() => {});
  reopenRoom();
}

let wasOffline = false;

function showState({ state }) {
  wasOffline = state === 'offline' || (wasOffline && state === 'connecting');
  const isLost = wasOffline || state === 'closed';
  const isHidden = state === 'online' && isInvisible();
  $('status').dataset.state = isHidden ? 'invisible' : state;
  $('status').textContent = isHidden ? t('invisible') : t({ online: 'connected', closed: 'offline' }[state] ?? (isLost ? 'reconnecting' : 'connecting'));
  $('offline').hidden = !isLost;
  $('offline-retry').hidden = state === 'closed';
  $('offline-retry').textContent = t(state === 'offline' ? 'tryNow' : 'trying');
  // Said once, however often it is tried.
  const text = isLost ? t(state === 'closed' ? 'closedConnection' : 'offlineText') : '';
  if ($('offline-text').textContent !== text) $('offline-text').textContent = text;
  // Who comes and goes meanwhile is not told.
  if (state === 'offline') forgetPresence();
}

// Signing in. The name is kept for this tab alone, so that two tabs can be two people.

async function start(name) {
  await signIn(name);
  sessionStorage.setItem('name', name);
  $('me-name').textContent = name;
  setAvatar($('me-avatar'), name);
  $('sign-in').hidden = true;
  $('app').hidden = false;
  showState(chat);
  for (const [event, handle] of Object.entries(handlers)) chat.on(event, handle);
  followAddress();
  askToComeIn();
}

function askName(error) {
  $('sign-in').hidden = false;
  $('name').focus();
  if (error) $('sign-in-error').textContent = explain(error, { NOT_FOUND: t('onlyInDevelopment') });
}

// What people do

const PANES = ['rooms', 'threads', 'friends'];

function showPane(name) {
  for (const pane of PANES) {
    const isShown = pane === name;
    $(`${pane}-tab`).ariaSelected = String(isShown);
    $(`${pane}-tab`).tabIndex = isShown ? 0 : -1;
    $(`${pane}-pane`).hidden = !isShown;
  }
}

for (const [at, name] of PANES.entries()) {
  on(`${name}-tab`, 'click', () => showPane(name));
  on(`${name}-tab`, 'keydown', ({ key }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!step) return;
    const next = PANES.at((at + step) % PANES.length);
    showPane(next);
    $(`${next}-tab`).focus();
  });
}

for (const select of document.querySelectorAll('.language')) {
  select.addEventListener('change', () => {
    localStorage.setItem('language', select.value);
    speak(select.value);
  });
}
settingsChanged.on(() => showState(chat));
languageChanged.on(() => {
  for (const select of document.querySelectorAll('.language')) select.value = currentLanguage();
  if (me) showState(chat);
});

onSubmit('sign-in-form', () => {
  const name = $('name').value.trim();
  if (name) start(name).catch(askName);
});
on('sign-out', 'click', () => {
  sessionStorage.removeItem('name');
  location.replace(location.pathname);
});
roomDropped.on((room, isDeleted) => {
  const { roomUuid, name } = room;
  // What waits for it goes nowhere any more.
  if (isDeleted) chat.entries.filter((entry) => entry.room === roomUuid).forEach(({ clientId }) => chat.discard(clientId));
  if (openUuid() !== roomUuid) return;
  const words = t(isDeleted ? 'roomDeleted' : 'notInRoom', name);
  toast(words);
  $('chat-empty-text').textContent = words;
  for (const id of ['viewer', 'picture']) $(id).close();
  $('menu').hidePopover();
  goToList();
});
roomOpened.on((uuid) => uuid && ($('chat-empty-text').textContent = t('chooseChat')));
on('offline-retry', 'click', () => chat.hurry());
on('skip', 'click', (event) => {
  // The address is the open room's.
  event.preventDefault();
  if (openUuid()) $($('composer').hidden ? 'scroller' : 'text').focus();
  else focusRoom();
});
document.addEventListener('visibilitychange', () => me && markRead());

// The first one reads the address before anybody looks there for a room.
for (const begin of [startArriving, startRoomList, startRoom, startComposer, startDialogs, startMessageMenu, startForwarding, startFollowed, startFriendList, startInvitations, startInviting, startJoining, startFinding, startNewChat, startPeople, () => joins.start(), startReviewing, startModeration, startPins, startSearch, startSettings, startSide, startThread, startThreadList, startViewer]) begin();
showPane('rooms');
speak(firstLanguage());
awaitMidnight();
const name = sessionStorage.getItem('name');
if (name) start(name).catch(askName);
else askName();
