// The chat page: one module, no build. What people write only ever goes through textContent.

const $ = (id) => document.getElementById(id);

function el(tag, { dataset, ...props } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  Object.assign(node.dataset, dataset);
  node.append(...children);
  return node;
}

/** Who a name stands for: the same name is the same person, however it is typed. */
const idOf = (name) => name.normalize('NFC').trim().toLowerCase().replace(/\s+/gu, '-');

/** Not crypto.randomUUID, which a phone on http://192.168… does not have. */
const newClientId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-');

function setAvatar(node, name) {
  node.textContent = [...name.trim()][0]?.toUpperCase() ?? '?';
  node.dataset.hue = [...name].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 8, 0);
  return node;
}

const newAvatar = (name) => setAvatar(el('span', { className: 'avatar', ariaHidden: 'true' }), name);

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const shortDate = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
const daysAgo = (at) => Math.round((midnight(Date.now()) - midnight(at)) / 86_400_000);
const dayOf = (at) => ['Today', 'Yesterday'][daysAgo(at)] ?? longDate.format(at);

// Errors

class Problem extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const WORDS = {
  OFFLINE: 'The server cannot be reached.',
  NOT_A_PARTICIPANT: 'You are not in this chat.',
  ROOM_CLOSED: 'This chat is closed.',
  ROOM_NOT_FOUND: 'This chat does not exist.',
  PAYLOAD_TOO_LARGE: 'This message is too long.',
  RATE_LIMITED: 'That was too fast. Try again in a moment.',
  UNAVAILABLE: 'The server is busy. Try again in a moment.',
};

function explain(error) {
  if (!(error instanceof Problem)) throw error;
  const text = WORDS[error.code] ?? error.message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

let toastTimer;
function toast(text) {
  $('toast').textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => $('toast').replaceChildren(), 5000);
}

/** Runs what a click or an event began; what goes wrong is shown. */
const attempt = (work) => work().catch((error) => toast(explain(error)));

// The server: REST, and one live connection

async function api(method, path, body, isRetry = false) {
  const headers = { 'content-type': 'application/json', ...(me && { authorization: `Bearer ${me.token}` }) };
  const response = await fetch(`api/${path}`, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Problem('OFFLINE');
  });
  const data = await response.json().catch(() => ({}));
  if (response.ok) return data;
  if (response.status === 401 && me && !isRetry) {
    await renewToken();
    return api(method, path, body, true);
  }
  throw new Problem(data.code, data.message ?? `The server answered ${response.status}.`);
}

async function renewToken() {
  const { userUuid, nickname } = me;
  me.token = (await api('POST', 'auth/dev-token', { userUuid, nickname }, true)).accessToken;
}

/** The WebSocket: it comes back by itself, and then gets what it missed. */
class Live {
  isReady = false;
  #socket;
  #since;
  #lastId = 0;
  #pending = new Map();
  #attempts = 0;
  #retry;
  #silence;

  constructor(onEvent, onState) {
    Object.assign(this, { onEvent, onState });
    this.#connect();
  }

  /** Sends a request; the answer is its `ok`. */
  request(op, fields) {
    if (!this.isReady) return Promise.reject(new Problem('OFFLINE'));
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, op, ...fields }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#socket.close(), 15_000);
      this.#pending.set(id, { resolve, reject, timer });
    });
  }

  /** Ends the wait for the next attempt. */
  hurry() {
    if (this.#retry) this.#connect();
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const url = new URL('api/chat/ws', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = (this.#socket = new WebSocket(url, 'chat.v1'));
    socket.onopen = () => socket.send(JSON.stringify({ id: 0, op: 'hello', token: me.token, since: this.#since }));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = (event) => this.#closed(event);
  }

  #take(frame) {
    clearTimeout(this.#silence);
    // Nothing heard for long: a request that gets no answer either ends the connection.
    this.#silence = setTimeout(() => this.request('ping').catch(() => {}), 40_000);
    if (frame.event) {
      if (frame.event === 'ready') {
        this.isReady = true;
        this.#attempts = 0;
        this.onState('on');
      }
      this.onEvent(frame);
      this.#since = frame.pos ?? frame.data.pos ?? this.#since;
      return;
    }
    const { resolve, reject, timer } = this.#pending.get(frame.id) ?? {};
    this.#pending.delete(frame.id);
    clearTimeout(timer);
    if (frame.error) reject?.(new Problem(frame.error.code, frame.error.message));
    else resolve?.(frame.ok);
  }

  #closed({ code, reason }) {
    this.isReady = false;
    clearTimeout(this.#silence);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new Problem('OFFLINE'));
    }
    this.#pending.clear();
    this.onState('off');
    // 4012: the server restarts and says when to come back.
    const asked = code === 4012 && /\d+/.exec(reason);
    const backoff = Math.min(30_000, 500 * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#connect(), asked ? Number(asked[0]) : backoff);
    if (code === 4001 || code === 4003) renewToken().catch(() => {});
  }
}

// What the page knows

/** Who is signed in: {userUuid, nickname, token}. */
let me;
let live;
/** By roomUuid; `seq` is the newest message's that is known of. */
const rooms = new Map();
/** The open room: {uuid, entries by key, typists, hasOlder, isLoading, isLoaded, readSeq}. */
let open;
/** Entries without an answer yet, in the order of sending, of all rooms. */
const outbox = [];

// Rooms

function putRoom(room) {
  const known = rooms.get(room.roomUuid);
  const seq = Math.max(known?.seq ?? 0, room.lastMessage?.seq ?? 0);
  rooms.set(room.roomUuid, { ...room, seq });
  showRooms();
  if (open?.uuid === room.roomUuid) showRoomHead();
}

function dropRoom(uuid) {
  const room = rooms.get(uuid);
  if (!rooms.delete(uuid)) return;
  showRooms();
  if (open?.uuid !== uuid) return;
  toast(`You are not in “${room.name}” any more.`);
  location.hash = '';
}

/** The newest rooms; others come when something happens in them. */
async function loadRooms() {
  const list = await api('GET', 'chat/rooms?limit=100');
  list.rooms.forEach(putRoom);
  $('no-rooms').hidden = rooms.size > 0;
}

/** Rooms to ask for once more, soon and each once. */
const stale = new Map();
function refreshRoom(uuid) {
  clearTimeout(stale.get(uuid));
  const refresh = () => api('GET', `chat/rooms/${uuid}`).then(putRoom, ({ code }) => code === 'NOT_A_PARTICIPANT' && dropRoom(uuid));
  stale.set(uuid, setTimeout(() => stale.delete(uuid) && refresh(), 100));
}

function preview({ lastMessage: last }) {
  if (!last) return 'No messages yet';
  const text = last.content ?? 'Picture';
  if (last.type === 'SYSTEM') return text;
  return `${last.isMyMessage ? 'You' : last.sender.nickname}: ${text}`;
}

function roomNode(room) {
  const at = new Date(room.lastMessageAt ?? room.createdAt);
  const when = el('time', { dateTime: at.toJSON(), textContent: (daysAgo(at) === 0 ? clock : shortDate).format(at) });
  const head = el('span', { className: 'line' }, el('strong', { textContent: room.name, dir: 'auto' }), when);
  const foot = el('span', { className: 'line' }, el('span', { className: 'preview', textContent: preview(room), dir: 'auto' }));
  const link = el('a', { href: `#${room.roomUuid}` }, newAvatar(room.name), el('span', { className: 'who' }, head, foot));
  if (open?.uuid === room.roomUuid) link.ariaCurrent = 'page';
  if (room.unreadCount > 0) {
    const count = room.unreadCount > 99 ? '99+' : `${room.unreadCount}`;
    foot.append(el('span', { className: 'badge' }, count, el('span', { className: 'hidden', textContent: ' unread' })));
    link.className = 'unread';
  }
  return el('li', { dataset: { room: room.roomUuid } }, link);
}

let drawing;
/** Draws the list once a frame, however much has changed. */
function showRooms() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => {
    const activity = (room) => room.lastMessageAt ?? room.createdAt;
    const sorted = [...rooms.values()].sort((one, other) => activity(other).localeCompare(activity(one)));
    const focused = document.activeElement.closest('#rooms li')?.dataset.room;
    $('rooms').replaceChildren(...sorted.map(roomNode));
    if (focused) $('rooms').querySelector(`[data-room="${focused}"] a`)?.focus();
    if (sorted.length > 0) $('no-rooms').hidden = true;
    const unread = sorted.reduce((sum, room) => sum + room.unreadCount, 0);
    document.title = unread > 0 ? `(${unread}) Chat` : 'Chat';
  });
}

// The open room

function openRoom(uuid) {
  open = uuid && { uuid, entries: new Map(), typists: new Map(), readSeq: 0 };
  $('app').classList.toggle('in-room', Boolean(open));
  $('chat-empty').hidden = Boolean(open);
  $('chat-room').hidden = !open;
  $('messages').replaceChildren();
  $('history-note').textContent = '';
  $('text').value = '';
  $('jump').hidden = true;
  showRooms();
  if (!open) return;
  showRoomHead();
  showTyping();
  outbox.filter((entry) => entry.room === uuid).forEach(place);
  attempt(loadRoom);
  if (matchMedia('(hover: hover)').matches) $('text').focus();
}

async function loadRoom() {
  const room = open;
  if (!rooms.has(room.uuid)) {
    putRoom(await api('GET', `chat/rooms/${room.uuid}`).catch((error) => {
      if (error.code !== 'OFFLINE') location.hash = '';
      throw error;
    }));
  }
  await loadHistory();
  if (room !== open) return;
  room.isLoaded = true;
  scrollDown();
}

async function loadHistory(before) {
  const room = open;
  if (room.isLoading) return;
  room.isLoading = true;
  $('history-note').textContent = 'Loading…';
  try {
    const from = before ? `&before=${before}` : '';
    const page = await api('GET', `chat/rooms/${room.uuid}/messages?limit=40${from}`);
    if (room !== open) return;
    room.hasOlder = page.hasMoreBefore ?? page.hasMore;
    $('history-note').textContent = room.hasOlder ? '' : 'This is where the chat begins.';
    const toEnd = $('scroller').scrollHeight - $('scroller').scrollTop;
    // Nobody wants to hear all of it read out.
    $('scroller').ariaBusy = 'true';
    page.messages.forEach((message) => place({ message }));
    $('scroller').ariaBusy = 'false';
    $('scroller').scrollTop = $('scroller').scrollHeight - toEnd;
  } catch (error) {
    if (room === open) $('history-note').textContent = '';
    throw error;
  } finally {
    room.isLoading = false;
  }
}

function showRoomHead() {
  const { name = '', participantCount = 0, isActive = true } = rooms.get(open.uuid) ?? {};
  $('room-name').textContent = name;
  setAvatar($('room-avatar'), name);
  $('room-people').textContent = `${participantCount} ${participantCount === 1 ? 'person' : 'people'}`;
  $('composer').hidden = !isActive;
  $('closed').hidden = isActive;
}

const isAtEnd = () => $('scroller').scrollHeight - $('scroller').scrollTop - $('scroller').clientHeight < 80;

function scrollDown() {
  $('scroller').scrollTop = $('scroller').scrollHeight;
  $('jump').hidden = true;
  markRead();
}

/** What stands on the screen is read. */
function markRead() {
  const view = open;
  const seq = rooms.get(view?.uuid)?.seq;
  if (!view?.isLoaded || !live.isReady || document.hidden || !isAtEnd() || !(seq > view.readSeq)) return;
  const readBefore = view.readSeq;
  view.readSeq = seq;
  live.request('read', { room: view.uuid, seq }).then(
    ({ unreadCount }) => rooms.has(view.uuid) && putRoom({ ...rooms.get(view.uuid), unreadCount }),
    () => (view.readSeq = readBefore),
  );
}

// Messages. An entry is {message} once the server has it; before that {room, clientId, content, at, error?}.

/** Shows an entry where it belongs: by `seq`, and at the end what is not sent yet. */
function place(entry) {
  const { message } = entry;
  const { entries } = open;
  const key = message?.messageUuid ?? entry.clientId;
  const known = entries.get(key);
  if (message?.isMyMessage && message.clientId) {
    entries.get(message.clientId)?.node.remove();
    entries.delete(message.clientId);
  }
  entries.set(key, entry);
  entry.node = known?.node ?? el('li');
  draw(entry);
  if (!known) {
    const seq = message?.seq ?? Infinity;
    let before = $('messages').lastElementChild;
    while (before && Number(before.dataset.seq) > seq) before = before.previousElementSibling;
    if (before) before.after(entry.node);
    else $('messages').prepend(entry.node);
  }
  join(entry.node);
  if (entry.node.nextElementSibling) join(entry.node.nextElementSibling);
}

/** A day is named at its first message; who goes on talking is not named again. */
function join(node) {
  const { at, by } = node.dataset;
  const before = node.previousElementSibling?.dataset;
  const isSameDay = before && midnight(Number(before.at)) === midnight(Number(at));
  if (isSameDay) delete node.dataset.day;
  else node.dataset.day = dayOf(Number(at));
  node.classList.toggle('follows', Boolean(isSameDay && by && before.by === by && at - before.at < 300_000));
}

function draw({ node, message, content, at, error }) {
  const isSystem = message?.type === 'SYSTEM';
  const time = new Date(message?.createdAt ?? at);
  const { userUuid, nickname } = message?.sender ?? me;
  Object.assign(node.dataset, { seq: message?.seq ?? Infinity, at: time.getTime(), by: isSystem ? '' : userUuid });
  if (isSystem) {
    Object.assign(node, { className: 'system', textContent: message.content });
    return;
  }
  const isMine = message?.isMyMessage ?? true;
  const state = error ? 'failed' : message ? '' : 'waiting';
  const bubble = el('div', { className: 'bubble', dir: 'auto' });
  if (message?.imageUrl) {
    const picture = { href: message.imageUrl, target: '_blank', rel: 'noopener noreferrer', textContent: 'Open picture' };
    bubble.append(el('a', picture), message.content ? '\n' : '');
  }
  bubble.append((message ? message.content : content) ?? '');
  const foot = el('span', { className: 'foot' }, el('time', { dateTime: time.toJSON(), textContent: clock.format(time) }));
  if (!message) foot.append(` · ${error ? `Not sent. ${error}` : 'Sending…'}`);
  if (error) foot.append(el('button', { type: 'button', textContent: 'Edit', onclick: () => takeBack(node) }));
  const name = el('span', { className: 'name', textContent: nickname, dir: 'auto' });
  node.className = `message ${isMine ? 'mine' : ''} ${state}`;
  node.replaceChildren(newAvatar(nickname), el('div', { className: 'body' }, name, bubble, foot));
}

// Sending

/** Sends an entry. Its clientId makes it one message, however often it is sent. */
async function transmit(entry) {
  const { room, clientId, content } = entry;
  try {
    const { message } = await live.request('send', { room, message: { type: 'TEXT', content, clientId } });
    takeMessage({ ...message, clientId });
  } catch (error) {
    // It stays in the outbox, and goes out again once the connection is back, or the server has time.
    if (error.code === 'OFFLINE') return;
    if (error.code === 'UNAVAILABLE') return void setTimeout(() => outbox.includes(entry) && transmit(entry), 2000);
    entry.error = explain(error);
    if (open?.uuid === room) place(entry);
  }
}

function send(content) {
  const entry = { room: open.uuid, clientId: newClientId(), content, at: Date.now() };
  outbox.push(entry);
  place(entry);
  scrollDown();
  transmit(entry);
}

/** What was refused goes back to where it was written. */
function takeBack(node) {
  const [entry] = outbox.splice(outbox.findIndex((other) => other.node === node), 1);
  open.entries.delete(entry.clientId);
  node.remove();
  $('text').value = entry.content;
  $('text').dispatchEvent(new Event('input'));
  $('text').focus();
}

let typingToldAt = 0;
function tellTyping(isTyping) {
  if (isTyping ? Date.now() - typingToldAt < 2500 : typingToldAt === 0) return;
  typingToldAt = isTyping ? Date.now() : 0;
  live.request('typing', { room: open.uuid, isTyping }).catch(() => {});
}

// Events

/** A message: live, caught up on, or one's own in its answer. It may come more than once. */
function takeMessage(message) {
  const { roomUuid, seq, clientId, isMyMessage } = message;
  const sent = isMyMessage ? outbox.findIndex((entry) => entry.clientId === clientId) : -1;
  if (sent >= 0) outbox.splice(sent, 1);
  const room = rooms.get(roomUuid);
  const isNew = seq > (room?.seq ?? 0);
  if (!room) refreshRoom(roomUuid);
  else if (seq >= (room.lastMessage?.seq ?? 0)) {
    const unreadCount = room.unreadCount + (isNew && !isMyMessage && message.type !== 'SYSTEM' ? 1 : 0);
    putRoom({ ...room, lastMessage: message, lastMessageAt: message.createdAt, unreadCount });
  }
  if (open?.uuid !== roomUuid) return;
  const wasAtEnd = isAtEnd();
  place({ message });
  takeTyping({ roomUuid, ...message.sender, isTyping: false });
  if (wasAtEnd) scrollDown();
  else if (isNew && !isMyMessage) $('jump').hidden = false;
}

function takeTyping({ roomUuid, userUuid, nickname, isTyping }) {
  if (open?.uuid !== roomUuid || userUuid === me.userUuid) return;
  const { typists } = open;
  clearTimeout(typists.get(userUuid)?.timer);
  typists.delete(userUuid);
  const end = () => takeTyping({ roomUuid, userUuid, isTyping: false });
  if (isTyping) typists.set(userUuid, { nickname, timer: setTimeout(end, 8000) });
  showTyping();
}

function showTyping() {
  const names = Array.from(open.typists.values(), ({ nickname }) => nickname);
  const who = names.length > 2 ? 'Several people' : names.join(' and ');
  $('typing').textContent = who && `${who} ${names.length > 1 ? 'are' : 'is'} typing…`;
}

const handlers = {
  ready(data) {
    for (const { roomUuid, seq, unreadCount } of data.rooms) {
      const room = rooms.get(roomUuid);
      if (room) rooms.set(roomUuid, { ...room, seq: Math.max(room.seq, seq), unreadCount });
    }
    showRooms();
    outbox.filter((entry) => !entry.error).forEach(transmit);
    if (open && !open.isLoaded) attempt(loadRoom);
    markRead();
  },
  caughtUp({ recovered }) {
    if (!recovered) attempt(reload);
  },
  message: takeMessage,
  system(data) {
    const sender = { userUuid: data.userUuid, nickname: data.nickname };
    takeMessage({ ...data, type: 'SYSTEM', content: data.message, sender });
  },
  // One's own mark, moved on another device too.
  read({ roomUuid, userUuid, seq }) {
    const room = rooms.get(roomUuid);
    if (!room || userUuid !== me.userUuid) return;
    if (seq >= room.seq) putRoom({ ...room, unreadCount: 0 });
    else refreshRoom(roomUuid);
  },
  typing: takeTyping,
  participant: ({ roomUuid }) => refreshRoom(roomUuid),
  room({ roomUuid, change }) {
    if (change === 'left') return dropRoom(roomUuid);
    refreshRoom(roomUuid);
    if (change === 'reset' && open?.uuid === roomUuid) openRoom(roomUuid);
  },
  notification: ({ type, roomUuid }) => (type === 'removedFromRoom' ? dropRoom : refreshRoom)(roomUuid),
};

/** More was missed than could be told. */
async function reload() {
  rooms.clear();
  await loadRooms();
  if (open) openRoom(open.uuid);
}

function showState(state) {
  $('status').dataset.state = state;
  $('status').textContent = state === 'on' ? 'Connected' : 'Reconnecting…';
  $('offline').hidden = state === 'on';
}

// Signing in. The name is kept for this tab alone, so that two tabs can be two people.

async function signIn(nickname) {
  const userUuid = idOf(nickname);
  const { accessToken } = await api('POST', 'auth/dev-token', { userUuid, nickname });
  me = { userUuid, nickname, token: accessToken };
  sessionStorage.setItem('name', nickname);
  $('me-name').textContent = nickname;
  setAvatar($('me-avatar'), nickname);
  $('sign-in').hidden = true;
  $('app').hidden = false;
  // Live first: nothing that happens while the rooms load is missed.
  live = new Live((frame) => handlers[frame.event]?.(frame.data), showState);
  followAddress();
  attempt(loadRooms);
}

function askName(error) {
  $('sign-in').hidden = false;
  $('name').focus();
  if (error) $('sign-in-error').textContent = explain(error);
}

function followAddress() {
  const uuid = /^#([0-9A-Z]{26})$/.exec(location.hash)?.[1] ?? '';
  if (me && uuid !== (open?.uuid ?? '')) openRoom(uuid);
}

// Making a room

/** Pairs of id and name. */
const peopleNamed = () => [...new Map($('people').value.split(',').filter((name) => name.trim()).map((name) => [idOf(name), name.trim()]))];

const typeNamed = () => (peopleNamed().length === 1 && !$('new-name').value.trim() ? 'DIRECT' : 'GROUP');

function showHint() {
  const names = peopleNamed().map(([, name]) => name).join(', ');
  const hint = `${typeNamed() === 'DIRECT' ? 'Your direct chat' : 'A group'} with ${names}.`;
  $('new-room-hint').textContent = names ? hint : 'One name opens a direct chat, several make a group.';
}

async function createRoom() {
  const participantUuids = peopleNamed().map(([id]) => id);
  const name = $('new-name').value.trim() || undefined;
  const room = await api('POST', 'chat/rooms', { type: typeNamed(), name, participantUuids });
  putRoom(room);
  $('new-room').close();
  location.hash = room.roomUuid;
}

// What people do

const on = (id, event, act) => $(id).addEventListener(event, act);
const onSubmit = (id, act) => on(id, 'submit', (event) => (event.preventDefault(), act()));

onSubmit('sign-in-form', () => signIn($('name').value.trim()).catch(askName));
onSubmit('new-room-form', () => createRoom().catch((error) => ($('new-room-error').textContent = explain(error))));
onSubmit('composer', () => {
  const text = $('text').value.trim();
  if (!text) return;
  $('text').value = '';
  $('text').style.height = '';
  typingToldAt = 0;
  send(text);
});
on('text', 'keydown', (event) => {
  // An input method's Enter ends a word, not the message.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
});
on('text', 'input', ({ target }) => {
  target.style.height = 'auto';
  target.style.height = `${target.scrollHeight + 2}px`;
  tellTyping(target.value.trim() !== '');
});
let isFollowing = true;
on('scroller', 'scroll', () => {
  isFollowing = isAtEnd();
  if (isFollowing) $('jump').hidden = true;
  markRead();
  const oldest = $('messages').firstElementChild?.dataset.seq;
  if ($('scroller').scrollTop < 200 && open?.hasOlder && !open.isLoading) attempt(() => loadHistory(oldest));
});
// A keyboard or a notice takes some of the height: the end stays in sight.
new ResizeObserver(() => isFollowing && scrollDown()).observe($('scroller'));
on('jump', 'click', scrollDown);
on('new-room-form', 'input', showHint);
on('new-room-open', 'click', () => {
  $('new-room-form').reset();
  $('new-room-error').textContent = '';
  showHint();
  $('new-room').showModal();
});
on('sign-out', 'click', () => {
  sessionStorage.removeItem('name');
  location.replace(location.pathname);
});
on('new-room-cancel', 'click', () => $('new-room').close());
addEventListener('hashchange', followAddress);
addEventListener('online', () => live?.hurry());
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !live) return;
  live.hurry();
  markRead();
});

const name = sessionStorage.getItem('name');
if (name) signIn(name).catch(askName);
else askName();
