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

/** @param {string} key */
function strike(key) {
  const inner = /** @type {any} */ (frame.contentWindow);
  const target = inner.document.activeElement ?? inner.document.body;
  for (const kind of ['keydown', 'keyup']) {
    target.dispatchEvent(new inner.KeyboardEvent(kind, { key, bubbles: true, cancelable: true }));
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function work() {
  busy = true;
  for (let next = queue.shift(); next; next = queue.shift()) {
    for (const char of next.text) {
      strike(char);
      await pause(next.typed ? TYPING_GAP_MS : SCAN_GAP_MS);
    }
    if (next.typed) await pause(TYPING_PAUSE_MS);
    else strike('Enter');
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
