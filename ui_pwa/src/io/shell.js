// What keeps the page itself on the PDA: service worker, storage, a screen that stays on.

/**
 * @typedef {(shell: Partial<State['shell']>) => void} Report
 */

const policy = globalThis.trustedTypes?.createPolicy('sw', {
  createScriptURL: (/** @type {string} */ url) => {
    if (!/^\/(sw\.js\?v=[\w.-]*|src\/io\/decoder\.js)$/.test(url))
      throw new TypeError(`not a worker of this page: ${url}`);
    return url;
  },
});

/** The address of a worker, as Chromium's Trusted Types want it. @param {string} url */
export const scriptUrl = (url) => /** @type {any} */ (policy?.createScriptURL(url) ?? url);

/** @param {Report} report */
export async function keepShell(report) {
  report({ secure: isSecureContext });
  // not in index.html: nobody waits for what an installation looks like
  const manifest = { rel: 'manifest', href: 'manifest.webmanifest' };
  document.head.append(Object.assign(document.createElement('link'), manifest));
  await Promise.allSettled([registerWorker(report), persist(report)]);
  stayAwake();
}

/** Look for a newer page on the box; it is fetched now and used at the next task boundary. */
/** @param {Report} report */
export async function registerWorker(report) {
  if (!('serviceWorker' in navigator)) return report({ worker: 'absent' });
  try {
    const { version } = await (await fetch('/assets.json', { cache: 'no-store' })).json();
    const url = `/sw.js?v=${encodeURIComponent(version)}`;
    await navigator.serviceWorker.register(
      scriptUrl(url),
    );
    await navigator.serviceWorker.ready;
    report({ worker: 'ready', version });
  } catch {
    const known = await navigator.serviceWorker.getRegistration().catch(() => undefined);
    report({ worker: known?.active ? 'ready' : 'refused' });
  }
}

/** Have the worker keep what is large and seldom needed, now that nothing else is loading. */
export async function keepRest() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  registration?.active?.postMessage('IDLE');
}

/**
 * What puts a newer page in charge of the next load, or null when none waits.
 * @returns {Promise<(() => Promise<void>) | null>}
 */
export async function newerShell() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const worker = registration?.waiting;
  if (!worker) return null;
  return () =>
    new Promise((done) => {
      worker.addEventListener('statechange', () => worker.state === 'activated' && done());
      worker.postMessage('GO');
    });
}

/** Wait until a newer page that is being fetched is here, or has failed. */
export async function shellFetched() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const worker = registration?.installing;
  if (worker) await new Promise((resolve) => worker.addEventListener('statechange', resolve));
}

/** @param {Report} report */
async function persist(report) {
  if (navigator.storage?.persist) report({ persisted: await navigator.storage.persist() });
}

function stayAwake() {
  const ask = () => document.hidden || navigator.wakeLock?.request('screen').catch(() => undefined);
  document.addEventListener('visibilitychange', ask);
  ask();
}
