// Scans from a keyboard wedge, whatever has the focus.
//
// Two intakes: key events at the window, and a hidden field, the sink, for scanners that commit
// text as an input method does. A scan presses no button, and leaves other fields as they were.

import { Framer, normalise, saneTime } from '../core/codes.js';

/** After a scan, an Enter of the scanner may still come, ms. */
const LATE_ENTER_MS_MAX = 500;
/** Who walks by Tab keeps the focus this long; then the sink takes it back, ms. */
const WALK_MS_MAX = 5000;

/** Kinds of `<input>` that take text. */
const TYPED = new Set(['text', 'search', 'tel', 'url', 'password', 'number']);

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */
/** @typedef {{field: Field, value: string, start: number | null, end: number | null}} Look */

/**
 * @typedef {{
 *   sink: HTMLInputElement,
 *   prefix: () => string,
 *   medianMs: () => number,
 *   endless: () => boolean,
 *   onScan: (code: string) => void,
 *   onReject: (reason: string) => void,
 *   onDigits: (digits: string) => void,
 *   onFirst: () => void,
 * }} Owner
 */

/** Listens from its making on, for as long as the page lives. */
export class Wedge {
  /** @param {Owner} owner */
  constructor(owner) {
    this.owner = owner;
    this.sink = owner.sink;
    this.framer = new Framer(owner.prefix());
    this.lastScanMs = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.silence = undefined;
    /** When the silence is long enough, and when its timer looks, ms. */
    this.quietMs = 0;
    this.looksMs = Infinity;
    /** A field that is typed into: as it was before what is being collected, and just now. */
    /** @type {Look | null} */
    this.before = null;
    /** @type {Look | null} */
    this.latest = null;
    /** The next `input` event of a field tells of a key that was taken already. */
    this.keyed = false;
    this.tabbedMs = -Infinity;
    /** Takes everything that comes to the screen, as it is, while the scanner is calibrated. */
    /** @type {((chars: string, atMs: number, via: 'keys' | 'commit') => void) | null} */
    this.tap = null;
    addEventListener('keydown', (event) => this.#onKeyDown(event), true);
    addEventListener('keyup', (event) => this.#onKeyUp(event), true);
    addEventListener('paste', (event) => this.#onPaste(event), true);
    addEventListener('compositionstart', (event) => this.#remember(event.target), true);
    addEventListener('beforeinput', (e) => e.isComposing || this.#remember(e.target), true);
    addEventListener('input', (event) => this.#onInput(event), true);
    addEventListener('compositionend', (event) => this.#onInput(event), true);
    // A pressed button must not take the focus away from the sink, or the next commit is lost.
    addEventListener('mousedown', (event) => asField(event.target) || event.preventDefault(), true);
    addEventListener('focus', () => this.#focus());
    document.addEventListener('focusin', () => this.#refocus());
    document.addEventListener('focusout', () => setTimeout(() => this.#refocus()));
    this.#focus();
  }

  /** The tap, unless something lies over the screen: an alarm is answered by a scan at any time. */
  get #taker() {
    return this.sink.closest('dialog') ? null : this.tap;
  }

  /** Put the sink where it can have the focus: an open dialog makes all else inert. */
  /** @param {Element} parent */
  moveTo(parent) {
    if (this.sink.parentElement === parent) return;
    parent.append(this.sink);
    this.#focus();
  }

  /** @param {KeyboardEvent} event */
  #onKeyDown(event) {
    this.owner.onFirst();
    this.keyed = false;
    if (event.isComposing || event.keyCode === 229 || event.key === 'Unidentified') return;
    const atMs = saneTime(event.timeStamp, performance.now());
    const groupSeparator = event.ctrlKey && event.key === ']';
    if (this.#taker && this.#tapped(event, groupSeparator, atMs)) return;
    if ((event.ctrlKey || event.altKey || event.metaKey) && !groupSeparator) return;
    if (event.key === 'Enter' || event.key === 'Tab') this.#onEnd(event, atMs);
    else if (groupSeparator) {
      swallow(event);
      this.#take('\x1d', atMs);
    } else if (event.key.length === 1 && !this.#isPress(event)) this.#onChar(event, atMs);
  }

  /** Hand a key to the calibration; true where it was one of a code. */
  /** @param {KeyboardEvent} event @param {boolean} groupSeparator @param {number} atMs */
  #tapped(event, groupSeparator, atMs) {
    const { key } = event;
    const ends = { Enter: '\n', Tab: '\t' }[key];
    const chars = groupSeparator ? '\x1d' : (ends ?? (key.length === 1 ? key : ''));
    if (!chars || (event.ctrlKey && !groupSeparator) || event.altKey || event.metaKey) return false;
    swallow(event);
    this.#taker?.(chars, atMs, 'keys');
    return true;
  }

  /** In a field a person may be typing: only what is surely of a scan is kept out of it. */
  /** @param {KeyboardEvent} event @param {number} atMs */
  #onChar(event, atMs) {
    this.#remember(event.target);
    const surely = this.framer.prefixed || event.key === this.owner.prefix();
    if (surely || !this.#otherField(event.target)) swallow(event);
    else this.keyed = true;
    this.#take(event.key, atMs);
  }

  /** @param {KeyboardEvent} event @param {number} atMs */
  #onEnd(event, atMs) {
    const late = atMs - this.lastScanMs < LATE_ENTER_MS_MAX;
    const busy = this.framer.busy;
    const frame = this.framer.end(atMs);
    const typing = this.#otherField(event.target) && frame?.kind !== 'scan';
    if (late || (busy && !typing)) swallow(event);
    else if (event.key === 'Tab') this.tabbedMs = performance.now();
    this.#deliver(frame);
  }

  /** A person presses a button by the space bar; no code begins with a space. */
  /** @param {KeyboardEvent} event */
  #isPress(event) {
    return event.key === ' ' && !this.framer.busy && event.target instanceof HTMLButtonElement;
  }

  /** @param {KeyboardEvent} event */
  #onKeyUp(event) {
    if (this.framer.busy && event.key === ' ') swallow(event);
  }

  /** @param {ClipboardEvent} event */
  #onPaste(event) {
    const text = event.clipboardData?.getData('text');
    if (!text) return;
    swallow(event);
    this.framer.inField = false;
    this.#takeLines(text, performance.now());
  }

  /** Text has come into a field: into the sink, or into one that a person had opened. */
  /** @param {Event} event */
  #onInput(event) {
    const field = asField(event.target);
    const { isComposing, data } = /** @type {InputEvent} */ (event);
    const keyed = this.keyed;
    this.keyed = false;
    if (!field || isComposing || keyed) return;
    this.owner.onFirst();
    const atMs = saneTime(event.timeStamp, performance.now());
    if (field !== this.sink) {
      if (data) this.#takeLines(data, atMs);
      return;
    }
    const text = field.value;
    field.value = '';
    this.framer.inField = false;
    this.#takeLines(text, atMs);
  }

  /** @param {string} text @param {number} atMs */
  #takeLines(text, atMs) {
    const lines = text.split(/[\r\n\t]/);
    lines.forEach((line, i) => {
      if (line) this.#take(line, atMs);
      if (i < lines.length - 1) this.#deliver(this.framer.end(atMs));
    });
  }

  /** @param {string} chars @param {number} atMs */
  #take(chars, atMs) {
    if (this.#taker) {
      this.#taker(chars, atMs, 'commit');
      return;
    }
    this.framer.prefix = this.owner.prefix();
    this.framer.medianMsMax = this.owner.medianMs();
    this.framer.endless = this.owner.endless();
    const broken = this.framer.push(chars, atMs);
    this.#deliver(broken);
    if (broken) this.before = this.latest;
    this.quietMs = performance.now() + this.framer.patienceMs;
    if (this.quietMs < this.looksMs) this.#lookAt(this.quietMs);
  }

  /** One timer for the keys of a scan: it is set anew only to look earlier. @param {number} atMs */
  #lookAt(atMs) {
    clearTimeout(this.silence);
    this.looksMs = atMs;
    this.silence = setTimeout(() => {
      this.looksMs = Infinity;
      if (!this.framer.busy) return;
      if (performance.now() < this.quietMs) this.#lookAt(this.quietMs);
      else this.#deliver(this.framer.idle());
    }, atMs - performance.now());
  }

  /** @param {Frame | null} frame */
  #deliver(frame) {
    if (!frame) return;
    const { before } = this;
    if (!this.framer.busy) this.#forget();
    if (frame.text === '') return;
    if (frame.kind === 'typed') {
      const byHand = !before && frame.byHand;
      if (byHand && /^\d{1,6}$/.test(frame.text)) this.owner.onDigits(frame.text);
      return;
    }
    if (before) restore(before);
    this.lastScanMs = performance.now();
    if (frame.kind === 'half') this.owner.onReject('half');
    else this.read(frame.text);
  }

  /** Take a code as if it had been scanned: from the camera, or typed on purpose. */
  /** @param {string} text */
  read(text) {
    const result = normalise(text);
    if (result.ok) this.owner.onScan(result.code);
    else this.owner.onReject(result.reason);
  }

  /** Keep how a field stands before the first character of what may become a scan. */
  /** @param {EventTarget | null} target */
  #remember(target) {
    const field = this.#otherField(target);
    if (!field) return;
    const { value, selectionStart: start, selectionEnd: end } = field;
    this.latest = { field, value, start, end };
    if (this.framer.busy) return;
    this.before = this.latest;
    this.framer.inField = true;
  }

  #forget() {
    this.before = null;
    this.latest = null;
    this.framer.inField = false;
  }

  /** @param {EventTarget | null} target @returns {Field | null} */
  #otherField(target) {
    const field = asField(target);
    return field === this.sink ? null : field;
  }

  /** The sink has the focus unless a person types into a field or walks by Tab. */
  #refocus() {
    const { activeElement } = document;
    if (activeElement === this.sink || this.#otherField(activeElement)) return;
    const walkMs = WALK_MS_MAX - (performance.now() - this.tabbedMs);
    if (walkMs <= 0) this.#focus();
    else setTimeout(() => this.#refocus(), walkMs);
  }

  #focus() {
    const hidden = this.sink.closest('dialog:not([open])');
    if (document.hasFocus() && !hidden) this.sink.focus({ preventScroll: true });
  }
}

/** @param {EventTarget | null} target @returns {Field | null} a field for text, or null */
function asField(target) {
  if (target instanceof HTMLTextAreaElement) return target;
  const typed = target instanceof HTMLInputElement && TYPED.has(target.type);
  return typed ? target : null;
}

/** @param {Look} before */
function restore({ field, value, start, end }) {
  field.value = value;
  if (start !== null) field.setSelectionRange(start, end);
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** @param {globalThis.Event} event */
function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
