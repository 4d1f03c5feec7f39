// A client of the chat server, for browsers and for Node 22 and later: one file that needs no other, to be
// copied into an app. It keeps a connection, comes back by itself, misses nothing, and sends what is written
// once, whatever happens to the network or the page meanwhile.
//
//     import { Chat } from './chat.js';
//
//     const chat = new Chat({ url: 'https://chat.example/', user: 'ana', token: () => fetchToken() });
//     chat.on('state', ({ state }) => showBanner(state !== 'online'));
//     chat.on('ready', () => loadOnce());               // rooms and messages: not before it
//     chat.on('message', (message) => show(message));   // by others, by other devices, and one's own
//     chat.on('entry', (entry) => showWaiting(entry));  // sending, sent, held, failed, withdrawn
//     chat.on('reset', () => reloadEverything());
//     chat.entries.forEach(showWaiting);                // what an earlier page left
//     chat.send(room, { type: 'TEXT', content: 'Hello' });
//
// What is missed. Load what is there after the first `ready`: what is said before it is not told. From then on
// the client keeps the last position that it saw. Coming back it asks for what came after it, and gets it as
// the same events, in order, then `caughtUp`, then what is live: there is no gap and no double, also when the
// connection is cut in the middle. Where the server cannot tell all of it, `reset` asks the app to load its
// rooms and messages anew. Put messages in their place by `seq`: with several servers, one's own may be
// acknowledged before another's that stands above it.
//
// What is written. `send` gives an entry at once. It is kept in the storage until the server has it, and is
// sent again after each reconnect and each reload. Its `clientId` makes it one message, however often it is
// sent. A room's entries go out one after another, in the order of writing. What the server refuses for good
// is `failed`, with its `error`: `retry` sends it again, `discard` forgets it. Two tabs of one person share a
// storage. A tab takes up what it finds there when it starts, so that both may send the same entry: still one
// message. It takes up nothing later: what another tab left is sent by whichever starts next.
//
// What waits for a moderator. Where the app's rules hold a message, its entry is `held`: it stays in the storage and is not
// sent again. Approved, it is `sent`, at the place that it gets then; rejected, it is `failed` as REJECTED, with the `reason`
// if one was given; and as EXPIRED where nobody has answered for long. `withdraw` takes it back, and so does another device of
// the person's: then it is `withdrawn`, and in the outbox no more. What became of it during an absence is asked for when the
// connection is back: of what was not sent no more is known then than that, as of REJECTED.
//
// Tokens. `token(isRefused)` gives one, or a promise of one, or null once the person has signed out. It is
// asked again with `true` when the server takes the last one no more; refused twice in a row, the client is
// closed.
//
// What changes. An edit, a deletion or a reaction is told as `messageUpdated` or `messageDeleted`, by others, by one's
// other devices and by oneself, of any message of one's rooms: also of one that the app never loaded. `latest` gives
// a message that the app has, or has just loaded, as it is now:
//
//     for (const name of ['messageUpdated', 'messageDeleted']) {
//       chat.on(name, ({ messageUuid }) => shown.has(messageUuid) && redraw(chat.latest(shown.get(messageUuid))));
//     }
//
// What one deletes for oneself. `hide` takes a message out of one's own sight alone; `messageHidden` tells of it here, on one's
// other devices, and when one comes back. It is loaded no more; its changes are still told, as those of any other.
//
// What is being written. A message with `streamingUntil` grows, as a bot or an agent writes it: each time by a
// `messageUpdated`, as above. Once it is written there is no `streamingUntil` any more. To write so, `stream` begins a
// message, and gives what to `append` to and to `stop`.
//
// What is answered. A message may answer another one of its room: `send` takes its `quotedMessageUuid`, and `quotedMessage`
// shows it as it is now. When that one changes, whatever quotes it has changed as well: draw it anew with `latest`.
//
// Threads. A reply in a thread names the message that this began with, its root, as `parentMessageUuid`, and says by
// `showInRoom` whether it is for the room as well. `send` takes both. It stands among the room's messages like any other: who
// shows threads leaves out of the room what is for its thread alone, which does not count as unread either. What a thread
// comes to is the `thread` of its root, which changes with each reply; `replies` of chat-api.js loads them. Threads are followed,
// and read each by a mark of its own: `threads` of chat-api.js lists those that one follows, with what is unread; `threadRead`
// tells of another device.
//
// What goes with it. Files are uploaded first: `upload` of chat-api.js gives each an id, and `send` takes these as
// `attachments`. They are read with a token, or by a `link` for whatever can send none, such as an `<img>`.
//
// The server's REST calls are made with the same token by `http`; chat-api.js gives them names.
//
// Node before 22 has no WebSocket of its own: give one as `WebSocket`, such as that of the package `ws`.

/**
 * @typedef {{ userUuid: string, nickname: string, profileImage: string | null }} Sender
 *
 * @typedef {object} Message
 * @property {string} messageUuid
 * @property {string} roomUuid
 * @property {number} seq its place in the room: 1, 2, 3 …
 * @property {Sender} sender
 * @property {'TEXT' | 'IMAGE' | 'SYSTEM'} type
 * @property {string | null} content
 * @property {string | null} imageUrl
 * @property {boolean} isMyMessage
 * @property {boolean} isRead
 * @property {number} readCount
 * @property {string[]} readByUuids
 * @property {string} [clientId] of one's own messages
 * @property {string} createdAt
 * @property {number} [version] of two states of a message, the one with the greater version is the later one; absent: 0
 * @property {string | null} [editedAt]
 * @property {string | null} [deletedAt] its `content` and `imageUrl` are null then
 * @property {ReactionCount[]} [reactions] in the order in which they first were left
 * @property {string[]} [ownReactions] those that the user has left
 * @property {string} [streamingUntil] it is still being written, unless nothing more has come by then
 * @property {Quoted} [quotedMessage] the one that it answers, as that is now
 * @property {Pin} [pinned] where it is
 * @property {Attachment[]} [attachments] the files that go with it
 * @property {string[]} [mentions] the ids of whom it mentions
 * @property {boolean} [mentionsAll] whether it mentions everybody in the room
 * @property {{ userUuid: string, nickname: string }} [forwarded] who sent it first, where it was passed on
 * @property {string} [parentMessageUuid] the root of the thread that it is a reply in
 * @property {boolean} [showInRoom] whether a reply is for the whole room, too
 * @property {Thread} [thread] of a root
 * @property {Record<string, any>} [custom] what the app keeps of its own with it
 *
 * @typedef {object} Attachment a file
 * @property {string} attachmentUuid
 * @property {string} roomUuid
 * @property {string} name to be shown
 * @property {string} mediaType as its bytes tell
 * @property {number} size in bytes
 * @property {number | null} width of a picture, in pixels
 * @property {number | null} height
 * @property {string} url where it is read, with a token: a path below that of the API
 * @property {string | null} thumbnailUrl where a small picture of it is read, likewise
 * @property {string} createdAt
 *
 * @typedef {{ replyCount: number, lastReplyAt: string, participantUuids: string[] }} Thread `participantUuids`: who has replied, in the order of their first replies; at most 20
 *
 * @typedef {object} Quoted a message as it is shown where another one answers it
 * @property {string} messageUuid
 * @property {number} seq
 * @property {Sender} sender
 * @property {Message['type']} type
 * @property {string | null} content how its words begin; once it has changed, all of them
 * @property {string | null} imageUrl
 * @property {string | null} [deletedAt]
 * @property {number} [version]
 *
 * @typedef {{ userUuid: string | null, pinnedAt: string }} Pin by whom, null being the host, and since when
 *
 * @typedef {{ reaction: string, count: number }} ReactionCount
 *
 * @typedef {object} MessageChange a message as it is after a change of it; `latest` puts it into a Message
 * @property {string} roomUuid
 * @property {string} messageUuid
 * @property {number} seq
 * @property {number} version
 * @property {Message['type']} type
 * @property {string | null} content
 * @property {string | null} imageUrl
 * @property {string | null} editedAt
 * @property {string | null} deletedAt
 * @property {ReactionCount[]} reactions
 * @property {string} [streamingUntil]
 * @property {Pin} [pinned] where it is
 * @property {Thread} [thread] of a root
 * @property {Record<string, any>} [custom] what the app keeps of its own with it
 * @property {string[]} [ownReactions] all that the user has left, where that is told: when one comes back
 * @property {string} [userUuid] who has changed it, where that is told: live
 * @property {{ reaction: string, on: boolean }} [reaction] the one that was left or taken back, where that is told: live
 *
 * @typedef {object} Known what is known of a message that has changed
 * @property {MessageChange} change its latest state
 * @property {number} toldAt the version at which all of the user's own reactions were told; 0: they never were
 * @property {Map<string, { version: number, on: boolean }>} own what was told of the user's own reactions, each by its version
 *
 * @typedef {object} Draft
 * @property {'TEXT' | 'IMAGE'} type
 * @property {string} [content]
 * @property {string} [imageUrl]
 * @property {string} [quotedMessageUuid] what it answers
 * @property {string[]} [attachments] ids of files that were uploaded into the room; those of an IMAGE are all pictures
 * @property {string[]} [mentions] ids of whom it mentions
 * @property {boolean} [mentionsAll] that it mentions everybody, which not everybody may
 * @property {string} [parentMessageUuid] the root of the thread that it is a reply in
 * @property {boolean} [showInRoom] that a reply is for the whole room, too
 * @property {Record<string, any>} [custom] what the app keeps of its own with it, beside what it says
 *
 * @typedef {object} Entry what was written: the same object from `send` to `sent`
 * @property {string} room
 * @property {string} clientId
 * @property {number} at when it was written, in milliseconds; no two of a client are alike
 * @property {Draft} draft
 * @property {'sending' | 'sent' | 'held' | 'failed' | 'withdrawn'} state
 * @property {string} [heldUuid] by which it is called where it is `held`, and the `messageUuid` that it gets
 * @property {Refusal} [error] why it is `failed`
 * @property {Message} [message] what it has become, once it is `sent`
 *
 * @typedef {{ code: string, message: string, field?: string, status?: number, until?: string, limit?: string, allowed?: number, reason?: string }} Refusal `until`: until when somebody is muted or banned. `limit`: of what there are as many as there may be, which is `allowed`. `reason`: a moderator's, where it was REJECTED
 *
 * @typedef {object} Storage where entries wait. What it throws at `save`, `send` throws on.
 * @property {() => Entry[]} load all that are kept, in any order
 * @property {(entry: Entry) => void} save keeps one, or its new state
 * @property {(clientId: string) => void} remove
 *
 * @typedef {object} StateChange
 * @property {'connecting' | 'online' | 'offline' | 'closed'} state
 * @property {string} [reason] why it is offline or closed: a code such as OFFLINE, RESTARTING, UNAUTHENTICATED
 * @property {number} [retryIn] milliseconds until the next attempt, where it is offline
 *
 * @typedef {{ userUuid: string, recovered: boolean, rooms: { roomUuid: string, seq: number, unreadCount: number, mentionCount: number }[] }} Ready
 *
 * @typedef {object} Events what `on` tells, by name; those without a line here are told as the server sends them
 * @property {StateChange} state
 * @property {Ready} ready the connection is there, perhaps again
 * @property {{ recovered: boolean }} caughtUp all that was missed was told
 * @property {undefined} reset more was missed than can be told: load everything anew
 * @property {Entry} entry one was written, sent, held, refused, tried again or taken back
 * @property {Message} message
 * @property {MessageChange} messageUpdated what one says, the reactions on it, its thread, or whether it is pinned. The state is never older than one told before
 * @property {MessageChange} messageDeleted
 * @property {{ roomUuid: string, messageUuid: string }} messageHidden one has deleted it for oneself, here or on another device: it is not to be shown any more
 * @property {{ roomUuid: string, messageUuid: string, following: boolean, readSeq?: number }} threadRead one stands elsewhere in a thread, by another connection or by a reply of one's own; `messageUuid` is its root. It tells no number of unread replies
 * @property {any} system
 * @property {any} read
 * @property {any} delivered
 * @property {any} typing
 * @property {any} presence
 * @property {any} room
 * @property {any} participant
 * @property {any} notification
 * @property {Refusal} error
 *
 * @typedef {{ resolve: (ok: any) => void, reject: (error: ChatError) => void }} Waiting who waits for an answer
 *
 * @typedef {object} Options
 * @property {string | URL} url where the server is
 * @property {string} user the id of whom the tokens are for. People who share a browser have an outbox each
 * @property {(isRefused: boolean) => string | null | Promise<string | null>} token
 * @property {Storage} [storage] localStorage where there is one, else memory
 * @property {string} [since] the `pos` of an earlier client, to go on from there
 * @property {Partial<typeof TIMING>} [timing]
 * @property {any} [WebSocket]
 */

/** How long things take, in milliseconds. */
export const TIMING = Object.freeze({
  /** After so much silence the server is asked whether it is there. */
  heartbeat: 25_000,
  /** After so much silence although it was asked, it is not. */
  answer: 10_000,
  /** The first wait before coming back is at most this, the next twice that … */
  firstDelay: 500,
  /** … and none is longer. */
  longestDelay: 30_000,
  /** A REST call without an answer by then gets none. */
  call: 30_000,
  /** A connection that has lasted so long makes the next wait a first one again. */
  stable: 10_000,
});

/** How many entries may wait; `send` throws OUTBOX_FULL beyond it. */
export const MAX_ENTRIES = 500;

/** How many of one's own messages are remembered as told, in case they are told again. */
const MAX_OWN = 1000;

/** Of how many messages that have changed, or were hidden, is kept what was told, in case an older state is told or loaded. */
const MAX_CHANGED = 500;

/** The close codes that ask for something. */
const CLOSE = { tooLarge: 1009, unauthenticated: 4001, expired: 4003, lagged: 4008, tooMany: 4009, restarting: 4012 };

/** Refusals which mean: later. */
const LATER = ['UNAVAILABLE', 'RATE_LIMITED'];

/** A refusal by the server, under its code, or OFFLINE where there was no answer. */
export class ChatError extends Error {
  /** @param {Partial<Refusal> & { heldUuid?: string }} refusal `heldUuid`: of what is HELD, which is no refusal */
  constructor({ code = 'UNKNOWN', message, field, status, until, limit, allowed, reason, heldUuid }) {
    super(message ?? code);
    this.code = code;
    this.field = field;
    this.status = status;
    this.until = until;
    this.limit = limit;
    this.allowed = allowed;
    this.reason = reason;
    this.heldUuid = heldUuid;
  }
}

/**
 * A wait before an attempt: random in full, so that a thousand clients do not come back as one.
 * @param {number} attempt from 0
 * @param {{ firstDelay: number, longestDelay: number }} timing
 * @param {number} random 0 to 1
 */
export const backoff = (attempt, { firstDelay, longestDelay }, random) => (
  random * Math.min(longestDelay, firstDelay * 2 ** Math.min(attempt, 30))
);

export class Chat {
  /** @type {StateChange['state']} */
  #state = 'connecting';
  #url;
  #user;
  #storage;
  #timing;
  #Socket;
  #getToken;
  /** @type {Map<string, Set<(data: any) => void>>} */
  #listeners = new Map();
  /** Ends the listening to the browser. */
  #ending = new AbortController();

  // Tokens
  /** @type {string | null | undefined} */
  #held;
  /** @type {Promise<string | null> | undefined} */
  #asking;
  /** The token that the last attempt was refused with. @type {string | null | undefined} */
  #refused;

  // The connection
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {Map<number, Waiting>} */
  #requests = new Map();
  #lastId = 0;
  #attempts = 0;
  /** The wait for the next attempt. @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** Watches over silence. @type {ReturnType<typeof setTimeout> | undefined} */
  #watch;
  #readyAt = 0;

  // What was told
  /** @type {string | undefined} */
  #pos;
  #isCaughtUp = false;
  /** It was given up to go on from there. */
  #isAnew = false;
  /** The newest message told, by room: one number for each of the user's rooms. @type {Map<string, number>} */
  #told = new Map();
  /** One's own messages that were told by their ack. @type {Set<string>} */
  #own = new Set();
  /** Of messages that have changed, the one that changed last at the end. @type {Map<string, Known>} */
  #changed = new Map();
  /** What was told as hidden. @type {Set<string>} */
  #hidden = new Set();

  // The outbox
  /** By clientId, in the order of writing. @type {Map<string, Entry>} */
  #entries = new Map();
  /** The entry whose answer a room waits for. @type {Map<string, Entry>} */
  #inFlight = new Map();
  #lastAt = 0;
  #refusals = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  /** The wait until it is asked once more what became of what was held. @type {ReturnType<typeof setTimeout> | undefined} */
  #asksAgain;

  /** Connects, and comes back whenever the connection is lost, until `close`. @param {Options} options */
  constructor({ url, user, token, storage = keptInBrowser(user), since, timing, WebSocket: Socket = globalThis.WebSocket }) {
    this.#url = new URL(url);
    if (!this.#url.pathname.endsWith('/')) this.#url.pathname += '/';
    this.#user = user;
    this.#getToken = token;
    this.#storage = storage;
    this.#pos = since;
    this.#timing = { ...TIMING, ...timing };
    if (!Socket) throw new TypeError('this JavaScript has no WebSocket: give one');
    this.#Socket = Socket;
    const kept = storage.load().sort((one, other) => one.at - other.at);
    for (const entry of kept) this.#entries.set(entry.clientId, entry);
    this.#lastAt = kept.at(-1)?.at ?? 0;
    this.#heedBrowser();
    this.#connect();
  }

  get state() {
    return this.#state;
  }

  get isOnline() {
    return this.#state === 'online';
  }

  /** Up to where all was told: good as `since` of a later client, together with what the app has kept. */
  get pos() {
    return this.#pos;
  }

  /** What is not sent yet, is held or was refused, in the order of writing. */
  get entries() {
    return [...this.#entries.values()];
  }

  /**
   * Listens. Gives the function that ends it.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(data: Events[Name]) => void} listener
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => { listeners.delete(listener); };
  }

  /** Tries to connect now, or makes sure of the connection: call it when the network may have changed. */
  hurry() {
    if (this.#state === 'closed') return;
    if (this.#state === 'online') return this.#probe();
    // An attempt that began on another network may wait for nothing.
    this.#abandon();
    this.#connect();
  }

  /** Ends it for good. What waits stays in the storage, for the next client. */
  close() {
    if (this.#state !== 'closed') this.#end('CLOSED');
  }

  // What one does

  /**
   * Writes a message. It is kept at once and goes out as soon as it can.
   * @param {string} room
   * @param {Draft} draft
   * @returns {Entry}
   * @throws {ChatError} OUTBOX_FULL, where too many wait or the storage takes no more
   */
  send(room, draft) {
    const full = (/** @type {string} */ message) => new ChatError({ code: 'OUTBOX_FULL', message });
    if (this.#entries.size >= MAX_ENTRIES) throw full(`${MAX_ENTRIES} messages wait already`);
    /** @type {Entry} */
    const entry = { room, clientId: newClientId(), at: this.#now(), draft, state: 'sending' };
    try {
      this.#storage.save(entry);
    } catch {
      throw full('the storage is full');
    }
    this.#entries.set(entry.clientId, entry);
    this.#emit('entry', entry);
    this.#sendNext(room);
    return entry;
  }

  /** Sends once more what was refused, behind what was written since. @param {string} clientId */
  retry(clientId) {
    const entry = this.#entries.get(clientId);
    if (entry?.state !== 'failed') return;
    this.#entries.delete(clientId);
    this.#entries.set(clientId, entry);
    delete entry.error;
    delete entry.heldUuid;
    this.#note(Object.assign(entry, { state: 'sending', at: this.#now() }));
    this.#sendNext(entry.room);
  }

  /**
   * Forgets what was not sent. What was on its way may have arrived all the same, and is told as a message then; what is
   * held waits on.
   * @param {string} clientId
   */
  discard(clientId) {
    this.#entries.delete(clientId);
    this.#storage.remove(clientId);
  }

  /**
   * Takes back what is held. Whoever has approved or rejected it meanwhile was first: MESSAGE_NOT_FOUND, and
   * its entry tells what became of it.
   * @param {string} clientId
   * @returns {Promise<void>}
   */
  async withdraw(clientId) {
    const entry = this.#entries.get(clientId);
    if (entry?.state !== 'held') return;
    try {
      await this.http('DELETE', `chat/rooms/${encodeURIComponent(entry.room)}/held/${entry.heldUuid}`);
    } catch (error) {
      if (error instanceof ChatError && error.code === 'MESSAGE_NOT_FOUND') await this.#lookUp(entry).catch(() => {});
      throw error;
    }
    this.#withdrawn(entry);
  }

  /**
   * Moves one's read mark up to a message.
   * @param {string} room
   * @param {number} seq
   * @returns {Promise<{ readSeq: number, deliveredSeq: number, unreadCount: number }>}
   */
  markRead(room, seq) {
    return this.request('read', { room, seq });
  }

  /**
   * Says something else in a message of one's own; null takes away the caption of an IMAGE. With `custom` the app keeps that
   * with it from now on, and without `content` it says what it said. Like `delete` and `react`
   * it does not wait in the outbox: while there is no connection, or what was missed is still being told, it is refused
   * as OFFLINE. Cut off before the answer, it is refused so too, and may have been done all the same.
   * @param {string} room
   * @param {string} messageUuid
   * @param {string | null} [content]
   * @param {Record<string, any>} [custom]
   * @returns {Promise<MessageChange>} which is told as `messageUpdated`, too
   */
  edit(room, messageUuid, content, custom) {
    return this.#change('edit', { room, messageUuid, content, custom });
  }

  /**
   * Deletes a message of one's own: its place stays, what it said is gone. It is refused as `edit` is.
   * @param {string} room
   * @param {string} messageUuid
   * @returns {Promise<MessageChange>} which is told as `messageDeleted`, too
   */
  delete(room, messageUuid) {
    return this.#change('delete', { room, messageUuid });
  }

  /**
   * Leaves a reaction on a message, an emoji or a word without spaces, or takes it back. It is refused as `edit` is.
   * @param {string} room
   * @param {string} messageUuid
   * @param {string} reaction
   * @param {boolean} [on]
   * @returns {Promise<MessageChange>} which is told as `messageUpdated`, too
   */
  react(room, messageUuid, reaction, on = true) {
    return this.#change('react', { room, messageUuid, reaction, on }, { reaction: { reaction, on } });
  }

  /**
   * Pins a message for everybody in the room, or takes the pin off. It is refused as `edit` is.
   * @param {string} room
   * @param {string} messageUuid
   * @param {boolean} [on]
   * @returns {Promise<MessageChange>} which is told as `messageUpdated`, too
   */
  pin(room, messageUuid, on = true) {
    return this.#change(on ? 'pin' : 'unpin', { room, messageUuid });
  }

  /**
   * Takes a message out of one's own sight, on all one's devices and for good; for everybody else it stays. Whoever does so
   * has seen it: the read mark moves up to it. It is refused as `edit` is.
   * @param {string} room
   * @param {string} messageUuid
   * @returns {Promise<void>} told as `messageHidden`, too
   */
  hide(room, messageUuid) {
    return this.#whenCaughtUp('hide', { room, messageUuid }, () => this.#tellHidden({ roomUuid: room, messageUuid }));
  }

  /**
   * A message in the latest state that was told. Give it what you have when it has changed, and what you load: what is
   * told while it is on its way may be later. ChatApi does that for what it loads.
   * @template {Message} Shown
   * @param {Shown} message
   * @returns {Shown} the same one, if nothing later is known
   */
  latest(message) {
    const known = this.#changed.get(message.messageUuid);
    // What comes of it goes behind what was loaded.
    if (message.streamingUntil && (known?.change.version ?? -1) < (message.version ?? 0)) this.#keepChange(changeOf(message));
    const quotedMessage = this.#latestQuoted(message.quotedMessage);
    const quoting = quotedMessage === message.quotedMessage ? message : { ...message, quotedMessage };
    if (!known || known.change.version < (message.version ?? 0)) return quoting;
    const { version, content, imageUrl, editedAt, deletedAt, reactions, streamingUntil, pinned, thread, custom } = known.change;
    const attachments = deletedAt ? [] : message.attachments;
    return { ...quoting, version, content, imageUrl, editedAt, deletedAt, reactions, streamingUntil, pinned, thread, custom, attachments, ownReactions: ownReactions(message, known) };
  }

  /** @param {Quoted | undefined} quoted */
  #latestQuoted(quoted) {
    const change = quoted && this.#changed.get(quoted.messageUuid)?.change;
    if (!change || change.version <= (quoted.version ?? 0)) return quoted;
    const { version, content, imageUrl, deletedAt } = change;
    return { ...quoted, version, content, imageUrl, deletedAt };
  }

  /**
   * Begins a TEXT that others see while it is written. It is refused as `edit` is. What is appended is kept within
   * seconds; after some time without a word more it is written. To give it up, `delete` it.
   * @param {string} room
   * @param {{ content?: string, clientId?: string, custom?: Record<string, any> }} [begin]
   * @returns {Promise<{ message: Message, append: (text: string) => Promise<void>, stop: () => Promise<MessageChange> }>}
   */
  async stream(room, { content, clientId, custom } = {}) {
    const { message } = await this.request('startStream', { room, content, clientId, custom });
    const of = { room, messageUuid: message.messageUuid };
    return {
      message,
      append: async (text) => { await this.request('appendStream', { ...of, text }); },
      stop: () => this.#change('stopStream', of),
    };
  }

  /** Tells that one is writing; where nobody listens, nothing is lost. @param {string} room @param {boolean} isTyping */
  typing(room, isTyping) {
    this.request('typing', { room, isTyping }).catch(() => {});
  }

  /**
   * Any operation of the protocol. It goes out once; without a connection it is refused as OFFLINE.
   * @param {string} op
   * @param {object} [fields]
   * @returns {Promise<any>} its `ok`
   */
  request(op, fields) {
    if (this.#state !== 'online') return Promise.reject(new ChatError({ code: 'OFFLINE' }));
    return new Promise((resolve, reject) => this.#ask(op, fields, { resolve, reject }));
  }

  /** @param {string} op @param {object} fields @param {Partial<MessageChange>} [how] @returns {Promise<MessageChange>} */
  #change(op, fields, how) {
    return this.#whenCaughtUp(op, fields, ({ message }) => {
      const change = { ...message, userUuid: this.#user, ...how };
      this.#tellChange(change);
      return change;
    });
  }

  /**
   * `tell` tells of what was done, and gives what is promised.
   * @template Done
   * @param {string} op
   * @param {object} fields
   * @param {(ok: any) => Done} tell
   * @returns {Promise<Done>}
   */
  #whenCaughtUp(op, fields, tell) {
    // Before that, an older state may be told behind the answer.
    if (!this.#isCaughtUp) return Promise.reject(new ChatError({ code: 'OFFLINE' }));
    // Told at once, not by the promise, so that it comes before what came behind it.
    return new Promise((resolve, reject) => this.#ask(op, fields, { resolve: (ok) => resolve(tell(ok)), reject }));
  }

  /** @param {string} op @param {object | undefined} fields @param {Waiting} waiting */
  #ask(op, fields, waiting) {
    const id = ++this.#lastId;
    this.#socket?.send(JSON.stringify({ id, op, ...fields }));
    this.#requests.set(id, waiting);
    if (this.#requests.size === 1) this.#listen();
  }

  /**
   * A REST call. A token that holds no more is renewed on the way.
   * @param {string} method
   * @param {string} path below `/api/`
   * @param {object} [body]
   * @returns {Promise<any>} the answer's JSON
   */
  http(method, path, body) {
    return this.#withToken((token) => this.#fetch(method, path, body, token));
  }

  /**
   * A REST call over the socket, which saves a request of its own; files and `download` go by HTTP alone. It goes out once;
   * without a connection it is refused as OFFLINE.
   * @param {string} method
   * @param {string} path below `/api/`
   * @param {object} [body]
   * @returns {Promise<any>} the answer's JSON
   */
  async call(method, path, body) {
    return (await this.request('call', { call: { method, path: `/${path}`, body } })).body;
  }

  /**
   * Posts the bytes of a file, and is given up when nothing of them goes out any more.
   * @param {string} path below `/api/`
   * @param {Blob} file
   * @param {{ onProgress?: (part: number) => void, signal?: AbortSignal }} [how] `onProgress`: how much of it is out, 0
   * to 1; Node does not tell. `signal`: gives it up, which is thrown as ABORTED
   * @returns {Promise<any>} the answer's JSON
   */
  upload(path, file, how = {}) {
    return this.#withToken((token) => this.#post(path, file, token, how));
  }

  /**
   * The bytes of an answer that may be long. It is given up when nothing has come of it for the time of a call.
   * @param {string} path below `/api/`
   * @returns {Promise<Blob>}
   */
  download(path) {
    return this.#withToken((token) => this.#get(path, token));
  }

  /** @param {(token: string | null) => Promise<any>} call */
  async #withToken(call) {
    const token = await this.#token();
    try {
      return await call(token);
    } catch (error) {
      if (!(error instanceof ChatError && error.status === 401)) throw error;
      return call(await this.#token(token));
    }
  }

  /** @param {string} path @param {Blob} file @param {string | null} token @param {{ onProgress?: (part: number) => void, signal?: AbortSignal }} how */
  async #post(path, file, token, { onProgress, signal }) {
    const url = new URL(`api/${path}`, this.#url);
    const authorization = `Bearer ${token}`;
    const refused = () => new ChatError({ code: signal?.aborted ? 'ABORTED' : 'OFFLINE' });
    if (signal?.aborted) throw refused();
    const { status, data } = globalThis.XMLHttpRequest
      ? await this.#postInBrowser(url, file, authorization, { onProgress, signal }).catch(() => { throw refused(); })
      : await fetch(url, { method: 'POST', headers: { authorization }, body: file, signal })
        .then(async (answer) => ({ status: answer.status, data: await answer.json().catch(() => ({})) }))
        .catch(() => { throw refused(); });
    if (status < 300) return data;
    throw new ChatError({ ...data, status });
  }

  /**
   * `fetch` does not tell how much has gone out.
   * @param {URL} url
   * @param {Blob} file
   * @param {string} authorization
   * @param {{ onProgress?: (part: number) => void, signal?: AbortSignal }} how
   * @returns {Promise<{ status: number, data: any }>}
   */
  #postInBrowser(url, file, authorization, { onProgress, signal }) {
    const request = new XMLHttpRequest();
    const giveUp = () => request.abort();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let watch;
    const goesOn = () => {
      clearTimeout(watch);
      watch = setTimeout(giveUp, this.#timing.call);
    };
    return new Promise((resolve, reject) => {
      request.open('POST', url);
      request.setRequestHeader('authorization', authorization);
      request.responseType = 'json';
      request.upload.onprogress = ({ loaded }) => {
        goesOn();
        onProgress?.(Math.min(1, loaded / Math.max(1, file.size)));
      };
      request.onload = () => resolve({ status: request.status, data: request.response ?? {} });
      request.onerror = request.onabort = reject;
      signal?.addEventListener('abort', giveUp, { once: true });
      goesOn();
      request.send(file);
    }).finally(() => {
      clearTimeout(watch);
      signal?.removeEventListener('abort', giveUp);
    });
  }

  /** @param {string} method @param {string} path @param {object | undefined} body @param {string | null} token */
  async #fetch(method, path, body, token) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const url = new URL(`api/${path}`, this.#url);
    const signal = AbortSignal.timeout(this.#timing.call);
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal }).catch(() => {
      throw new ChatError({ code: 'OFFLINE' });
    });
    const data = await response.json().catch(() => ({}));
    if (response.ok) return data;
    throw new ChatError({ ...data, status: response.status });
  }

  /** @param {string} path @param {string | null} token @returns {Promise<Blob>} */
  async #get(path, token) {
    const giving = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let watch;
    const goesOn = () => {
      clearTimeout(watch);
      watch = setTimeout(() => giving.abort(), this.#timing.call);
    };
    goesOn();
    const offline = () => { throw new ChatError({ code: 'OFFLINE' }); };
    try {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(new URL(`api/${path}`, this.#url), { headers, signal: giving.signal }).catch(offline);
      if (!response.ok) throw new ChatError({ ...await response.json().catch(() => ({})), status: response.status });
      const [parts, reader] = [/** @type {Uint8Array<ArrayBuffer>[]} */ ([]), response.body?.getReader()];
      for (let part = await reader?.read().catch(offline); part?.value; part = await reader?.read().catch(offline)) {
        goesOn();
        parts.push(part.value);
      }
      return new Blob(parts, { type: response.headers.get('content-type') ?? '' });
    } finally {
      clearTimeout(watch);
    }
  }

  /**
   * A token that is not `refused`. All who want one at once wait for the same.
   * @param {string | null} [refused]
   * @returns {Promise<string | null>}
   */
  async #token(refused) {
    if (typeof this.#held === 'string' && this.#held !== refused) return this.#held;
    this.#asking ??= (async () => this.#getToken(refused !== undefined))().finally(() => { this.#asking = undefined; });
    this.#held = await this.#asking;
    return this.#held;
  }

  // The connection

  async #connect() {
    clearTimeout(this.#retry);
    this.#become({ state: 'connecting' });
    let token;
    try {
      token = await this.#token(this.#refused);
    } catch {
      if (this.#state === 'connecting' && !this.#socket) this.#wait('OFFLINE', this.#delay());
      return;
    }
    if (this.#state !== 'connecting' || this.#socket) return;
    if (token === null) this.#end('SIGNED_OUT');
    else this.#open(token);
  }

  /** @param {string} token */
  #open(token) {
    const address = new URL('api/chat/ws', this.#url);
    address.protocol = address.protocol.replace('http', 'ws');
    /** @type {WebSocket} */
    const socket = new this.#Socket(address, 'chat.v1');
    const isCurrent = () => socket === this.#socket;
    this.#socket = socket;
    this.#listen();
    socket.onopen = () => socket.send(JSON.stringify({ id: 0, op: 'hello', token, since: this.#pos }));
    socket.onmessage = ({ data }) => { if (isCurrent()) this.#take(JSON.parse(data)); };
    // Why it failed is not told; that it did, `onclose` tells.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => { if (isCurrent()) this.#lost(code, reason); };
  }

  /** Waits for a word from the server: a short time where one is due. */
  #listen() {
    clearTimeout(this.#watch);
    const isDue = this.#state !== 'online' || this.#requests.size > 0;
    const silent = () => (isDue ? this.#lost() : this.#probe());
    this.#watch = setTimeout(silent, isDue ? this.#timing.answer : this.#timing.heartbeat);
  }

  #probe() {
    this.request('ping').catch(() => {});
  }

  /** @param {any} frame */
  #take(frame) {
    if (frame.event) {
      this.#takeEvent(frame);
    } else {
      const request = this.#requests.get(frame.id);
      this.#requests.delete(frame.id);
      if (frame.error) request?.reject(new ChatError(frame.error));
      else request?.resolve(frame.ok);
      // A position that the server cannot read, after it was changed: what was missed cannot be told.
      if (frame.id === 0 && frame.error?.field === 'since') [this.#pos, this.#isAnew] = [undefined, true];
    }
    if (this.#socket) this.#listen();
  }

  /** @param {any} frame */
  #takeEvent({ event, data, pos = data.pos }) {
    // In a catch-up `pos` is the one that was asked with: a cut in the middle loses nothing.
    const since = this.#pos;
    this.#pos = pos ?? since;
    if (event === 'ready') return this.#ready(data, since !== undefined);
    if (event === 'caughtUp') return this.#caughtUp(data.recovered);
    if (event === 'message' || event === 'system') return this.#tell(event, data);
    if (event === 'messageUpdated' || event === 'messageDeleted') return this.#tellChange(data);
    if (event === 'messageDelta') return this.#tellDelta(data);
    if (event === 'messageHidden') return this.#tellHidden(data);
    if (event === 'notification') this.#takeHeldNews(data);
    // Such a room begins anew for this user.
    if (event === 'room' && ['left', 'reset'].includes(data.change)) this.#told.delete(data.roomUuid);
    this.#emit(event, data);
  }

  /** @param {Ready} data @param {boolean} isCatchingUp */
  #ready(data, isCatchingUp) {
    // Nobody's messages go out under another name.
    if (data.userUuid !== this.#user) return this.#end('WRONG_USER');
    this.#refused = undefined;
    this.#readyAt = Date.now();
    this.#become({ state: 'online' });
    this.#emit('ready', data);
    if (!isCatchingUp) this.#caughtUp(!this.#isAnew);
  }

  /** @param {boolean} recovered */
  #caughtUp(recovered) {
    if (!recovered) {
      this.#told.clear();
      this.#own.clear();
      this.#changed.clear();
      this.#hidden.clear();
      this.#emit('reset', undefined);
    }
    this.#isAnew = false;
    this.#isCaughtUp = true;
    this.#emit('caughtUp', { recovered });
    // Only now: what arrived before the cut is settled, and is not sent again.
    this.#sendAll();
    this.#lookUpHeld();
  }

  /** @param {'message' | 'system'} event @param {Message} data */
  #tell(event, data) {
    const { roomUuid, seq, messageUuid, isMyMessage, clientId, version, streamingUntil } = data;
    const wasTold = seq <= (this.#told.get(roomUuid) ?? 0) || this.#own.has(messageUuid);
    this.#told.set(roomUuid, Math.max(seq, this.#told.get(roomUuid) ?? 0));
    // It may have changed since it was told.
    if (wasTold) return version && this.#tellChange(changeOf(data));
    if (version || streamingUntil) this.#keepChange(changeOf(data));
    const entry = isMyMessage && clientId && this.#entries.get(clientId);
    if (entry) this.#sent(entry, data);
    else this.#emit(event, data);
  }

  /** Tells of a change, unless it is known. An answer may come behind a later change: the later state is told. @param {MessageChange} change */
  #tellChange(change) {
    const { userUuid, reaction, ownReactions } = change;
    if (!this.#keepChange(change)) return;
    const latest = this.#changed.get(change.messageUuid)?.change ?? change;
    this.#emit(latest.deletedAt ? 'messageDeleted' : 'messageUpdated', { ...latest, userUuid, reaction, ownReactions });
  }

  /**
   * Puts words behind those that a message has so far. What was lost comes with its next state, so whatever does not fit
   * is passed over.
   * @param {{ messageUuid: string, userUuid: string, offset: number, text: string }} delta
   */
  #tellDelta({ messageUuid, userUuid, offset, text }) {
    const known = this.#changed.get(messageUuid);
    if (!known?.change.streamingUntil) return;
    const before = known.change.content ?? '';
    const content = before.slice(0, offset) + text;
    if (before.length < offset || content.length <= before.length) return;
    known.change = { ...known.change, content };
    this.#emit('messageUpdated', { ...known.change, userUuid });
  }

  /** An answer names no position: what it told of may be told again after an absence. @param {{ roomUuid: string, messageUuid: string }} hidden */
  #tellHidden({ roomUuid, messageUuid }) {
    if (this.#hidden.has(messageUuid)) return;
    this.#hidden.add(messageUuid);
    const [oldest] = this.#hidden;
    if (this.#hidden.size > MAX_CHANGED) this.#hidden.delete(oldest);
    this.#emit('messageHidden', { roomUuid, messageUuid });
  }

  /** Gives whether anything of it is new. @param {MessageChange} change */
  #keepChange(change) {
    const { messageUuid, version, userUuid, reaction, ownReactions } = change;
    const known = this.#changed.get(messageUuid);
    const { toldAt = 0, own = new Map() } = known ?? {};
    const isLater = version > (known?.change.version ?? (change.streamingUntil ? -1 : 0));
    const told = ownReactions && version >= (known?.change.version ?? 0) && version > toldAt ? ownReactions : undefined;
    const mine = reaction && userUuid === this.#user && version > Math.max(toldAt, own.get(reaction.reaction)?.version ?? 0);
    if (!isLater && !told && !mine) return false;
    if (told) own.clear();
    for (const one of told ?? []) own.set(one, { version, on: true });
    if (mine) own.set(reaction.reaction, { version, on: reaction.on });
    this.#changed.delete(messageUuid);
    this.#changed.set(messageUuid, { change: isLater || !known ? change : known.change, toldAt: told ? version : toldAt, own });
    const [oldest] = this.#changed.keys();
    if (this.#changed.size > MAX_CHANGED) this.#changed.delete(oldest);
    return true;
  }

  /** The connection is gone, or as good as gone. @param {number} [code] @param {string} [reason] */
  #lost(code, reason) {
    this.#abandon();
    if (Date.now() - this.#readyAt >= this.#timing.stable && this.#readyAt > 0) this.#attempts = 0;
    this.#readyAt = 0;
    const isUnknown = code === CLOSE.unauthenticated || code === CLOSE.expired;
    if (isUnknown && this.#refused !== undefined) return this.#end('UNAUTHENTICATED');
    if (isUnknown) this.#refused = this.#held ?? null;
    if (code === CLOSE.tooLarge) this.#failLargest();
    this.#wait(NAMES[code ?? 0] ?? 'OFFLINE', this.#delay(code, reason));
  }

  /** Closes the socket. A dead one would take its time: nobody waits for it. */
  #abandon() {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** How long to wait before coming back. @param {number} [code] @param {string} [reason] */
  #delay(code, reason = '') {
    const attempt = this.#attempts++;
    const named = code === CLOSE.restarting && /\d+/.exec(reason);
    if (named) return Number(named[0]);
    // These are cured by coming back, unless they come again and again.
    const isCured = code === CLOSE.lagged || code === CLOSE.unauthenticated || code === CLOSE.expired;
    if (isCured && attempt === 0) return 0;
    return backoff(code === CLOSE.tooMany ? attempt + 4 : attempt, this.#timing, Math.random());
  }

  /** @param {string} reason @param {number} retryIn */
  #wait(reason, retryIn) {
    this.#settle();
    this.#become({ state: 'offline', reason, retryIn });
    if (this.#state === 'offline') this.#retry = setTimeout(() => this.#connect(), retryIn);
  }

  /** @param {string} reason */
  #end(reason) {
    this.#abandon();
    this.#settle();
    this.#ending.abort();
    this.#become({ state: 'closed', reason });
  }

  /** Nothing waits for a connection that is gone. */
  #settle() {
    for (const timer of [this.#watch, this.#retry, this.#later, this.#asksAgain]) clearTimeout(timer);
    this.#isCaughtUp = false;
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const { reject } of requests) reject(new ChatError({ code: 'OFFLINE' }));
  }

  #heedBrowser() {
    const { signal } = this.#ending;
    const hurry = () => this.hurry();
    globalThis.addEventListener?.('online', hurry, { signal });
    globalThis.addEventListener?.('offline', () => this.isOnline && hurry(), { signal });
    globalThis.document?.addEventListener('visibilitychange', () => !document.hidden && hurry(), { signal });
  }

  // The outbox

  #sendAll() {
    for (const room of new Set(this.entries.map(({ room }) => room))) this.#sendNext(room);
  }

  /** A room's next entry; its answer makes way for the one after it. @param {string} room */
  #sendNext(room) {
    if (!this.#isCaughtUp || this.#inFlight.has(room)) return;
    const entry = this.entries.find((one) => one.room === room && one.state === 'sending');
    if (!entry) return;
    const { draft, clientId } = entry;
    // Not by a promise: what comes right behind the answer would be told before it.
    this.#ask('send', { room, message: { ...draft, clientId } }, {
      resolve: ({ message }) => {
        this.#inFlight.delete(room);
        this.#refusals = 0;
        this.#keepOwn(message.messageUuid);
        if (entry.state !== 'sent') this.#sent(entry, message);
        this.#sendNext(room);
      },
      reject: (error) => {
        this.#inFlight.delete(room);
        if (error.code === 'OFFLINE') return;
        if (LATER.includes(error.code)) return this.#sendLater();
        if (error.code === 'HELD') this.#hold(entry, error);
        else this.#fail(entry, error);
        this.#sendNext(room);
      },
    });
    this.#inFlight.set(room, entry);
  }

  #sendLater() {
    clearTimeout(this.#later);
    const wait = this.#timing.firstDelay + backoff(this.#refusals++, this.#timing, Math.random());
    this.#later = setTimeout(() => this.#sendAll(), wait);
  }

  /** @param {string} messageUuid */
  #keepOwn(messageUuid) {
    this.#own.add(messageUuid);
    const [oldest] = this.#own;
    if (this.#own.size > MAX_OWN) this.#own.delete(oldest);
  }

  /** @param {Entry} entry @param {Message} message */
  #sent(entry, message) {
    const { clientId } = entry;
    this.discard(clientId);
    Object.assign(entry, { state: 'sent', message: { ...message, clientId } });
    this.#emit('entry', entry);
    this.#emit('message', { ...message, clientId });
  }

  /** @param {Entry} entry @param {ChatError} error */
  #fail(entry, { code, message, field, status, until, reason }) {
    if (!this.#entries.has(entry.clientId)) return;
    this.#note(Object.assign(entry, { state: 'failed', error: { code, message, field, status, until, reason } }));
  }

  /** The server has it, and nobody sees it yet. @param {Entry} entry @param {ChatError} error */
  #hold(entry, { heldUuid }) {
    if (!this.#entries.has(entry.clientId)) return;
    this.#refusals = 0;
    this.#note(Object.assign(entry, { state: 'held', heldUuid }));
  }

  /** @param {{ type: string, heldUuid?: string, reason?: string }} news */
  #takeHeldNews({ type, heldUuid, reason }) {
    const entry = this.entries.find((one) => one.heldUuid === heldUuid);
    if (!entry) return;
    // Who asked before that was told took it for rejected.
    if (type === 'messageWithdrawn') return this.#withdrawn(entry);
    if (entry.state !== 'held') return;
    if (type === 'messageRejected') this.#reject(entry, reason);
    if (type === 'messageExpired') this.#fail(entry, new ChatError({ code: 'EXPIRED', message: 'nobody has approved it in time' }));
  }

  /** It is taken back, here or on another device. @param {Entry} entry */
  #withdrawn(entry) {
    this.discard(entry.clientId);
    delete entry.error;
    this.#emit('entry', Object.assign(entry, { state: 'withdrawn' }));
  }

  /** @param {Entry} entry @param {string} [reason] */
  #reject(entry, reason) {
    this.#fail(entry, new ChatError({ code: 'REJECTED', message: 'a moderator has not approved it', reason }));
  }

  /** What was held before may have been settled while nobody told of it, and is not told again. */
  async #lookUpHeld(attempt = 0) {
    const held = this.entries.filter(({ state }) => state === 'held');
    if (held.length === 0) return;
    try {
      await this.#lookUpAll(held);
    } catch {
      if (!this.#isCaughtUp) return;
      clearTimeout(this.#asksAgain);
      const wait = this.#timing.firstDelay + backoff(attempt, this.#timing, Math.random());
      this.#asksAgain = setTimeout(() => this.#lookUpHeld(attempt + 1), wait);
    }
  }

  /** @param {Entry[]} held */
  async #lookUpAll(held) {
    const waiting = new Set();
    for (let cursor = ''; cursor !== null;) {
      const page = await this.http('GET', `chat/held?limit=100${cursor && `&cursor=${cursor}`}`);
      for (const { heldUuid } of page.held) waiting.add(heldUuid);
      cursor = page.nextCursor;
    }
    for (const entry of held) if (!waiting.has(entry.heldUuid)) await this.#lookUp(entry);
  }

  /** What became of an entry that waits no more. @param {Entry} entry */
  async #lookUp(entry) {
    const { room, heldUuid } = entry;
    let found;
    try {
      found = await this.http('GET', `chat/rooms/${encodeURIComponent(room)}/messages/${heldUuid}`);
    } catch (error) {
      if (!(error instanceof ChatError && [403, 404].includes(error.status ?? 0))) throw error;
      found = error;
    }
    // It may have been told meanwhile.
    if (entry.state !== 'held' || entry.heldUuid !== heldUuid || !this.#entries.has(entry.clientId)) return;
    if (!(found instanceof ChatError)) {
      this.#keepOwn(found.messageUuid);
      this.#sent(entry, found);
    } else if (found.code === 'MESSAGE_NOT_FOUND') {
      // Rejected, let go after a time, or taken back on another device.
      this.#reject(entry);
    } else {
      this.#fail(entry, found);
    }
  }

  /** Tells of an entry's new state, and keeps it. @param {Entry} entry */
  #note(entry) {
    try {
      this.#storage.save(entry);
    } catch {
      // The older state that is kept is sent again after a reload, which does no harm.
    }
    this.#emit('entry', entry);
  }

  /** One of those on their way was larger than any frame may be, and would be so again. */
  #failLargest() {
    const size = (/** @type {Entry} */ { draft }) => JSON.stringify(draft).length;
    const [largest] = [...this.#inFlight.values()].sort((one, other) => size(other) - size(one));
    if (largest) this.#fail(largest, new ChatError({ code: 'PAYLOAD_TOO_LARGE', message: 'the message is too large' }));
  }

  #now() {
    return (this.#lastAt = Math.max(Date.now(), this.#lastAt + 1));
  }

  // Telling

  /** @param {StateChange} change */
  #become(change) {
    if (this.#state === 'closed') return;
    const isNew = this.#state !== change.state;
    this.#state = change.state;
    if (isNew) this.#emit('state', change);
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} data
   */
  #emit(name, data) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(data);
      } catch (error) {
        // A fault in the app is the app's: it is reported, and the client goes on.
        queueMicrotask(() => { throw error; });
      }
    }
  }
}

/** A message as a change, where it was told before. @param {Message} message @returns {MessageChange} */
const changeOf = ({ roomUuid, messageUuid, seq, version = 0, type, content, imageUrl, editedAt = null, deletedAt = null, reactions = [], streamingUntil, pinned, thread, custom }) => (
  { roomUuid, messageUuid, seq, version, type, content, imageUrl, editedAt, deletedAt, reactions, streamingUntil, pinned, thread, custom }
);

/** The user's own reactions on a message, as it is known now. @param {Message} message @param {Known} known */
function ownReactions({ version = 0, ownReactions: before = [] }, { change, toldAt, own }) {
  const found = new Set(version < toldAt ? [] : before);
  for (const [reaction, { on }] of own) if (on) found.add(reaction);
  else found.delete(reaction);
  return change.reactions.map(({ reaction }) => reaction).filter((reaction) => found.has(reaction));
}

/** What a close code is called. @type {Record<number, string>} */
const NAMES = {
  [CLOSE.tooLarge]: 'PAYLOAD_TOO_LARGE',
  [CLOSE.unauthenticated]: 'UNAUTHENTICATED',
  [CLOSE.expired]: 'TOKEN_EXPIRED',
  [CLOSE.lagged]: 'LAGGED',
  [CLOSE.tooMany]: 'RATE_LIMITED',
  [CLOSE.restarting]: 'RESTARTING',
};

/** A name that no other message has. Not crypto.randomUUID, which a phone on http://192.168… does not have. */
export const newClientId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-');

/** Entries in memory: they end with it. @returns {Storage} */
export function keptInMemory() {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  return {
    load: () => [...entries.values()].map((entry) => ({ ...entry })),
    save: (entry) => void entries.set(entry.clientId, { ...entry }),
    remove: (clientId) => void entries.delete(clientId),
  };
}

/**
 * Entries in localStorage, each under a key of its own, so that two tabs do not overwrite each other's. In
 * memory where the browser has none or forbids it.
 * @param {string} user
 * @returns {Storage}
 */
export function keptInBrowser(user) {
  const storage = localStorageOf(globalThis);
  if (!storage) return keptInMemory();
  // No name begins with another's key.
  const prefix = `chat-outbox ${encodeURIComponent(user)} `;
  const parse = (/** @type {string} */ key) => {
    try {
      const entry = JSON.parse(storage.getItem(key) ?? '');
      return key === prefix + entry.clientId ? [entry] : [];
    } catch {
      return [];
    }
  };
  return {
    load: () => Object.keys(storage).filter((key) => key.startsWith(prefix)).flatMap(parse),
    save: (entry) => storage.setItem(prefix + entry.clientId, JSON.stringify(entry)),
    remove: (clientId) => storage.removeItem(prefix + clientId),
  };
}

/** @param {typeof globalThis} scope */
function localStorageOf(scope) {
  try {
    return 'document' in scope ? scope.localStorage : undefined;
  } catch {
    return undefined;
  }
}
