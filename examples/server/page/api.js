// Who is signed in, and the server's REST calls.

import { Problem } from './errors.js';

/** Who is signed in: {userUuid, nickname, token}. */
export let me;

/** Who a name stands for: the same name is the same person, however it is typed. */
export const idOf = (name) => name.normalize('NFC').trim().toLowerCase().replace(/\s+/gu, '-');

/** Gets a development token for a name. */
export async function signIn(nickname) {
  const userUuid = idOf(nickname);
  me = { userUuid, nickname, token: await newToken(userUuid, nickname) };
}

export async function renewToken() {
  me.token = await newToken(me.userUuid, me.nickname);
}

async function newToken(userUuid, nickname) {
  const { accessToken } = await once('POST', 'auth/dev-token', { userUuid, nickname });
  return accessToken;
}

/** One call. A token that has expired is renewed on the way. */
export async function api(method, path, body) {
  try {
    return await once(method, path, body);
  } catch (error) {
    if (error.status !== 401) throw error;
    await renewToken();
    return once(method, path, body);
  }
}

async function once(method, path, body) {
  const headers = { 'content-type': 'application/json', ...(me && { authorization: `Bearer ${me.token}` }) };
  const response = await fetch(`api/${path}`, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Problem({ code: 'OFFLINE' });
  });
  const data = await response.json().catch(() => ({}));
  if (response.ok) return data;
  throw new Problem({ ...data, status: response.status });
}

/** All of a list that goes on by a cursor. */
export async function all(path, name) {
  const found = [];
  for (let cursor = ''; cursor !== null;) {
    const page = await api('GET', `${path}?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...page[name]);
    cursor = page.nextCursor;
  }
  return found;
}
