// What this PDA can do, tried one by one: the end of enrolment and the first page of support.

import { registerWorker } from '../src/io/shell.js';

const WORKER_MS_MAX = 10_000;
const SCAN_GAP_MS = 200;

/** @param {string} id @param {boolean} good */
function mark(id, good) {
  const row = document.getElementById(id);
  if (row) row.dataset.is = good ? 'good' : 'bad';
}

/** @param {string} id @param {() => Promise<boolean> | boolean} check */
async function run(id, check) {
  try {
    mark(id, await check());
  } catch {
    mark(id, false);
  }
}

/** One that comes late is good all the same. @returns {Promise<boolean>} */
function worker() {
  return new Promise((done) => {
    setTimeout(() => done(false), WORKER_MS_MAX);
    registerWorker((shell) => {
      done(shell.worker === 'ready');
      mark('worker', shell.worker === 'ready');
    });
  });
}

async function keys() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
  ]);
  return !pair.privateKey.extractable;
}

async function camera() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.some((device) => device.kind === 'videoinput');
}

let typed = '';
let lastMs = 0;
addEventListener('keydown', (event) => {
  if (event.timeStamp - lastMs > SCAN_GAP_MS) typed = '';
  lastMs = event.timeStamp;
  if (event.key.length === 1) typed += event.key;
  const isEnd = event.key === 'Enter' || event.key === 'Tab';
  if (!isEnd || typed.length < 3) return;
  event.preventDefault();
  mark('scan', true);
  const shown = document.getElementById('scanned');
  if (shown) shown.textContent = `: ${typed.slice(0, 40)}`;
  typed = '';
  new AudioContext().resume().then(
    () => mark('sound', true),
    () => mark('sound', false),
  );
});
addEventListener('pointerdown', () => run('sound', async () => {
  const sound = new AudioContext();
  await sound.resume();
  return sound.state === 'running';
}));

await run('secure', () => isSecureContext);
await run('worker', worker);
await run('keys', keys);
await run('storage', () => navigator.storage.persist());
await run('camera', camera);
document.documentElement.dataset.ready = '';
