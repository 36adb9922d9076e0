// From key strokes to codes. Pure: times are arguments (ms of `event.timeStamp`).
//
// A wedge scanner types. What tells it from a person is the prefix character if the scanner is set
// to send one, and otherwise the rhythm: the median gap between characters and the largest one.

/**
 * Limits of the rhythm: wedges of 0–30 ms with stalls pass, people at 75 ms and slower do not.
 * Three digits are too few to tell; without an Enter the rhythm must be plainer.
 */
export const SCAN = Object.freeze({
  charsMin: 3,
  digitsMin: 4,
  charsMax: 512,
  medianMsMax: 50,
  endlessMedianMsMax: 35,
  gapMsMax: 200,
  prefixGapMsMax: 2000,
  endlessSilenceMs: 500,
  silenceMs: 250,
  bulkSilenceMs: 80,
});

const GS = '\x1d';
const CARD = /^@C:(OK|SHORT|SKIP|UNDO|HELP|ASK|USER|QTY:(\d{1,5})|(\d))$/;
const ASCII = /^[\x20-\x7e\x1d]+$/;

/** Collects characters until they are a scan or plainly a person's typing. */
export class Framer {
  /** @param {string} prefix the character that starts each scan, '' if the scanner sends none */
  constructor(prefix) {
    this.prefix = prefix;
    /** The median gap of a scan at most, ms; a calibrated scanner has its own. @type {number} */
    this.medianMsMax = SCAN.medianMsMax;
    /** Whether the scanner is known to send no Enter: only silence ends its scans. */
    this.endless = false;
    this.text = '';
    /** @type {number[]} */
    this.times = [];
    this.prefixed = false;
    /** Whether the scanner ends its codes by Enter or Tab, as the last one showed. */
    this.ends = false;
    this.bulk = false;
    /** True while the characters also go into a field that a person may be typing into. */
    this.inField = false;
  }

  /** Forget what was collected. */
  reset() {
    this.text = '';
    this.times = [];
    this.prefixed = false;
    this.bulk = false;
  }

  /** True while characters are being collected. */
  get busy() {
    return this.text !== '' || this.prefixed;
  }

  /**
   * How long to wait for more before `idle` decides, in ms. A busy PDA may stop for a second in the
   * middle of a scan: once its prefix has come, the Enter is waited for.
   */
  get patienceMs() {
    if (this.bulk) return SCAN.bulkSilenceMs;
    if (!this.prefixed) return SCAN.silenceMs;
    return this.endless ? SCAN.endlessSilenceMs : SCAN.prefixGapMsMax;
  }

  /**
   * Take characters that came together at `atMs`. Several at once are an input method's commit.
   * @param {string} chars
   * @param {number} atMs
   * @returns {Frame | null} what an older, broken-off sequence was
   */
  push(chars, atMs) {
    const last = this.times[this.times.length - 1];
    const limit = this.prefixed ? SCAN.prefixGapMsMax : SCAN.gapMsMax;
    /** @type {Frame | null} */
    let left = null;
    if (last !== undefined && atMs - last > limit) left = this.idle();
    if (chars.length >= SCAN.charsMin) this.bulk = true;
    const sameScan = last === undefined || atMs - last <= SCAN.gapMsMax;
    for (const char of chars) {
      if (this.prefix && char === this.prefix && !(this.prefixed && sameScan)) {
        left = this.text ? { kind: 'typed', text: this.text, byHand: !this.prefixed } : left;
        this.text = '';
        this.times = [];
        this.prefixed = true;
      } else if (this.text.length < SCAN.charsMax) {
        this.text += char;
      }
      this.times.push(atMs);
    }
    return left;
  }

  /**
   * The scanner's Enter or Tab came.
   * @param {number} atMs
   * @returns {Frame | null}
   */
  end(atMs) {
    if (!this.busy) return null;
    this.times.push(atMs);
    if (this.prefixed && !this.bulk) this.ends = true;
    return this.#close(this.#looksScanned());
  }

  /**
   * Nothing came for `patienceMs`: a commit is whole, slow keys were a person's. A scan that lacks
   * the end which the one before had is half a code, which is never taken for a whole one.
   */
  idle() {
    if (!this.busy) return null;
    if (this.prefixed && this.ends && !this.bulk) return this.#half();
    const enough = this.text.length >= SCAN.charsMin;
    if (this.inField) return this.#close(this.prefixed && enough);
    return this.#close(
      this.bulk || (this.prefixed && enough) || this.#hasRhythm(SCAN.endlessMedianMsMax),
    );
  }

  /** The scanner may have been set anew: the next code without an end is taken. */
  /** @returns {Frame} */
  #half() {
    const { text } = this;
    this.ends = false;
    this.reset();
    return { kind: 'half', text };
  }

  /** Words that a keyboard completes are committed too: in a field an Enter must follow at once. */
  #looksScanned() {
    if (this.prefixed) return this.text !== '';
    const [end, last] = this.times.slice(-2).reverse();
    if (this.bulk) return this.text !== '' && !(this.inField && end - last > SCAN.bulkSilenceMs);
    return this.#hasRhythm(this.medianMsMax);
  }

  /** @param {number} medianMsMax */
  #hasRhythm(medianMsMax) {
    const charsMin = /^\d*$/.test(this.text) ? SCAN.digitsMin : SCAN.charsMin;
    if (this.text.length < charsMin) return false;
    const gaps = this.#gaps();
    return gaps[gaps.length >> 1] <= medianMsMax && gaps[gaps.length - 1] <= SCAN.gapMsMax;
  }

  #gaps() {
    return this.times
      .slice(1)
      .map((t, i) => Math.max(0, t - this.times[i]))
      .sort((a, b) => a - b);
  }

  /**
   * @param {boolean} scanned
   * @returns {Frame}
   */
  #close(scanned) {
    const gaps = this.#gaps();
    const text = this.text;
    const byHand = text.length < 2 || gaps[gaps.length >> 1] > SCAN.medianMsMax;
    this.reset();
    if (!scanned) return { kind: 'typed', text, byHand };
    return { kind: 'scan', text, gapMs: gaps[Math.floor(gaps.length * 0.95)] ?? 0 };
  }
}

/**
 * An event's time on the page's clock. Some engines stamp keys with an epoch value or zero.
 * @param {number} stampMs
 * @param {number} nowMs
 */
export function saneTime(stampMs, nowMs) {
  return stampMs > 0 && stampMs <= nowMs + 1000 && nowMs - stampMs < 60_000 ? stampMs : nowMs;
}

/**
 * The code in its plain form, or why it cannot be one. GS (0x1D) stays: GS1 codes need it.
 * @param {string} raw
 * @returns {{ok: true, code: string} | {ok: false, reason: 'empty' | 'too_long' | 'not_ascii'}}
 */
export function normalise(raw) {
  const code = raw
    .normalize('NFKC')
    .replace(/[\r\n\t]/g, '')
    .trim();
  if (!code || code === GS) return { ok: false, reason: 'empty' };
  if (code.length >= SCAN.charsMax) return { ok: false, reason: 'too_long' };
  if (!ASCII.test(code)) return { ok: false, reason: 'not_ascii' };
  return { ok: true, code };
}

/** A badge of before they had a prefix of their own. */
export const OLD_BADGE = /^B-[^-]+$/;

/**
 * What a code is by its form alone.
 * @param {string} code
 * @returns {Scan}
 */
export function classify(code) {
  const card = CARD.exec(code);
  if (card) {
    const [name, qty, digit] = [card[1].replace(/:.*/, ''), card[2], card[3]];
    return {
      type: 'command',
      code,
      name: digit ? 'DIGIT' : name,
      qty: qty ? Number(qty) : null,
      digit: digit ?? null,
      nth: Number(qty ?? digit ?? 0),
    };
  }
  if (/^@S:./.test(code)) return { type: 'station', code: code.slice(3) };
  if (/^@D:./.test(code)) return { type: 'sticker', code };
  if (/^@B:./.test(code)) return { type: 'badge', code };
  if (/^T-\d+$/.test(code)) return { type: 'tote', code };
  if (/^FG1:/.test(code)) return { type: 'label', code };
  return { type: 'code', code };
}
