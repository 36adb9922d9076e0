// Scans from a keyboard wedge, whatever has the focus.
//
// Two intakes: key events at the window, and a hidden field for scanners that commit text as an
// input method does. The page has no other field to type into. A scan never presses a button.

import { Framer, normalise, saneTime } from '../core/codes.js';

/** After a scan, an Enter of the scanner may still come, ms. */
const LATE_ENTER_MS_MAX = 500;

/**
 * @param {{
 *   sink: HTMLInputElement,
 *   prefix: () => string,
 *   onScan: (code: string) => void,
 *   onReject: (reason: string) => void,
 *   onDigits: (digits: string) => void,
 *   onFirst: () => void,
 * }} owner
 * @returns {{moveTo: (parent: Element) => void}}
 */
export function listenForScans({ sink, prefix, onScan, onReject, onDigits, onFirst }) {
  const framer = new Framer(prefix());
  let lastScanMs = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;

  /** @param {Frame | null} frame */
  function deliver(frame) {
    clearTimeout(silence);
    if (!frame || frame.text === '') return;
    if (frame.kind === 'typed') {
      if (/^\d{1,6}$/.test(frame.text)) onDigits(frame.text);
      return;
    }
    lastScanMs = performance.now();
    const result = normalise(frame.text);
    if (result.ok) onScan(result.code);
    else onReject(result.reason);
  }

  /** @param {string} chars @param {number} atMs */
  function take(chars, atMs) {
    framer.prefix = prefix();
    deliver(framer.push(chars, atMs));
    clearTimeout(silence);
    silence = setTimeout(() => deliver(framer.idle()), framer.patienceMs);
  }

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    onFirst();
    if (event.isComposing || event.keyCode === 229 || event.key === 'Unidentified') return;
    const atMs = saneTime(event.timeStamp, performance.now());
    const groupSeparator = event.ctrlKey && event.key === ']';
    if ((event.ctrlKey || event.altKey || event.metaKey) && !groupSeparator) return;
    if (event.key === 'Enter' || event.key === 'Tab') {
      const late = atMs - lastScanMs < LATE_ENTER_MS_MAX;
      if (framer.busy || late || event.target === sink) swallow(event);
      deliver(framer.end(atMs));
    } else if (groupSeparator) {
      swallow(event);
      take('\x1d', atMs);
    } else if (event.key.length === 1) {
      const press = event.key === ' ' && !framer.busy && event.target instanceof HTMLButtonElement;
      if (press) return;
      swallow(event);
      take(event.key, atMs);
    }
  }

  /** @param {Event} event */
  function onCommit(event) {
    onFirst();
    if (/** @type {InputEvent} */ (event).isComposing) return;
    const text = sink.value;
    sink.value = '';
    const lines = text.split(/[\r\n\t]/);
    const atMs = saneTime(event.timeStamp, performance.now());
    lines.forEach((line, i) => {
      if (line) take(line, atMs);
      if (i < lines.length - 1) deliver(framer.end(atMs));
    });
  }

  function focus() {
    if (document.hasFocus() && !sink.closest('dialog:not([open])')) {
      sink.focus({ preventScroll: true });
    }
  }

  addEventListener('keydown', onKeyDown, true);
  addEventListener('keyup', (event) => framer.busy && event.key === ' ' && swallow(event), true);
  addEventListener('paste', (event) => {
    const text = event.clipboardData?.getData('text');
    if (text) { swallow(event); take(text, performance.now()); }
  }, true);
  sink.addEventListener('input', onCommit);
  sink.addEventListener('compositionend', onCommit);
  // A pressed button must not take the focus away from the sink, or the next commit is lost.
  addEventListener('mousedown', (event) => event.preventDefault(), true);
  addEventListener('focus', () => focus());
  document.addEventListener('focusout', () => setTimeout(() => {
    if (document.activeElement === document.body || !document.activeElement) focus();
  }));
  focus();
  return {
    moveTo(parent) {
      if (sink.parentElement !== parent) parent.append(sink);
      focus();
    },
  };
}

/** @param {globalThis.Event} event */
function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
