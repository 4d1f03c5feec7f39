// The shapes of the wire contract, and how an error must look.

import assert from 'node:assert/strict';

const is = (type) => (value) => typeof value === type;
const text = (value) => typeof value === 'string' && value.length > 0;
const matches = (pattern) => (value) => typeof value === 'string' && pattern.test(value);
const count = (value) => Number.isSafeInteger(value) && value >= 0;
const object = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const oneOf = (...values) => (value) => values.includes(value);
const orNull = (check) => (value) => value === null || check(value);
const listOf = (check) => (value) => Array.isArray(value) && value.every(check);
const like = (shape) => (value) => mismatch(value, shape) === undefined;

const ulid = matches(/^[0-9A-HJKMNP-TV-Z]{26}$/);
const time = matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const position = matches(/^[\w-]{1,64}$/);

export const ATTACHMENT = {
  attachmentUuid: ulid,
  roomUuid: ulid,
  name: text,
  mediaType: text,
  size: count,
  width: orNull(count),
  height: orNull(count),
  url: text,
  thumbnailUrl: orNull(text),
  createdAt: time,
};

export const MESSAGE = {
  messageUuid: ulid,
  roomUuid: ulid,
  seq: (value) => count(value) && value > 0,
  sender: like({ userUuid: text, nickname: text, profileImage: orNull(text) }),
  type: oneOf('TEXT', 'IMAGE', 'SYSTEM'),
  content: orNull(text),
  imageUrl: orNull(text),
  isRead: is('boolean'),
  readCount: count,
  readByUuids: listOf(text),
  isMyMessage: is('boolean'),
  createdAt: time,
  attachments: listOf(like(ATTACHMENT)),
};

export const ROOM = {
  roomUuid: ulid,
  type: oneOf('DIRECT', 'GROUP', 'CHALLENGE'),
  name: text,
  participantUuids: listOf(text),
  participantCount: count,
  challengeUuid: orNull(text),
  isActive: is('boolean'),
  lastMessageAt: orNull(time),
  createdAt: time,
  unreadCount: count,
  lastMessage: orNull(like(MESSAGE)),
  role: oneOf('OWNER', 'ADMIN', 'MEMBER', 'READ_ONLY'),
  permissions: (value) => Object.values(value).length > 0 && Object.values(value).every((role) => ROOM.role(role)),
  topic: orNull(text),
  picture: orNull(text),
  custom: object,
  visibility: oneOf('private', 'public'),
};

const ERROR = { code: matches(/^[A-Z_]{4,}$/), message: text };

export const INVITE_PREVIEW = {
  code: text,
  roomUuid: ulid,
  roomType: ROOM.type,
  name: orNull(text),
  topic: orNull(text),
  picture: orNull(text),
  participantCount: count,
  invitedBy: orNull(object),
  expiresAt: orNull(time),
  isParticipant: is('boolean'),
  refusal: orNull(like(ERROR)),
};

const PAGE = { page: count, limit: count, total: count, hasMore: is('boolean') };
export const ROOMS = { rooms: listOf(like(ROOM)), ...PAGE };
export const MESSAGES = { messages: listOf(like(MESSAGE)), ...PAGE };
export const WINDOW = { messages: listOf(like(MESSAGE)), hasMoreBefore: is('boolean'), hasMoreAfter: is('boolean') };
export const PARTICIPANT = {
  userUuid: text,
  nickname: text,
  profileImage: orNull(text),
  role: text,
  online: is('boolean'),
  lastSeenAt: orNull(time),
};
export const PARTICIPANTS = { participants: listOf(like(PARTICIPANT)), nextCursor: orNull(text) };
export const RELATION = {
  userUuid: text,
  nickname: text,
  profileImage: orNull(text),
  state: oneOf('FRIEND', 'REQUEST_SENT', 'REQUEST_RECEIVED', 'BLOCKED', 'NONE'),
  since: orNull(time),
};
const FRIEND = { ...RELATION, online: is('boolean') };
export const FRIENDS = { friends: listOf(like(FRIEND)), nextCursor: orNull(text) };
export const MARKS = { roomUuid: ulid, readSeq: count, deliveredSeq: count, unreadCount: count };
export const READY = {
  userUuid: text,
  pos: position,
  recovered: is('boolean'),
  rooms: listOf(like({ roomUuid: ulid, seq: count, unreadCount: count })),
};
/** The data of events by their name. */
export const EVENTS = {
  message: MESSAGE,
  system: {
    roomUuid: ulid,
    messageUuid: ulid,
    message: text,
    kind: oneOf('joined', 'left', 'removed', 'renamed'),
    userUuid: text,
    nickname: text,
    seq: count,
    createdAt: time,
  },
  typing: { roomUuid: ulid, userUuid: text, nickname: text, isTyping: is('boolean') },
  read: { roomUuid: ulid, userUuid: text, seq: count, readAt: time },
  delivered: { roomUuid: ulid, userUuid: text, seq: count, deliveredAt: time },
  presence: { roomUuid: ulid, userUuid: text, online: is('boolean'), lastSeenAt: orNull(time) },
  room: { roomUuid: ulid, change: oneOf('updated', 'reset', 'left'), name: orNull(text), type: ROOM.type, isActive: is('boolean') },
  participant: { roomUuid: ulid, userUuid: text, nickname: text, joined: is('boolean'), role: orNull(ROOM.role) },
  notification: { type: oneOf('addedToRoom', 'removedFromRoom'), roomUuid: ulid },
  caughtUp: { recovered: is('boolean') },
};

/** The first field that is missing or of a wrong type. */
function mismatch(value, shape) {
  if (typeof value !== 'object' || value === null) return { value };
  for (const [field, check] of Object.entries(shape)) {
    if (!(field in value) || !check(value[field])) return { field, value: value[field] };
  }
  return undefined;
}

/** Every field of the shape is there and has its type. */
export function assertShape(value, shape) {
  const wrong = mismatch(value, shape);
  assert.equal(wrong, undefined, `${JSON.stringify(wrong)} in ${JSON.stringify(value)}`);
}

/** A REST answer that is an error, to the letter. */
export function assertProblem(answer, status, code, what = '') {
  const shown = `${what} ${answer.status} ${answer.text.slice(0, 300)}`;
  assert.equal(answer.status, status, shown);
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json\b/, shown);
  const { title, detail, message } = answer.body;
  assert.equal(answer.body.code, code, shown);
  assert.equal(answer.body.status, status, shown);
  assert.ok(text(title) && text(detail), shown);
  assert.equal(message, detail, shown);
}
