// What must survive a reload, a killed tab and an empty battery: IndexedDB.
//
// `outbox` holds commands in order, `saved` the rest by name. An answer and what it changes are
// written in one transaction, so that a reload never shows older progress than was shown.

const NAME = globalThis.floorPractice ? 'floor-practice' : 'floor';
const VERSION = 2;

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/** @returns {Promise<IDBDatabase>} */
function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const { result: made, transaction } = request;
      const has = (/** @type {string} */ name) => transaction?.objectStoreNames.contains(name);
      if (!has('outbox'))
        made.createObjectStore('outbox', { keyPath: 'seq', autoIncrement: true });
      if (!has('saved')) made.createObjectStore('saved');
      if (!has('photos')) made.createObjectStore('photos', { keyPath: 'sha256' });
    };
    request.onsuccess = () => {
      request.result.onclose = () => {
        opening = null;
      };
      request.result.onversionchange = () => {
        request.result.close();
        opening = null;
      };
      resolve(request.result);
    };
    request.onerror = () => {
      opening = null;
      reject(request.error);
    };
  });
  return opening;
}

/**
 * Run `work` in one transaction; opens the database again if it was closed under us.
 * @param {('outbox' | 'saved' | 'photos')[]} names only what is needed: others need not wait for it
 * @param {IDBTransactionMode} mode
 * @param {IDBTransactionDurability} durability
 * @param {(...stores: IDBObjectStore[]) => (IDBRequest | void)} work
 * @param {boolean} [again]
 * @returns {Promise<any>} the result of the request that `work` returned
 */
async function transact(names, mode, durability, work, again = true) {
  const db = await open();
  /** @type {IDBTransaction} */
  let tx;
  try {
    tx = db.transaction(names, mode, { durability });
  } catch (error) {
    opening = null;
    if (!again) throw error;
    return transact(names, mode, durability, work, false);
  }
  return new Promise((resolve, reject) => {
    const request = work(...names.map((name) => tx.objectStore(name)));
    tx.oncomplete = () => resolve(request ? request.result : undefined);
    tx.onabort = () => reject(tx.error ?? new Error('aborted'));
  });
}

/**
 * Keep a command; on return it is on the disk.
 * @param {Omit<Kept, 'seq'>} kept
 * @returns {Promise<number>} its place in the order
 */
export function keep(kept) {
  return transact(['outbox'], 'readwrite', 'strict', (outbox) => outbox.add(kept));
}

/**
 * Write what an answer changes: the command's place in the outbox and the saved values together.
 * @param {number} seq
 * @param {Kept | null} kept null when the answer settled it
 * @param {Record<string, unknown>} values
 */
export function settle(seq, kept, values) {
  return transact(['outbox', 'saved'], 'readwrite', 'relaxed', (store, saved) => {
    if (kept) store.put(kept);
    else store.delete(seq);
    for (const [name, value] of Object.entries(values)) saved.put(value, name);
  });
}

/** Keep a photo; on return it is on the disk. @param {Photo} photo */
export function keepPhoto(photo) {
  return transact(['photos'], 'readwrite', 'strict', (photos) => photos.put(photo));
}

/** @returns {Promise<Photo[]>} */
export function photos() {
  return transact(['photos'], 'readonly', 'default', (store) => store.getAll());
}

/** @param {string} sha256 */
export function dropPhoto(sha256) {
  return transact(['photos'], 'readwrite', 'relaxed', (store) => {
    store.delete(sha256);
  });
}

/** @param {Record<string, unknown>} values */
export function save(values) {
  return transact(['saved'], 'readwrite', 'relaxed', (saved) => {
    for (const [name, value] of Object.entries(values)) saved.put(value, name);
  });
}

/**
 * What a start goes on from.
 * @returns {Promise<{saved: Record<string, any>, outbox: Kept[]}>}
 */
export async function load() {
  /** @type {IDBRequest<any[]>[]} */
  let found = [];
  const outbox = await transact(['outbox', 'saved'], 'readonly', 'default', (store, saved) => {
    found = [saved.getAllKeys(), saved.getAll()];
    return store.getAll();
  });
  const [keys, values] = found.map((request) => request.result);
  return { saved: Object.fromEntries(keys.map((key, i) => [key, values[i]])), outbox };
}
