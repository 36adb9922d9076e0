// The link to the box: one websocket that comes back by itself, and plain reads.

import { VERSION } from '../core/outbox.js';

/** The box answers a ping at once; silence this long means it is out of reach, ms. */
export const SILENCE_MS_MAX = 4000;
const PING_EVERY_MS = 2500;
/** A practice floor answers as the box does, under its own address. */
const API = globalThis.floorPractice ? '/api/v1/practice' : '/api/v1';
const BACKOFF_MS_MAX = 3000;
const BACKOFF_MS_MIN = 300;
const READ_MS_MAX = 4000;
/** A part of the page that did not come is asked for again after this long, ms. */
const AGAIN_MS = 2000;

/** An answer of the box that is a "no", or that never came (`code` is `box_away`). */
export class BoxError extends Error {
  /** @param {Refusal} refusal @param {number} status */
  constructor(refusal, status) {
    super(refusal.code);
    this.refusal = refusal;
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {unknown} [body]
 * @returns {Promise<any>} the body of the answer; raises `BoxError`
 */
export function call(method, path, body) {
  const json = body === undefined ? undefined : JSON.stringify(body);
  return ask(method, path, json, { 'Content-Type': 'application/json' });
}

/**
 * Upload a piece of a file.
 * @param {string} path below /api/v1
 * @param {Blob} piece
 * @param {string} range its `Content-Range`
 * @returns {Promise<any>} the body of the answer; raises `BoxError`
 */
export function put(path, piece, range) {
  return ask('PUT', path, piece, { 'Content-Range': range });
}

/** @type {(method: string, path: string, body?: BodyInit, headers?: Dict) => Promise<any>} */
async function ask(method, path, body, headers) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), READ_MS_MAX);
  try {
    const response = await fetch(`${API}${path}`, {
      method,
      signal: abort.signal,
      cache: 'no-store',
      credentials: 'same-origin',
      headers: method === 'GET' ? {} : { 'X-Floor': '1', ...headers },
      body,
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new BoxError({ code: `http_${response.status}`, ...answer }, response.status);
  } catch (error) {
    if (error instanceof BoxError) throw error;
    throw new BoxError({ code: 'box_away' }, 0);
  } finally {
    clearTimeout(timer);
  }
}

export const pause = () => new Promise((go) => setTimeout(go, AGAIN_MS));

/**
 * Load a part of the page, however often that takes.
 * @template T
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
export async function part(load) {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      console.warn(error);
      await pause();
    }
  }
}

/** Texts by the name of their file. @param {string} name @returns {Promise<Dict>} */
export async function texts(name) {
  const { floorTexts: early } = globalThis;
  const known = early?.name === name ? await early.dict : null;
  return known ?? part(async () => (await fetch(`locales/${name}.json`)).json());
}

/** A websocket that is opened again whenever it ends, until `stop`. */
export class Link {
  /**
   * @param {{since: () => number, onFrame: (frame: any) => void, onDown: () => void}} owner
   */
  constructor(owner) {
    this.owner = owner;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.wanted = false;
    this.greeted = false;
    this.backoffMs = BACKOFF_MS_MIN;
    this.waitingSince = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
    setInterval(() => this.#watch(), PING_EVERY_MS);
    addEventListener('online', () => this.#hurry());
    addEventListener('offline', () => this.#lost());
    document.addEventListener('visibilitychange', () => document.hidden || this.#hurry());
  }

  start() {
    this.wanted = true;
    if (!this.socket) this.#open();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.retry);
    this.#drop();
  }

  /** Send a frame; false before the box's hello: what waits from before goes first. */
  /** @param {object} frame */
  send(frame) {
    if (!this.greeted || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    this.waitingSince ||= performance.now();
    return true;
  }

  #open() {
    clearTimeout(this.retry);
    const since = this.owner.since();
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(
      `${scheme}://${location.host}${API}/ws?v=${VERSION}${since ? `&since=${since}` : ''}`,
    );
    this.socket = socket;
    this.greeted = false;
    this.waitingSince = performance.now();
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.greeted = true;
      this.waitingSince = 0;
      this.backoffMs = BACKOFF_MS_MIN;
      this.owner.onFrame(JSON.parse(data));
    };
    socket.onclose = () => socket === this.socket && this.#lost();
  }

  /** Ask for a sign of life; give up on a socket that owes one for too long. */
  #watch() {
    if (!this.wanted || !this.socket) return;
    if (this.waitingSince && performance.now() - this.waitingSince > SILENCE_MS_MAX) this.#lost();
    else this.send({ t: 'ping' });
  }

  #lost() {
    this.#drop();
    this.owner.onDown();
    if (!this.wanted) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.#open(), this.backoffMs);
    this.backoffMs = Math.min(this.backoffMs * 2, BACKOFF_MS_MAX);
  }

  #hurry() {
    if (!this.wanted || this.socket?.readyState === WebSocket.OPEN) return;
    this.#drop();
    this.#open();
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    this.waitingSince = 0;
    socket?.close();
  }
}
