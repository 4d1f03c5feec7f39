// The WebSocket: it comes back by itself, and then gets what it missed.

import { me, renewToken } from './api.js';
import { Problem } from './errors.js';

class Live {
  isReady = false;
  #onEvent;
  #onState;
  #socket;
  /** The last position seen: whatever came after it is asked for when coming back. */
  #since;
  #lastId = 0;
  #pending = new Map();
  #attempts = 0;
  #retry;
  #silence;

  start(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.#connect();
  }

  /** Sends a request; the answer is its `ok`. */
  request(op, fields) {
    if (!this.isReady) return Promise.reject(new Problem({ code: 'OFFLINE' }));
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
        this.#onState('on');
      }
      this.#onEvent(frame);
      this.#since = frame.pos ?? frame.data.pos ?? this.#since;
      return;
    }
    const { resolve, reject, timer } = this.#pending.get(frame.id) ?? {};
    this.#pending.delete(frame.id);
    clearTimeout(timer);
    if (frame.error) reject?.(new Problem(frame.error));
    else resolve?.(frame.ok);
  }

  #closed({ code, reason }) {
    this.isReady = false;
    clearTimeout(this.#silence);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new Problem({ code: 'OFFLINE' }));
    }
    this.#pending.clear();
    this.#onState('off');
    // 4012: the server restarts and says when to come back.
    const asked = code === 4012 && /\d+/.exec(reason);
    const backoff = Math.min(30_000, 500 * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#connect(), asked ? Number(asked[0]) : backoff);
    if (code === 4001 || code === 4003) renewToken().catch(() => {});
  }
}

/** The page's one connection. */
export const live = new Live();
