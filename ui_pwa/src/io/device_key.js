// This PDA's own key: made here, never leaves (not extractable), proves at each sign-in which PDA
// it is. It has a database of its own, which no upgrade of the page's data touches.

import { call } from './box.js';

const NAME = 'floor-device';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };

/** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} work */
function inStore(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('keys', mode, { durability: 'strict' });
      const request = work(transaction.objectStore('keys'));
      transaction.oncomplete = () => {
        opening.result.close();
        resolve(request.result);
      };
      transaction.onabort = () => reject(transaction.error);
    };
  });
}

/** @param {ArrayBuffer} bytes */
const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

/** Make this PDA's key; an older one is gone with it. @returns {Promise<CryptoKeyPair>} */
export async function makeKey() {
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
  await inStore('readwrite', (store) => store.put(pair, 'own'));
  return pair;
}

/** @param {CryptoKeyPair} pair the public key as SPKI in base64 */
export async function publicKey(pair) {
  return base64(await crypto.subtle.exportKey('spki', pair.publicKey));
}

/**
 * Prove which PDA this is; undefined where it was never paired.
 * @param {string} device
 */
export async function prove(device) {
  const pair = await inStore('readonly', (store) => store.get('own'));
  if (!pair) return undefined;
  const { nonce } = await call('GET', '/challenge');
  const bytes = new TextEncoder().encode(`${nonce}.${device}`);
  const hash = { name: 'ECDSA', hash: 'SHA-256' };
  const signature = await crypto.subtle.sign(hash, pair.privateKey, bytes);
  return { nonce, signature: base64(signature) };
}

/**
 * What a sign-in says of its device: nothing where it was never paired, or the box is away.
 * @param {string} device
 */
export async function proofOf(device) {
  const proof = await prove(device).catch(() => undefined);
  return proof ? { proof } : {};
}
