// Keeps the page on the PDA. The version stands in this worker's own address (`/sw.js?v=…`), so a
// new version of any file is a new worker. It waits until the page says that no task is in hand.

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

const VERSION = new URL(location.href).searchParams.get('v') ?? '';
const CACHE = `shell-${VERSION}`;
/** Large and seldom needed: the camera's reader. It is kept once the page has come to rest. */
const LATE = /^vendor\/zxing\/.+\.(js|wasm)$/;
const FOLDERS = /^(src|css|vendor|locales|icons|voice)\/.+\.(js|css|json|png|svg|opus)$/;

/** @param {string} path */
const isShell = (path) =>
  path === 'index.html' || path === 'manifest.webmanifest' || FOLDERS.test(path) || LATE.test(path);

/** Files of the shell, by the list that the box serves. */
async function fill() {
  const list = await (await fetch('/assets.json', { cache: 'no-store' })).json();
  const paths = Object.keys(list.files)
    .map((p) => p.replace(/^\/+/, ''))
    .filter((path) => isShell(path) && !LATE.test(path));
  const cache = await caches.open(CACHE);
  const urls = ['/', ...paths.filter((p) => p !== 'index.html').map((p) => `/${p}`)];
  await cache.addAll(urls.map((url) => new Request(url, { cache: 'reload' })));
}

/** What `fill` left for later, unless it is here. */
async function fillLate() {
  const list = await (await fetch('/assets.json', { cache: 'no-store' })).json();
  const cache = await caches.open(CACHE);
  const late = Object.keys(list.files).filter((path) => LATE.test(path.replace(/^\/+/, '')));
  for (const path of late) if (!(await cache.match(path))) await cache.add(path);
}

async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(
    names.filter((n) => n.startsWith('shell-') && n !== CACHE).map((n) => caches.delete(n)),
  );
  await worker.clients.claim();
}

/** @param {Request} request @returns {Promise<Response>} */
async function answer(request) {
  const cache = await caches.open(CACHE);
  const path = request.mode === 'navigate' ? '/' : request;
  return (await cache.match(path, { ignoreSearch: true })) ?? fetch(request);
}

worker.addEventListener('install', (event) => event.waitUntil(fill()));
worker.addEventListener('activate', (event) => event.waitUntil(forgetOlder()));
worker.addEventListener('message', (event) => {
  if (event.data === 'GO') worker.skipWaiting();
  if (event.data === 'IDLE') event.waitUntil(fillLate().catch(() => undefined));
});
worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  const page = event.request.mode === 'navigate';
  if (page ? url.pathname !== '/' : !isShell(url.pathname.slice(1))) return;
  event.respondWith(answer(event.request));
});
