// Start: what was saved, the texts, the first paint, scans, the session, and then the rest.

import { App, newId } from './app.js';
import { SCAN } from './core/codes.js';
import { SAVED } from './core/state.js';
import { part } from './io/box.js';
import * as db from './io/db.js';
import { unlockSound } from './io/signals.js';
import { Wedge } from './io/wedge.js';
import { byId, dialogBy } from './painter.js';
import * as dialogs from './screens/dialogs.js';
import { lookAtDoorstep } from './screens/sign_in.js';

/** How often the page looks at the clock: alarms, overdue answers, retries. */
const TICK_MS = 1000;
/** After the start, what is large and seldom needed waits this long to be fetched, ms. */
const IDLE_MS = 5000;
/** How often a newer page that waits is thought of, ms. */
const UPDATE_MS = 60_000;

/** Behind the address, where a PDA comes that was just let in. */
const TO_CALIBRATE = '#calibrate';

/** On a practice floor: how this device was set on the real one. @returns {Partial<State>} */
function carried() {
  if (!floorPractice) return {};
  return { ...JSON.parse(sessionStorage.getItem('floor.carried') ?? '{}'), practice: true };
}

async function start() {
  const { saved, outbox } = await db.load();
  const device = saved.device ?? newId();
  if (!saved.device) db.save({ device }).catch(reportError); // nobody signs in before it is there
  const known = Object.fromEntries(
    SAVED.filter((n) => saved[n] !== undefined).map((n) => [n, saved[n]]),
  );
  const app = new App(device, { ...known, ...carried() }, outbox);
  const first = location.hash === TO_CALIBRATE ? 'calibrate' : 'signin';
  if (!app.state.session) app.go(first);
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  const { screen } = app.state;
  await Promise.all([app.dress(screen !== 'signin'), app.painter.fetch(screen)]);
  app.painter.render();
  app.wedge = new Wedge({
    sink: /** @type {HTMLInputElement} */ (byId('sink')),
    prefix: () => app.state.prefix,
    onScan: (code) => app.onScan(code),
    medianMs: () => Math.max(SCAN.medianMsMax, 2 * (app.state.profile?.p50 ?? 0)),
    endless: () => app.state.profile?.end === '',
    onReject: (why) => app.scans.reject(why),
    onDigits: (digits) => dialogs.typed(app, digits),
    onFirst: () => {
      if (!app.state.sound && unlockSound()) app.dispatch({ type: 'sound' });
    },
  });
  addEventListener('pointerdown', () => {
    if (!app.state.sound && unlockSound()) app.dispatch({ type: 'sound' });
  });
  for (const id of ['alarm', 'lock'])
    dialogBy(id).addEventListener('cancel', (event) => event.preventDefault());
  for (const id of ['alarm', 'lock']) dialogBy(id).addEventListener('close', () => app.paint());
  // Not on `close`: it comes late, and would take away a dialog that a scan has opened meanwhile.
  dialogBy('layer').addEventListener('cancel', (event) => {
    event.preventDefault();
    dialogs.cancel(app);
  });
  dialogBy('layer').addEventListener('close', () => app.paint());
  // Android's back key closes what lies on top, and never leaves the page.
  history.pushState(null, '');
  addEventListener('popstate', () => {
    history.pushState(null, '');
    if (app.state.dialog) dialogs.cancel(app);
    else if (app.state.session) app.goHome();
  });
  addEventListener('pagehide', () => app.save());
  setInterval(() => app.tick(), TICK_MS);
  const resumed = app.resume();
  if (floorPractice) await resumed; // what is done there is known to the box alone
  document.documentElement.dataset.ready = '';
  performance.mark('ready');
  await resumed;
  await keepPage(app);
}

/** After the first paint: the service worker, and the screens that are still missing. */
/** @param {App} app */
async function keepPage(app) {
  const [shell] = await Promise.all([
    part(() => import('./io/shell.js')),
    app.dress(),
  ]);
  const report = (/** @type {Partial<State['shell']>} */ shell) =>
    app.dispatch({ type: 'shell', shell });
  app.ringing.voice = await part(() => import('./io/voice.js'));
  const photos = await part(() => import('./io/photos.js'));
  setInterval(() => photos.drain(app), TICK_MS);
  await photos.count(app);
  lookAtDoorstep(app);
  app.keepShell = () => shell.registerWorker(report);
  setInterval(() => app.update(), UPDATE_MS);
  await shell.keepShell(report);
  app.update();
  app.followed(() => undefined);
  await Promise.all([app.painter.fetchAll(), app.following]);
  performance.mark('whole');
  setTimeout(() => shell.keepRest(), IDLE_MS);
}

if (!globalThis.floorStopped) start();
