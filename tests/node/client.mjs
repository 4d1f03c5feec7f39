// A small client for tests: REST calls by raw paths, tokens, and a WebSocket whose frames can be waited for.

import { createHmac, randomBytes } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import WebSocket from 'ws';

// The server ends a connection that is idle for long: none is taken again that it may be about to end.
const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 4000 });

/** A name that no other test has. */
export const unique = (name) => `${name}-${randomBytes(5).toString('hex')}`;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// REST

/**
 * One HTTP request. `path` goes out as it is, not normalized as fetch would. `body` is JSON unless it is
 * a text or bytes. `alone`: on a connection of its own.
 */
export async function call(url, method, path, { token, body, headers = {}, alone = false } = {}) {
  const { hostname, port } = new URL(url);
  const raw = typeof body === 'string' || Buffer.isBuffer(body) ? body : body === undefined ? undefined : JSON.stringify(body);
  const all = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(raw !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(raw) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, method, path, headers: all, agent: !alone && agent, timeout: 15_000 }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = /\bjson\b/.test(answer.headers['content-type'] ?? '');
        resolve({ status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path.slice(0, 80)}`)));
    sent.on('error', reject);
    sent.end(raw);
  });
}

/** A user by a development token, with REST calls of their own. */
export class User {
  static create(url, name, nickname = name) {
    return User.as(url, unique(name), nickname);
  }

  /** Whoever signs in to the page by this name. */
  static atPage(url, name) {
    return User.as(url, name.toLowerCase(), name);
  }

  static async as(url, userUuid, nickname) {
    const answer = await call(url, 'POST', '/api/auth/dev-token', { body: { userUuid, nickname } });
    if (answer.status !== 201) throw new Error(`no token: ${answer.status} ${answer.text}`);
    return new User(url, userUuid, answer.body.accessToken, nickname);
  }

  constructor(url, id, token, nickname = id) {
    Object.assign(this, { url, id, token, nickname });
  }

  call(method, path, body, more) {
    return call(this.url, method, `/api/chat${path}`, { token: this.token, body, ...more });
  }

  get(path) {
    return this.call('GET', path);
  }

  /** A call that must succeed. */
  async ok(method, path, body) {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** Makes a group and gives its id. */
  async group(others, name = 'A group') {
    const room = await this.ok('POST', '/rooms', { type: 'GROUP', name, participantUuids: others.map(({ id }) => id) });
    return room.roomUuid;
  }

  say(room, content) {
    return this.ok('POST', `/rooms/${room}/messages`, { type: 'TEXT', content });
  }

  leave(room) {
    return this.ok('DELETE', `/rooms/${room}/leave`);
  }

  connect(options) {
    return Client.connect(this.url, { token: this.token, ...options });
  }
}

// Tokens

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with these claims, signed with HS256 unless `alg` is `none`. */
export function sign(claims, secret, alg = 'HS256') {
  const signed = `${base64url({ alg, typ: 'JWT' })}.${base64url(claims)}`;
  return `${signed}.${alg === 'none' ? '' : createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

// WebSocket

export class RequestError extends Error {
  constructor({ code, message }) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** A connection that keeps all frames it got, and hands each event out once. */
export class Client {
  /** All events, in their order. */
  events = [];
  /** The events that no test has taken. */
  #untaken = [];
  #waiting = [];
  #requests = new Map();
  #lastId = 1000;

  /** Connects and waits for `ready`. `how`: whether the token goes by `hello`, `header` or `subprotocol`. */
  static async connect(url, { token, since, how = 'hello' } = {}) {
    const client = Client.open(url, {
      protocols: how === 'subprotocol' ? ['chat.v1', `bearer.${token}`] : ['chat.v1'],
      headers: how === 'header' ? { authorization: `Bearer ${token}` } : {},
    });
    if (how === 'hello') client.hello(token, since);
    client.ready = (await client.next('ready')).data;
    return client;
  }

  /** Connects and says nothing. */
  static open(url, { protocols = [], headers = {} } = {}) {
    return new Client(new WebSocket(`${url.replace('http', 'ws')}/api/chat/ws`, protocols, { headers }));
  }

  constructor(socket) {
    this.socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        const error = new Error(`the connection was closed: ${code} ${reason}`);
        for (const { reject } of [...this.#requests.values(), ...this.#waiting]) reject(error);
        this.#requests.clear();
        this.#waiting = [];
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data) => this.#take(data.toString()));
  }

  #take(text) {
    const frame = JSON.parse(text);
    const [first] = Object.keys(frame);
    if (first !== 'event' && first !== 'id') throw new Error(`a frame begins with neither event nor id: ${text}`);
    const request = first === 'id' && this.#requests.get(frame.id);
    if (!request) return this.#offer(frame);
    this.#requests.delete(frame.id);
    if (frame.error) request.reject(new RequestError(frame.error));
    else request.resolve(frame.ok);
  }

  #offer(frame) {
    if (frame.event) {
      this.events.push(frame);
      // In a catch-up it is the client's own: the last one seen is always good to come back with.
      this.pos = frame.pos ?? frame.data.pos ?? this.pos;
    }
    const waiting = this.#waiting.findIndex(({ fits }) => fits(frame));
    if (waiting < 0) this.#untaken.push(frame);
    else this.#waiting.splice(waiting, 1)[0].resolve(frame);
  }

  hello(token, since) {
    this.raw({ id: 0, op: 'hello', token, since });
  }

  /** Sends a frame as it is, once the connection is open. */
  raw(frame) {
    const data = typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame);
    this.opened.then(() => this.socket.send(data), () => {});
  }

  request(op, fields = {}) {
    const id = ++this.#lastId;
    this.raw({ id, op, ...fields });
    return bounded(`the answer to ${op}`, 10_000, () => this.#requests.delete(id), (resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
    });
  }

  async send(room, content, more = {}) {
    return (await this.request('send', { room, message: { type: 'TEXT', content, ...more } })).message;
  }

  /** The next event of this name that fits and was not taken yet. */
  next(event, fits = () => true, timeout = 5000) {
    return this.#nextFrame(`the event ${event}`, (frame) => frame.event === event && fits(frame), timeout);
  }

  /** The next answer to an id that `request` did not give. */
  answer(id, timeout = 5000) {
    return this.#nextFrame(`an answer to ${id}`, (frame) => frame.id === id, timeout);
  }

  #nextFrame(what, fits, timeout) {
    const at = this.#untaken.findIndex(fits);
    if (at >= 0) return Promise.resolve(this.#untaken.splice(at, 1)[0]);
    let waiting;
    const forget = () => { this.#waiting = this.#waiting.filter((other) => other !== waiting); };
    return bounded(what, timeout, forget, (resolve, reject) => {
      waiting = { fits, resolve, reject };
      this.#waiting.push(waiting);
    });
  }

  /** All events in a room up to now. Whatever was sent to this connection before has arrived then. */
  async eventsIn(room, ...names) {
    await this.request('ping');
    return this.events.filter((frame) => frame.room === room && (names.length === 0 || names.includes(frame.event)));
  }

  /** Waits until the server has closed it, and says how. */
  end(timeout = 5000) {
    return bounded('the end of the connection', timeout, () => {}, (resolve) => this.closed.then(resolve));
  }

  /** Hangs up. */
  async close() {
    this.socket.close();
    await this.closed;
  }
}

/** A promise that does not wait for ever. */
function bounded(what, timeout, forget, begin) {
  const asked = new Error(`${what} did not come within ${timeout} ms`);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      forget();
      reject(asked);
    }, timeout);
    const end = (settle) => (value) => {
      clearTimeout(timer);
      settle(value);
    };
    begin(end(resolve), end(reject));
  });
}
