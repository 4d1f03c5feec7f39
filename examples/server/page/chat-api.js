// The server's REST calls by name, over the token and the address of a Chat.
//
//     const api = new ChatApi(chat);
//     const { rooms } = await api.rooms();
//     const { messages, hasMoreBefore } = await api.history(room, { before: oldest.seq, limit: 50 });
//
// Messages come in the latest state that the Chat was told. What is refused throws a ChatError with the server's code; OFFLINE, where there was no answer.

/**
 * @typedef {import('./chat.js').Message} Message
 *
 * @typedef {object} Room
 * @property {string} roomUuid
 * @property {'DIRECT' | 'GROUP' | 'CHALLENGE'} type
 * @property {string} name
 * @property {string[]} participantUuids at most 100 of them
 * @property {number} participantCount
 * @property {string | null} challengeUuid
 * @property {boolean} isActive
 * @property {string | null} lastMessageAt
 * @property {string} createdAt
 * @property {number} unreadCount
 * @property {number} mentionCount how many of those mention one
 * @property {Message | null} lastMessage
 * @property {Role} role one's own
 * @property {Record<string, Role>} permissions the least role that may do each thing
 * @property {string | null} topic
 * @property {string | null} picture
 * @property {'private' | 'public'} visibility
 * @property {number} [slowMode] seconds between two messages of a member who is no admin
 * @property {string} [mutedUntil] until when one is muted; the year 9999: for good
 *
 * @typedef {'OWNER' | 'ADMIN' | 'MEMBER' | 'READ_ONLY'} Role
 * @typedef {{ roomUuid: string, type: Room['type'], name: string | null, topic: string | null, picture: string | null, participantCount: number, lastMessageAt: string | null, createdAt: string }} PublicRoom
 * @typedef {{ code: string, roomUuid: string, createdBy: string | null, createdAt: string, expiresAt: string | null, maxUses: number | null, uses: number, userUuid: string | null }} Invite `userUuid`: whom alone it lets in
 * @typedef {{ code: string, roomUuid: string, roomType: Room['type'], name: string | null, invitedBy: import('./chat.js').Sender | null, createdAt: string, expiresAt: string | null }} Invitation `invitedBy`: null is the host
 * @typedef {{ code: string, roomUuid: string, roomType: Room['type'], name: string | null, topic: string | null, picture: string | null, participantCount: number, invitedBy: import('./chat.js').Sender | null, expiresAt: string | null, isParticipant: boolean, refusal: import('./chat.js').Refusal | null }} InvitePreview `refusal`: what coming in would be refused with now
 * @typedef {{ joinRequestUuid: string, roomUuid: string, user: import('./chat.js').Sender, code?: string, reason?: string, createdAt: string }} JoinRequest somebody who waits to come in. `code`: of the invite that they ask by, for who may see it. `reason`: why they wait, where the app says so
 * @typedef {{ joinRequestUuid: string, roomUuid: string, roomType: Room['type'], name: string | null, code?: string, createdAt: string }} OwnJoinRequest
 * @typedef {{ heldUuid: string, roomUuid: string, sender: import('./chat.js').Sender, type: 'TEXT' | 'IMAGE', content: string | null, imageUrl: string | null, attachments: Attachment[], quotedMessageUuid?: string, forwarded?: { userUuid: string, nickname: string }, mentions?: string[], mentionsAll?: boolean, parentMessageUuid?: string, showInRoom?: boolean, custom?: Record<string, any>, reason?: string, createdAt: string }} Held a message that waits for a moderator. `heldUuid`: the `messageUuid` that it gets. `reason`: why it is held, for moderators
 * @typedef {{ userUuid: string, nickname: string, profileImage: string | null, role: Role, online: boolean, lastSeenAt: string | null, mutedUntil?: string }} Participant
 * @typedef {{ lastSeen: 'everyone' | 'friends' | 'nobody', invisible: boolean, readReceipts: boolean }} Settings what others see of one
 * @typedef {{ expiresIn?: number, reason?: string }} Sanction `expiresIn`: seconds; without them it holds for good
 * @typedef {{ userUuid: string, nickname: string, profileImage: string | null, bannedBy: string | null, bannedAt: string, bannedUntil: string, reason: string | null }} Banned
 * @typedef {{ reportUuid: string, roomUuid: string, messageUuid: string, senderUuid: string, reportedBy: string, createdAt: string, reason: string | null }} Report
 * @typedef {'dismissed' | 'messageDeleted' | 'userMuted' | 'userBanned'} Outcome
 * @typedef {{ act: string, createdAt: string, doneBy: string | null, userUuid?: string, messageUuid?: string, until?: string, role?: Role, outcome?: Outcome, slowMode?: number, retention?: { days?: number, messages?: number }, reason?: string }} Act what was done by a right that not everybody has. `doneBy`: null is the host
 * @typedef {{ userUuid: string, nickname: string, profileImage: string | null, state: string, since: string | null, online?: boolean }} Relation
 * @typedef {{ type: Room['type'], name?: string, participantUuids: string[], challengeUuid?: string, visibility?: Room['visibility'], custom?: Record<string, unknown> }} NewRoom `custom`: the app's own
 * @typedef {import('./chat.js').MessageChange} MessageChange
 * @typedef {import('./chat.js').Attachment} Attachment
 * @typedef {{ url: string, thumbnailUrl: string | null, expiresAt: string }} Link addresses that need no token
 * @typedef {{ reaction: string, user: import('./chat.js').Sender }} UserReaction
 * @typedef {{ roomUuid: string, messageUuid: string, following: boolean, readSeq?: number, unreadReplies: number }} ThreadState where one stands in a thread. `messageUuid`: its root. `readSeq`: up to where one has read, if one follows it
 * @typedef {{ message: Message, activeAt: string, unreadCount: number, readSeq: number }} FollowedThread `message`: its root. `unreadCount`: replies of others that one has not read
 * @typedef {{ messages: Message[], hasMoreBefore: boolean, hasMoreAfter: boolean }} Window newest first
 * @typedef {{ message: Message, snippet: { text: string, isMatch: boolean }[] }} SearchResult `snippet`: plain text in parts; never HTML
 */

import { ChatError } from './chat.js';

/** The last line of an export is no longer, in bytes. */
const LONGEST_FOOTER = 200;

const of = encodeURIComponent;
const messagePath = (/** @type {string} */ room, /** @type {string} */ message) => `chat/rooms/${of(room)}/messages/${of(message)}`;

export class ChatApi {
  #chat;

  #ask;

  /**
   * @param {Pick<import('./chat.js').Chat, 'http' | 'latest' | 'upload' | 'download'> & Partial<Pick<import('./chat.js').Chat, 'call'>>} chat
   * @param {{ over?: 'http' | 'socket' }} [how] `over`: what calls go by. Files, and the export of what is kept of one, go by
   * HTTP in any case; the socket needs a connection
   */
  constructor(chat, { over = 'http' } = {}) {
    this.#chat = chat;
    const by = over === 'socket' ? 'call' : 'http';
    /** @type {(method: string, path: string, body?: object) => Promise<any>} */
    this.#ask = (...what) => /** @type {any} */ (chat)[by](...what);
  }

  /**
   * One's rooms, newest activity first.
   * @param {{ page?: number, limit?: number }} [where]
   * @returns {Promise<{ rooms: Room[], page: number, limit: number, total: number, hasMore: boolean }>}
   */
  async rooms({ page = 1, limit = 20 } = {}) {
    const list = await this.#ask('GET', `chat/rooms?page=${page}&limit=${limit}`);
    return { ...list, rooms: list.rooms.map(this.#latestIn) };
  }

  /** @param {string} room @returns {Promise<Room>} */
  async room(room) {
    return this.#latestIn(await this.#ask('GET', `chat/rooms/${of(room)}`));
  }

  /** A new room, or the standing one of a pair. @param {NewRoom} room @returns {Promise<Room>} */
  create(room) {
    return this.#ask('POST', 'chat/rooms', room);
  }

  /** @param {string} room @param {string} name @returns {Promise<Room>} */
  rename(room, name) {
    return this.#ask('PATCH', `chat/rooms/${of(room)}`, { name });
  }

  /**
   * What is said of a room, and what holds in it.
   * @param {string} room
   * @param {{ name?: string, topic?: string | null, permissions?: Record<string, Role>, slowMode?: number }} changes
   * `slowMode`: seconds between two messages of a member; 0: none
   * @returns {Promise<Room>}
   */
  update(room, changes) {
    return this.#ask('PATCH', `chat/rooms/${of(room)}`, changes);
  }

  /** Deletes a room for everybody and for good, which its owner alone may. @param {string} room */
  deleteRoom(room) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}`);
  }

  /** @param {string} room */
  leave(room) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/leave`);
  }

  /**
   * Messages before, after or around one of them (its `seq` or id); the newest, if none is named.
   * @param {string} room
   * @param {{ before?: number | string, after?: number | string, around?: number | string, limit?: number }} [where] `limit`: 1 to 100
   * @returns {Promise<Window>}
   */
  async history(room, { limit = 50, ...where } = {}) {
    const query = Object.entries(where).map(([key, place]) => `&${key}=${of(place)}`).join('');
    const page = await this.#ask('GET', `chat/rooms/${of(room)}/messages?limit=${limit}${query}`);
    const { messages, hasMoreBefore = page.hasMore, hasMoreAfter = false } = page;
    return { messages: messages.map((/** @type {Message} */ message) => this.#chat.latest(message)), hasMoreBefore, hasMoreAfter };
  }

  /** @param {string} room @param {string} message @returns {Promise<Message>} */
  async message(room, message) {
    return this.#chat.latest(await this.#ask('GET', messagePath(room, message)));
  }

  /**
   * A page of messages with all these words, and phrases in quotation marks, the newest first. A page may hold fewer than
   * its limit, and none, and yet others follow.
   * @param {string} q
   * @param {{ room?: string, sender?: string, after?: string, before?: string, hasAttachment?: boolean, cursor?: string, limit?: number }} [where]
   * `room`: in this one alone. `after`, `before`: moments. `cursor`: the `nextCursor` of the page before. `limit`: 1 to 100
   * @returns {Promise<{ results: SearchResult[], nextCursor: string | null }>}
   */
  async search(q, { room, sender, after, before, hasAttachment, cursor, limit = 20 } = {}) {
    const where = { q, roomUuid: room, senderUuid: sender, after, before, hasAttachment, cursor, limit };
    const asked = Object.entries(where).flatMap(([key, value]) => (value === undefined ? [] : `${key}=${of(value)}`));
    const page = await this.#ask('GET', `chat/search?${asked.join('&')}`);
    const latest = (/** @type {SearchResult} */ { message, snippet }) => ({ message: this.#chat.latest(message), snippet });
    return { ...page, results: page.results.map(latest) };
  }

  /**
   * Says something else in a message of one's own, or has the app keep something else with it. The Chat tells of it as of any
   * change.
   * @param {string} room
   * @param {string} message
   * @param {string | null} [content]
   * @param {Record<string, any>} [custom]
   * @returns {Promise<MessageChange>}
   */
  edit(room, message, content, custom) {
    return this.#ask('PATCH', messagePath(room, message), { content, custom });
  }

  /** Deletes a message. @param {string} room @param {string} message @returns {Promise<MessageChange>} */
  delete(room, message) {
    return this.#ask('DELETE', messagePath(room, message));
  }

  /**
   * Leaves a reaction on a message, or takes it back.
   * @param {string} room
   * @param {string} message
   * @param {string} reaction
   * @param {boolean} [on]
   * @returns {Promise<MessageChange>}
   */
  react(room, message, reaction, on = true) {
    return this.#ask(on ? 'PUT' : 'DELETE', `${messagePath(room, message)}/reactions/${of(reaction)}`);
  }

  /**
   * Pins a message for everybody in the room, or takes the pin off.
   * @param {string} room
   * @param {string} message
   * @param {boolean} [on]
   * @returns {Promise<MessageChange>}
   */
  pin(room, message, on = true) {
    return this.#ask(on ? 'PUT' : 'DELETE', `${messagePath(room, message)}/pin`);
  }

  /**
   * Takes a message out of one's own sight, on all one's devices and for good; for everybody else it stays. The Chat tells of
   * it as `messageHidden`.
   * @param {string} room
   * @param {string} message
   * @returns {Promise<{ roomUuid: string }>}
   */
  hide(room, message) {
    return this.#ask('PUT', `${messagePath(room, message)}/hidden`);
  }

  /**
   * Passes a message on, with its files, as one's own. `clientId`: a name of one's own for it, under which twice is once. What
   * has to wait for a moderator there is refused as HELD, and is in `ownHeld`.
   * @param {string} room
   * @param {string} message
   * @param {string} to the room that it goes to
   * @param {string} [clientId]
   * @returns {Promise<Message>} what it is there
   */
  forward(room, message, to, clientId) {
    return this.#unlessHeld(`${messagePath(room, message)}/forward`, { roomUuid: to, clientId });
  }

  /**
   * A page of a room's pinned messages, the newest pin first.
   * @param {string} room
   * @param {{ cursor?: string, limit?: number }} [where] `cursor`: the `nextCursor` of the page before. `limit`: 1 to 100
   * @returns {Promise<{ messages: Message[], nextCursor: string | null }>}
   */
  async pins(room, { cursor, limit = 50 } = {}) {
    const page = await this.#ask('GET', `chat/rooms/${of(room)}/pins?limit=${limit}${cursor ? `&cursor=${of(cursor)}` : ''}`);
    return { ...page, messages: page.messages.map((/** @type {Message} */ message) => this.#chat.latest(message)) };
  }

  /**
   * A page of the replies in a message's thread, the newest first.
   * @param {string} room
   * @param {string} root
   * @param {{ cursor?: number, limit?: number }} [where] `cursor`: the `nextCursor` of the page before. `limit`: 1 to 100
   * @returns {Promise<{ messages: Message[], nextCursor: number | null, threadState: ThreadState }>}
   */
  async replies(room, root, where) {
    const page = await this.#page(`${messagePath(room, root)}/replies`, where);
    return { ...page, messages: page.messages.map((/** @type {Message} */ message) => this.#chat.latest(message)) };
  }

  /**
   * Follows the thread of a message, also one without a reply yet, or no longer. Whoever replies follows it by that.
   * @param {string} room
   * @param {string} root
   * @param {boolean} [on]
   * @returns {Promise<ThreadState>}
   */
  follow(room, root, on = true) {
    return this.#ask(on ? 'PUT' : 'DELETE', `${messagePath(room, root)}/follow`);
  }

  /**
   * Moves one's mark in a thread that one follows up to a message, or up to the newest one. The room's own mark stays where it is.
   * @param {string} room
   * @param {string} root
   * @param {number} [seq]
   * @returns {Promise<ThreadState>}
   */
  markThreadRead(room, root, seq) {
    return this.#ask('PATCH', `${messagePath(room, root)}/replies/read`, { seq });
  }

  /**
   * A page of the threads that one follows, in all one's rooms, the newest activity first.
   * @param {{ cursor?: string, limit?: number }} [where] `cursor`: the `nextCursor` of the page before. `limit`: 1 to 100
   * @returns {Promise<{ threads: FollowedThread[], nextCursor: string | null }>}
   */
  async threads(where) {
    const page = await this.#page('chat/threads', where);
    const latest = (/** @type {FollowedThread} */ { message, ...thread }) => ({ ...thread, message: this.#chat.latest(message) });
    return { ...page, threads: page.threads.map(latest) };
  }

  /**
   * A page of who left which reactions on a message, by reaction.
   * @param {string} room
   * @param {string} message
   * @param {{ cursor?: string, limit?: number }} [where] `cursor`: the `nextCursor` of the page before. `limit`: 1 to 100
   * @returns {Promise<{ reactions: UserReaction[], nextCursor: string | null }>}
   */
  reactions(room, message, { cursor, limit = 100 } = {}) {
    return this.#ask('GET', `${messagePath(room, message)}/reactions?limit=${limit}${cursor ? `&cursor=${of(cursor)}` : ''}`);
  }

  /**
   * Takes a file into a room, to be sent there with a message of one's own: its id among the `attachments` of `send`.
   * @param {string} room
   * @param {File} file
   * @param {{ onProgress?: (part: number) => void, signal?: AbortSignal }} [how] as of the Chat's `upload`
   * @returns {Promise<Attachment>}
   */
  upload(room, file, how) {
    return this.#chat.upload(`chat/rooms/${of(room)}/attachments?name=${of(file.name)}`, file, how);
  }

  /** Takes a file of one's own back that is in no message. @param {string} room @param {string} attachment @returns {Promise<{ roomUuid: string }>} */
  discard(room, attachment) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/attachments/${of(attachment)}`);
  }

  /** Where a file is read without a token, for a short time. @param {string} room @param {string} attachment @returns {Promise<Link>} */
  link(room, attachment) {
    return this.#ask('POST', `chat/rooms/${of(room)}/attachments/${of(attachment)}/link`);
  }

  /** @param {string} room @returns {Promise<Participant[]>} all of them */
  participants(room) {
    return this.#all(`chat/rooms/${of(room)}/participants`, 'participants');
  }

  /** @param {string} room @param {string[]} userUuids @returns {Promise<Room>} */
  invite(room, userUuids) {
    return this.#ask('POST', `chat/rooms/${of(room)}/participants`, { userUuids });
  }

  /**
   * A page of public rooms with `q` in their names; `cursor` is the `nextCursor` of the page before it.
   * @param {{ q?: string, cursor?: string, limit?: number }} [where]
   * @returns {Promise<{ rooms: PublicRoom[], nextCursor: string | null }>}
   */
  publicRooms({ q = '', cursor, limit = 20 } = {}) {
    const next = cursor === undefined ? '' : `&cursor=${of(cursor)}`;
    return this.#ask('GET', `chat/rooms/public?limit=${limit}&q=${of(q)}${next}`);
  }

  /** Into a public room. Who has to wait for a moderator gets JOIN_HELD, and is in `ownJoinRequests`. @param {string} room @returns {Promise<Room>} */
  join(room) {
    return this.#unlessHeld(`chat/rooms/${of(room)}/join`);
  }

  /** The server has taken what has to wait: no refusal, and neither a room nor a message. @param {string} path @param {object} [body] */
  async #unlessHeld(path, body) {
    const answer = await this.#ask('POST', path, body);
    if (['JOIN_HELD', 'HELD'].includes(answer.code)) throw new ChatError({ ...answer, status: 202 });
    return answer;
  }

  /** Those that wait, of whatever room, the oldest first. @returns {Promise<OwnJoinRequest[]>} all of them */
  ownJoinRequests() {
    return this.#all('chat/join-requests', 'joinRequests');
  }

  /** Takes a request of one's own back. @param {string} room @param {string} request @returns {Promise<{ roomUuid: string }>} */
  withdrawJoin(room, request) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/join-requests/${of(request)}`);
  }

  /**
   * Who waits to come into a room, the oldest request first, for who may moderate it.
   * @param {string} room
   * @param {{ cursor?: string, limit?: number }} [where] `cursor`: the `nextCursor` of the page before. `limit`: 1 to 100
   * @returns {Promise<{ joinRequests: JoinRequest[], nextCursor: string | null }>}
   */
  joinRequests(room, where) {
    return this.#page(`chat/rooms/${of(room)}/join-requests`, where);
  }

  /** Lets somebody in who waits. JOIN_REQUEST_NOT_FOUND: they do not wait any more. @param {string} room @param {string} request @returns {Promise<{ roomUuid: string }>} */
  approveJoin(room, request) {
    return this.#ask('POST', `chat/rooms/${of(room)}/join-requests/${of(request)}/approve`);
  }

  /** They are told, with the reason. @param {string} room @param {string} request @param {string} [reason] @returns {Promise<{ roomUuid: string }>} */
  rejectJoin(room, request, reason) {
    return this.#ask('POST', `chat/rooms/${of(room)}/join-requests/${of(request)}/reject`, { reason });
  }

  /** Messages of one's own that wait for a moderator, in whatever room, the oldest first. @returns {Promise<Held[]>} all of them */
  ownHeld() {
    return this.#all('chat/held', 'held');
  }

  /** Takes a message of one's own back that is held. @param {string} room @param {string} held @returns {Promise<{ roomUuid: string }>} */
  withdrawHeld(room, held) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/held/${of(held)}`);
  }

  /**
   * Messages of a room that wait, the oldest first, for who may moderate it.
   * @param {string} room
   * @param {{ cursor?: string, limit?: number }} [where] `cursor`: the `nextCursor` of the page before. `limit`: 1 to 100
   * @returns {Promise<{ held: Held[], nextCursor: string | null }>}
   */
  held(room, where) {
    return this.#page(`chat/rooms/${of(room)}/held`, where);
  }

  /** Has a message sent that waits. MESSAGE_NOT_FOUND: it does not any more. @param {string} room @param {string} held @returns {Promise<Message>} */
  approveHeld(room, held) {
    return this.#ask('POST', `chat/rooms/${of(room)}/held/${of(held)}/approve`);
  }

  /** Its sender is told, with the reason. @param {string} room @param {string} held @param {string} [reason] @returns {Promise<{ roomUuid: string }>} */
  rejectHeld(room, held, reason) {
    return this.#ask('POST', `chat/rooms/${of(room)}/held/${of(held)}/reject`, { reason });
  }

  /**
   * An invite link; with a user, an invitation, of which they are told and which lets in nobody else.
   * @param {string} room
   * @param {{ expiresIn?: number, maxUses?: number, userUuid?: string }} [holds] seconds, and how many
   * @returns {Promise<Invite>}
   */
  createInvite(room, holds = {}) {
    return this.#ask('POST', `chat/rooms/${of(room)}/invites`, holds);
  }

  /** Those of a room that hold, the newest first: all of them for who may remove people, one's own for others. @param {string} room @returns {Promise<Invite[]>} */
  async invites(room) {
    return (await this.#ask('GET', `chat/rooms/${of(room)}/invites`)).invites;
  }

  /** Takes a link or an invitation back. @param {string} room @param {string} code */
  revokeInvite(room, code) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/invites/${of(code)}`);
  }

  /** One's own that hold and are not answered yet. @returns {Promise<Invitation[]>} all of them */
  invitations() {
    return this.#all('chat/invites', 'invitations');
  }

  /** What a link or an invitation leads to, before one comes in by it. @param {string} code @returns {Promise<InvitePreview>} */
  invitePreview(code) {
    return this.#ask('GET', `chat/invites/${of(code)}`);
  }

  /** Comes in by a link or an invitation, like `join`. @param {string} code @returns {Promise<Room>} */
  acceptInvite(code) {
    return this.#unlessHeld(`chat/invites/${of(code)}/accept`);
  }

  /** @param {string} code @returns {Promise<{ roomUuid: string }>} */
  declineInvite(code) {
    return this.#ask('POST', `chat/invites/${of(code)}/decline`);
  }

  /** @param {string} room @param {string} user @param {Role} role @returns {Promise<Room>} */
  setRole(room, user, role) {
    return this.#ask('PATCH', `chat/rooms/${of(room)}/participants/${of(user)}`, { role });
  }

  /** @param {string} room @param {string} user */
  remove(room, user) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/participants/${of(user)}`);
  }

  /** Lets somebody say nothing more. @param {string} room @param {string} user @param {number} [expiresIn] seconds @returns {Promise<{ mutedUntil: string }>} */
  mute(room, user, expiresIn) {
    return this.#ask('PUT', `chat/rooms/${of(room)}/participants/${of(user)}/mute`, { expiresIn });
  }

  /** @param {string} room @param {string} user */
  unmute(room, user) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/participants/${of(user)}/mute`);
  }

  /** Removes somebody, who does not come in again. @param {string} room @param {string} user @param {Sanction} [how] */
  ban(room, user, how = {}) {
    return this.#ask('PUT', `chat/rooms/${of(room)}/bans/${of(user)}`, how);
  }

  /** @param {string} room @param {string} user */
  unban(room, user) {
    return this.#ask('DELETE', `chat/rooms/${of(room)}/bans/${of(user)}`);
  }

  /** @param {string} room @param {{ cursor?: string, limit?: number }} [where] @returns {Promise<{ bans: Banned[], nextCursor: string | null }>} */
  bans(room, where) {
    return this.#page(`chat/rooms/${of(room)}/bans`, where);
  }

  /** What was done in a room, the newest first. @param {string} room @param {{ cursor?: string | number, limit?: number }} [where] @returns {Promise<{ audit: Act[], nextCursor: number | null }>} */
  audit(room, where) {
    return this.#page(`chat/rooms/${of(room)}/audit`, where);
  }

  /** Has a message looked at. @param {string} room @param {string} message @param {string} [reason] @returns {Promise<Report>} */
  report(room, message, reason) {
    return this.#ask('POST', `${messagePath(room, message)}/report`, { reason });
  }

  /** Reports that wait, the oldest first. @param {string} room @param {{ cursor?: string, limit?: number }} [where] @returns {Promise<{ reports: Report[], nextCursor: string | null }>} */
  reports(room, where) {
    return this.#page(`chat/rooms/${of(room)}/reports`, where);
  }

  /** Says what was done about a report. @param {string} room @param {string} report @param {Outcome} outcome */
  resolveReport(room, report, outcome) {
    return this.#ask('PATCH', `chat/rooms/${of(room)}/reports/${of(report)}`, { outcome });
  }

  /** What one lets others see of oneself. @returns {Promise<Settings>} */
  settings() {
    return this.#ask('GET', 'chat/users/me/settings');
  }

  /** @param {Partial<Settings>} changes @returns {Promise<Settings>} */
  updateSettings(changes) {
    return this.#ask('PATCH', 'chat/users/me/settings', changes);
  }

  /**
   * All that the server keeps of one, as lines of JSON.
   * @returns {Promise<Blob>}
   * @throws {ChatError} INCOMPLETE, where it has no last line: a fault has ended it
   */
  async export() {
    const lines = await this.#chat.download('chat/users/me/export');
    const end = await lines.slice(-LONGEST_FOOTER).text();
    if (!/(^|\n)\{"record":"footer"[^\n]*\}\n$/.test(end)) throw new ChatError({ code: 'INCOMPLETE' });
    return lines;
  }

  /** @returns {Promise<Relation[]>} */
  friends() {
    return this.#all('friends', 'friends');
  }

  /** Requests, sent and received. @returns {Promise<Relation[]>} */
  friendRequests() {
    return this.#all('friends/requests', 'requests');
  }

  /** @returns {Promise<Relation[]>} */
  blocks() {
    return this.#all('blocks', 'blocks');
  }

  /** Asks somebody to be a friend; whoever asked one before is one then. @param {string} user @returns {Promise<Relation>} */
  askFriend(user) {
    return this.#ask('POST', 'friends/requests', { userUuid: user });
  }

  /** @param {string} user @param {boolean} accept @returns {Promise<Relation>} */
  answerFriend(user, accept) {
    return this.#ask('PATCH', `friends/requests/${of(user)}`, { accept });
  }

  /** @param {string} user */
  withdrawRequest(user) {
    return this.#ask('DELETE', `friends/requests/${of(user)}`);
  }

  /** @param {string} user */
  unfriend(user) {
    return this.#ask('DELETE', `friends/${of(user)}`);
  }

  /** @param {string} user */
  block(user) {
    return this.#ask('POST', `friends/${of(user)}/block`);
  }

  /** @param {string} user */
  unblock(user) {
    return this.#ask('DELETE', `friends/${of(user)}/block`);
  }

  /** @param {Room} room */
  #latestIn = ({ lastMessage, ...room }) => ({ ...room, lastMessage: lastMessage && this.#chat.latest(lastMessage) });

  /** @param {string} path @param {{ cursor?: string | number, limit?: number }} [where] */
  #page(path, { cursor, limit = 50 } = {}) {
    return this.#ask('GET', `${path}?limit=${limit}${cursor === undefined ? '' : `&cursor=${of(cursor)}`}`);
  }

  /** All of a list that goes on by a cursor. @param {string} path @param {string} name */
  async #all(path, name) {
    const found = [];
    for (let cursor = ''; cursor !== null;) {
      const page = await this.#ask('GET', `${path}?limit=100${cursor && `&cursor=${of(cursor)}`}`);
      found.push(...page[name]);
      cursor = page.nextCursor;
    }
    return found;
  }
}
