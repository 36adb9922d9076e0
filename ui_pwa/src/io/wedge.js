// Scans from a keyboard wedge, whatever has the focus.
//
// Two intakes: key events at the window, and a hidden field for scanners that commit text as an
// input method does. The page has no other field to type into. A scan never presses a button.

import { Framer, normalise, saneTime } from '../core/codes.js';

/** After a scan, an Enter of the scanner may still come, ms. */
const LATE_ENTER_MS_MAX = 500;

/**
 * @typedef {{
 *   sink: HTMLInputElement,
 *   prefix: () => string,
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
    addEventListener('keydown', (event) => this.#onKeyDown(event), true);
    addEventListener('keyup', (event) => this.#onKeyUp(event), true);
    addEventListener('paste', (event) => this.#onPaste(event), true);
    this.sink.addEventListener('input', (event) => this.#onCommit(event));
    this.sink.addEventListener('compositionend', (event) => this.#onCommit(event));
    // A pressed button must not take the focus away from the sink, or the next commit is lost.
    addEventListener('mousedown', (event) => event.preventDefault(), true);
    addEventListener('focus', () => this.#focus());
    document.addEventListener('focusout', () => setTimeout(() => this.#refocus()));
    this.#focus();
  }

  /** Put the sink where it can have the focus: an open dialog makes all else inert. */
  /** @param {Element} parent */
  moveTo(parent) {
    if (this.sink.parentElement !== parent) parent.append(this.sink);
    this.#focus();
  }

  /** @param {KeyboardEvent} event */
  #onKeyDown(event) {
    this.owner.onFirst();
    if (event.isComposing || event.keyCode === 229 || event.key === 'Unidentified') return;
    const atMs = saneTime(event.timeStamp, performance.now());
    const groupSeparator = event.ctrlKey && event.key === ']';
    if ((event.ctrlKey || event.altKey || event.metaKey) && !groupSeparator) return;
    if (event.key === 'Enter' || event.key === 'Tab') {
      const late = atMs - this.lastScanMs < LATE_ENTER_MS_MAX;
      if (this.framer.busy || late || event.target === this.sink) swallow(event);
      this.#deliver(this.framer.end(atMs));
    } else if (groupSeparator) {
      swallow(event);
      this.#take('\x1d', atMs);
    } else if (event.key.length === 1 && !this.#isPress(event)) {
      swallow(event);
      this.#take(event.key, atMs);
    }
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
    this.#take(text, performance.now());
  }

  /** @param {Event} event */
  #onCommit(event) {
    this.owner.onFirst();
    if (/** @type {InputEvent} */ (event).isComposing) return;
    const lines = this.sink.value.split(/[\r\n\t]/);
    this.sink.value = '';
    const atMs = saneTime(event.timeStamp, performance.now());
    lines.forEach((line, i) => {
      if (line) this.#take(line, atMs);
      if (i < lines.length - 1) this.#deliver(this.framer.end(atMs));
    });
  }

  /** @param {string} chars @param {number} atMs */
  #take(chars, atMs) {
    this.framer.prefix = this.owner.prefix();
    this.#deliver(this.framer.push(chars, atMs));
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.#deliver(this.framer.idle()), this.framer.patienceMs);
  }

  /** @param {Frame | null} frame */
  #deliver(frame) {
    clearTimeout(this.silence);
    if (!frame || frame.text === '') return;
    if (frame.kind === 'typed') {
      if (/^\d{1,6}$/.test(frame.text)) this.owner.onDigits(frame.text);
      return;
    }
    this.lastScanMs = performance.now();
    const result = normalise(frame.text);
    if (result.ok) this.owner.onScan(result.code);
    else this.owner.onReject(result.reason);
  }

  #refocus() {
    if (document.activeElement === document.body || !document.activeElement) this.#focus();
  }

  #focus() {
    const hidden = this.sink.closest('dialog:not([open])');
    if (document.hasFocus() && !hidden) this.sink.focus({ preventScroll: true });
  }
}

/** @param {globalThis.Event} event */
function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
