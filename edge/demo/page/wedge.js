// A scanner for the PDA page in the frame: types codes into it as a keyboard wedge does.
//
// It is served beside the PDA's page, from the same origin, so that the page needs no code for it.

const SCAN_GAP_MS = 8;
/** Slower than any scanner, so that the page takes it for a person's typing. */
const TYPING_GAP_MS = 90;
const TYPING_PAUSE_MS = 600;
const QUEUE_MAX = 100;

const frame = /** @type {HTMLIFrameElement} */ (document.getElementById('pda'));
/** @type {{text: string, typed: boolean}[]} */
const queue = [];
let busy = false;

/** @param {string} key @returns {KeyboardEvent[]} */
function stroke(key) {
  const { KeyboardEvent } = /** @type {any} */ (frame.contentWindow);
  const how = { key, bubbles: true, cancelable: true };
  return [new KeyboardEvent('keydown', how), new KeyboardEvent('keyup', how)];
}

/** @param {KeyboardEvent[]} events */
function strike(events) {
  const page = /** @type {Document} */ (frame.contentDocument);
  for (const event of events) (page.activeElement ?? page.body).dispatchEvent(event);
}

/**
 * The strokes of a scan are stamped before the first is sent: a real wedge's stamps come from the
 * system too, and do not stretch when the page is busy.
 * @param {string} text
 */
async function scan(text) {
  for (const events of [...text, 'Enter'].map(stroke)) {
    strike(events);
    await pause(SCAN_GAP_MS);
  }
}

/** @param {string} text */
async function type(text) {
  for (const char of text) {
    strike(stroke(char));
    await pause(TYPING_GAP_MS);
  }
  await pause(TYPING_PAUSE_MS);
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function work() {
  busy = true;
  for (let next = queue.shift(); next; next = queue.shift()) {
    await (next.typed ? type(next.text) : scan(next.text));
  }
  busy = false;
}

addEventListener('message', ({ origin, data }) => {
  const from = new URL(origin);
  if (from.hostname !== location.hostname || from.protocol !== location.protocol) return;
  if (typeof data?.text !== 'string' || queue.length >= QUEUE_MAX) return;
  queue.push({ text: data.text, typed: data.typed === true });
  if (!busy) work();
});
