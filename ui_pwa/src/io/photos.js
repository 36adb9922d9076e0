// Photos as evidence: made small, named by their hash, kept on the disk, and sent in pieces once
// nothing else waits. What the box has is attached to its order.

import { BoxError, call, put } from './box.js';
import * as db from './db.js';

/** Photos that may wait on a PDA; a further one is refused aloud. */
export const PHOTOS_MAX = 20;
const SIDE_PX_MAX = 1600;
const QUALITY = 0.8;
const PIECE_BYTES = 256 * 1024;

/** After a failure the next try waits this long, ms. */
const RETRY_MS = 5000;

let sending = false;
let notBeforeMs = 0;

/** Let the person take a photo of an order. @param {App} app @param {string} order */
export function take(app, order) {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'image/*';
  input.capture = 'environment';
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) keep(app, order, file);
  });
  input.click();
}

/** @param {App} app @param {string} order @param {Blob} file */
async function keep(app, order, file) {
  if (app.state.photos >= PHOTOS_MAX) {
    app.refuse({ code: 'photos_full', facts: { max: PHOTOS_MAX } });
    return;
  }
  try {
    const blob = await shrink(file);
    await db.keepPhoto({ sha256: await sha256(blob), order, blob });
  } catch {
    app.refuse({ code: 'photo_unkept' });
    return;
  }
  app.dispatch({ type: 'photos', n: (await db.photos()).length });
  app.tell('kept', 'notice.photo_kept');
}

/** Send what waits, one after another; what fails stays, and goes on where it ended. */
/** @param {App} app */
export async function drain(app) {
  const { link, outbox, session, photos } = app.state;
  if (link !== 'up' || outbox.length || !session || !photos) return;
  if (sending || performance.now() < notBeforeMs) return;
  sending = true;
  try {
    for (const photo of await db.photos()) await send(app, photo);
  } catch (error) {
    notBeforeMs = performance.now() + RETRY_MS;
    if (!(error instanceof BoxError)) throw error;
  } finally {
    sending = false;
  }
}

/** @param {App} app @param {Photo} photo */
async function send(app, { sha256: name, order, blob }) {
  let state = await call('GET', `/blobs/${name}`);
  while (!state.done) {
    const piece = blob.slice(state.offset, state.offset + PIECE_BYTES);
    const range = `bytes ${state.offset}-${state.offset + piece.size - 1}/${blob.size}`;
    state = await put(`/blobs/${name}`, piece, range);
  }
  const { size, media_type } = state;
  const data = { order_id: order, kind: 'photo', blob: `sha256:${name}`, size, media_type };
  if (!(await app.send('evidence.attach', data))) return;
  await db.dropPhoto(name);
  app.dispatch({ type: 'photos', n: (await db.photos()).length });
}

/** @param {Blob} file @returns {Promise<Blob>} a JPEG whose sides are at most SIDE_PX_MAX */
async function shrink(file) {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, SIDE_PX_MAX / Math.max(whole.width, whole.height));
  const [width, height] = [whole.width, whole.height].map((n) => Math.round(n * scale));
  const picture = new OffscreenCanvas(width, height);
  picture.getContext('2d')?.drawImage(whole, 0, 0, width, height);
  whole.close();
  return picture.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}

/** @param {Blob} blob */
async function sha256(blob) {
  const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, '0')).join('');
}
