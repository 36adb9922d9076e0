// The way out for commands: each is kept on the disk, then sent in order until the box has answered
// it. Disk, wire and clock are the caller's; nothing here is lost when one of them fails.

import { outcome, toSend } from './outbox.js';

/** A command without an answer this long makes the link start over, ms. */
export const ANSWER_MS_MAX = 8000;
/** What the box could not take now is sent again after this long, ms. */
export const RETRY_MS = 1000;

/**
 * @typedef {object} Ways
 * @property {() => State} state
 * @property {(event: Happening) => void} dispatch
 * @property {(kept: Omit<Kept, 'seq'>) => Promise<number>} keep on return it is on the disk
 * @property {(seq: number, kept: Kept | null) => unknown} settle write what an answer changes
 * @property {(cmd: Command) => boolean} put on the wire; false where there is none
 * @property {() => number} nowMs of a clock that never jumps
 * @property {(ms: number, work: () => void) => unknown} later
 */

export class Sending {
  /** @param {Ways} ways */
  constructor(ways) {
    this.ways = ways;
    /** Commands that are being written to the disk. */
    this.keeping = 0;
    /** @type {Map<string, number>} id → when it was sent, ms */
    this.inflight = new Map();
    /** Why something is sent again in a while; at `wait` nothing else goes before. */
    /** @type {Set<string>} */
    this.due = new Set();
  }

  /**
   * Keep a command on the disk, then send it.
   * @param {Command} cmd
   * @param {Verdict} said what the page itself made of it
   * @returns {Promise<boolean>} whether it was kept
   */
  async keep(cmd, said) {
    const { ways } = this;
    const kept = { cmd, said, tries: 0, away: ways.state().link !== 'up' };
    this.keeping += 1;
    const seq = await ways.keep(kept).catch(() => null);
    this.keeping -= 1;
    if (seq === null) return false;
    ways.dispatch({ type: 'kept', kept: { ...kept, seq } });
    this.pump();
    return true;
  }

  /** Put what is kept on the wire, in order; nothing passes what the box put off. */
  pump() {
    const { outbox, link } = this.ways.state();
    if (link !== 'up' || this.due.has('wait')) return;
    for (const { cmd } of toSend(outbox, new Set(this.inflight.keys()))) {
      if (!this.ways.put(cmd)) return;
      this.inflight.set(cmd.id, this.ways.nowMs());
    }
  }

  /** Nothing is on the wire any more: the link began anew, or is away. */
  forget() {
    this.inflight.clear();
  }

  /** Whether an answer does not come. */
  isOverdue() {
    const now = this.ways.nowMs();
    return [...this.inflight.values()].some((sent) => now - sent > ANSWER_MS_MAX);
  }

  /**
   * Take an answer.
   * @param {Answer} answer
   * @returns {{kept: Kept, result: ReturnType<typeof outcome>} | null} the command that it is to,
   *   and what comes of it; null where none waits for it, or it is sent again
   */
  take(answer) {
    const { ways } = this;
    const kept = ways.state().outbox.find((k) => k.cmd.id === answer.id);
    if (!kept) return null;
    const result = outcome(kept, answer, ways.state().session?.id);
    ways.dispatch({ type: 'answered', kept, answer, outcome: result });
    if (result === 'sign_in') return { kept, result };
    ways.settle(kept.seq, ways.state().outbox.find((k) => k.seq === kept.seq) ?? null);
    if (result === 'wait' || result === 'retry') {
      this.#later(result);
      return null;
    }
    this.inflight.delete(kept.cmd.id);
    this.pump();
    return { kept, result };
  }

  /** @param {string} why */
  #later(why) {
    if (this.due.has(why)) return;
    this.due.add(why);
    this.ways.later(RETRY_MS, () => {
      this.due.delete(why);
      this.forget();
      this.pump();
    });
  }
}
