// Photos and films as evidence: made small, named by their hash, kept on the disk, and sent in
// pieces once nothing else waits. One leaves the PDA when the box has attached it to its order; one
// that it refuses for good is put aside until a person has looked, and holds up none.

import { isForGood } from '../core/outbox.js';
import { BoxError, call, put } from './box.js';
import * as db from './db.js';

/** Photos and films that may wait on a PDA; a further one is refused aloud. */
export const PHOTOS_MAX = 20;
const SIDE_PX_MAX = 1600;
const QUALITY = 0.8;
const PIECE_BYTES = 256 * 1024;

/** After a failure the next try waits this long, ms. */
const RETRY_MS = 5000;

let sending = false;
let notBeforeMs = 0;
/** Photos of which the box has yet to say whether it attached them, by their hash. */
const attaching = new Set();

/** Let the person take a photo of an order. @param {App} app @param {string} order */
export function take(app, order) {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'image/*';
  input.capture = 'environment';
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) keep(app, order, () => shrink(file));
  });
  input.click();
}

/**
 * Keep a photo or film of an order until the box has it.
 * @param {App} app
 * @param {string} order
 * @param {() => Blob | Promise<Blob>} make
 */
export async function keep(app, order, make) {
  const { photos, refusedPhotos, session } = app.state;
  if (photos + refusedPhotos.length >= PHOTOS_MAX) {
    app.refuse({ code: 'photos_full', facts: { max: PHOTOS_MAX } });
    return;
  }
  if (!session) return;
  const of = { session_id: session.id, captured_at: app.nowUs() };
  try {
    const blob = await make();
    await db.keepPhoto({ sha256: await sha256(blob), order, blob, of });
    await count(app);
    app.tell('kept', `notice.${kindOf(blob.type)}_kept`);
  } catch {
    app.refuse({ code: 'photo_unkept' });
  }
}

/** Say what waits, and what was put aside. @param {App} app */
export async function count(app) {
  const all = await db.photos();
  const refused = all.flatMap(({ sha256, order, refused }) =>
    refused ? [{ sha256, order, refused }] : [],
  );
  app.dispatch({ type: 'photos', n: all.length - refused.length, refused });
}

/** Send what waits, one after another; what fails stays, and goes on where it ended. */
/** @param {App} app */
export async function drain(app) {
  const { link, outbox, session, photos } = app.state;
  if (link !== 'up' || outbox.length || !session || !photos) return;
  if (sending || performance.now() < notBeforeMs) return;
  sending = true;
  try {
    for (const photo of await db.photos())
      if (!photo.refused && !attaching.has(photo.sha256)) await send(app, photo);
  } catch (error) {
    notBeforeMs = performance.now() + RETRY_MS;
    if (!(error instanceof BoxError)) throw error;
  } finally {
    sending = false;
  }
}

/** @param {App} app @param {Photo} photo */
async function send(app, photo) {
  try {
    const state = await upload(photo);
    await attach(app, photo, state);
  } catch (error) {
    if (!(error instanceof BoxError) || !isForGood(error.status)) throw error;
    await putAside(app, photo, error.refusal);
  }
}

/** @param {Photo} photo @returns {Promise<{size: number, media_type: string}>} */
async function upload({ sha256: name, blob }) {
  let state = await call('GET', `/blobs/${name}`);
  while (!state.done) {
    const piece = blob.slice(state.offset, state.offset + PIECE_BYTES);
    const range = `bytes ${state.offset}-${state.offset + piece.size - 1}/${blob.size}`;
    state = await put(`/blobs/${name}`, piece, range);
  }
  return state;
}

/** Whoever is here now: it was taken by who was here then. */
/** @param {App} app @param {Photo} photo @param {{size: number, media_type: string}} stored */
async function attach(app, { sha256: name, order, of }, { size, media_type }) {
  const kind = kindOf(media_type);
  const data = { order_id: order, kind, blob: `sha256:${name}`, size, media_type };
  attaching.add(name);
  if (!(await app.send('evidence.attach', data, undefined, of))) attaching.delete(name);
}

/** The box has said whether a photo belongs to its order. */
/** @param {App} app @param {Facts} data @param {Answer} answer */
export async function attached(app, { blob, kind }, answer) {
  const name = blob.replace('sha256:', '');
  attaching.delete(name);
  if (answer.ok) {
    await drop(app, name);
    app.tell('good', `notice.${kind}_there`);
    return;
  }
  const photo = (await db.photos()).find(({ sha256 }) => sha256 === name);
  if (photo) await putAside(app, photo, { code: answer.code ?? 'internal', facts: answer.facts });
}

/** @param {App} app @param {Photo} photo @param {Refusal} refused */
async function putAside(app, photo, refused) {
  await db.keepPhoto({ ...photo, refused });
  await count(app);
  const why = app.t(`refusal.${refused.code}`, refused.facts);
  const kind = kindOf(photo.blob.type);
  const facts = { order: photo.order, why };
  app.tell('wrong', `notice.${kind}_refused`, facts, `hint.${kind}_refused`);
}

/** Let a photo that was put aside be sent once more. @param {App} app @param {string} name */
export async function again(app, name) {
  const photo = (await db.photos()).find(({ sha256 }) => sha256 === name);
  if (photo) await db.keepPhoto({ ...photo, refused: undefined });
  await count(app);
}

/** @param {App} app @param {string} name */
export async function drop(app, name) {
  await db.dropPhoto(name);
  await count(app);
}

/** The kind of evidence by its media type. @param {string} type */
const kindOf = (type) => (type.startsWith('video/') ? 'video' : 'photo');

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
