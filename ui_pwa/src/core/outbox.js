// What the PDA has done and the box has not answered yet: kept in order, sent until answered.
//
// Every command carries an id made here, so that sending it twice has one effect. Nothing leaves
// the outbox but by an answer that settles it.

/** The version of docs/PDA_PROTOCOL.md that this page speaks. */
export const VERSION = 1;
/** Commands that the PDA may keep while the box is out of reach. */
export const OFFLINE_KINDS = Object.freeze([
  'pick.scan',
  'pick.qty',
  'pick.short',
  'tote.bind',
  'alarm.ack',
]);
/** Commands on the wire at once; the websocket keeps their order. */
export const WINDOW_MAX = 16;
/** Times that a command is sent before a person is asked to look. */
export const TRIES_MAX = 20;
/** Commands that a PDA may hold; beyond it scans are refused aloud. */
export const OUTBOX_MAX = 5000;

/** A fault of the box that one command may have met alone: it is given up one day. */
const RETRYABLE = new Set([500, 502]);
/** The box takes no command now: none is at fault, none is given up, and none passes another. */
const NOT_NOW = new Set([429, 503, 507]);
/** Failures of a read or an upload that pass: nobody signed in, no right to it, out of turn. */
const PASSING = new Set([401, 403, 408, 409, 429]);
const HEX = [...Array(256).keys()].map((b) => b.toString(16).padStart(2, '0'));

/** Whether the box will never take what it refused so. @param {number} status */
export const isForGood = (status) => status >= 400 && status < 500 && !PASSING.has(status);

/**
 * A UUIDv7 (RFC 9562, 5.7).
 * @param {number} nowMs
 * @param {Uint8Array} random ten bytes
 */
export function uuid7(nowMs, random) {
  const bytes = new Uint8Array(16);
  for (let i = 5, rest = Math.floor(nowMs); i >= 0; i -= 1, rest = Math.floor(rest / 256)) {
    bytes[i] = rest % 256;
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((b) => HEX[b]).join('');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

/**
 * The commands to put on the wire now, in order.
 * @param {readonly Kept[]} outbox
 * @param {ReadonlySet<string>} inflight ids on the wire already
 */
export function toSend(outbox, inflight) {
  return outbox
    .filter((k) => !k.parked && !inflight.has(k.cmd.id))
    .slice(0, Math.max(0, WINDOW_MAX - inflight.size));
}

/**
 * What an answer means for its command: `done` and `refused` settle it, `retry` sends it again
 * later, `wait` too and until then nothing else, `sign_in` keeps it until somebody has signed in,
 * `park` leaves it to a person. What was given in a session before this one is judged for good:
 * signing in once more would bring the same answer, and send the next person off.
 * @param {Kept} kept
 * @param {Answer} answer
 * @param {string} [session] the one that the PDA is in
 * @returns {'done' | 'refused' | 'retry' | 'wait' | 'sign_in' | 'park'}
 */
export function outcome(kept, answer, session) {
  if (answer.ok) return 'done';
  if (answer.status === 401) return kept.cmd.session_id === session ? 'sign_in' : 'refused';
  if (NOT_NOW.has(answer.status ?? 0)) return 'wait';
  if (!RETRYABLE.has(answer.status ?? 0)) return 'refused';
  return kept.tries + 1 < TRIES_MAX ? 'retry' : 'park';
}

/**
 * Insert in order of `seq`.
 * @param {readonly Kept[]} outbox
 * @param {Kept} kept
 */
export function withKept(outbox, kept) {
  const rest = outbox.filter((k) => k.seq !== kept.seq);
  const at = rest.findIndex((k) => k.seq > kept.seq);
  return at < 0 ? [...rest, kept] : [...rest.slice(0, at), kept, ...rest.slice(at)];
}
