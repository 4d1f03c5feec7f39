// Who is signed in, and the page's one client of the server.

import { ChatApi } from './chat-api.js';
import { Chat, ChatError } from './chat.js';
import { noteName } from './names.js';

/** Who is signed in: {userUuid, nickname}. */
export let me;
/** The connection and the outbox. There is none before somebody signs in. */
export let chat;
/** REST calls. */
export let api;

/** Who a name stands for: the same name is the same person, however it is typed. */
export const idOf = (name) => name.normalize('NFC').trim().toLowerCase().replace(/\s+/gu, '-');

/** Gets a development token for a name, and connects. */
export async function signIn(nickname) {
  const userUuid = idOf(nickname);
  const first = await newToken(userUuid, nickname);
  me = { userUuid, nickname };
  noteName(me);
  const token = (isRefused) => (isRefused ? newToken(userUuid, nickname) : first);
  chat = new Chat({ url: new URL('.', location.href), user: userUuid, token });
  api = new ChatApi(chat);
}

async function newToken(userUuid, nickname) {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ userUuid, nickname });
  const response = await fetch('api/auth/dev-token', { method: 'POST', headers, body }).catch(() => {
    throw new ChatError({ code: 'OFFLINE' });
  });
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new ChatError({ ...data, status: response.status });
  return data.accessToken;
}
