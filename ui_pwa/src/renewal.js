// When the page is replaced by a newer one: at a good time, or because the box demands it.

import { openAlarms } from './core/state.js';
import { mayTakeOver } from './core/updating.js';
import { pause } from './io/box.js';
import { newerShell, shellFetched } from './io/shell.js';

/** Between two tries to renew a page that the box refuses, ms. */
const RENEW_MS = 2000;

/** Let a newer page that waits take over, if now is a good time. @param {App} app */
export async function update(app) {
  const newer = await newerShell();
  const { newerSinceMs } = app.state;
  if (!newer !== !newerSinceMs)
    app.dispatch({ type: 'set', name: 'newerSinceMs', value: newer ? Date.now() : 0 });
  const waitedMs = newerSinceMs ? Date.now() - newerSinceMs : 0;
  if (newer) app.scans.between(() => isGoodTime(app, waitedMs) && takeOver(app, newer));
}

/** Neither a scan nor a command is half taken. @param {App} app @param {number} waitedMs */
const isGoodTime = (app, waitedMs) =>
  !app.wedge?.framer.busy &&
  !app.sending.keeping &&
  mayTakeOver(app.state, openAlarms(app.state).length > 0, waitedMs);

/**
 * Load the newer page once it is in charge; where that takes long, scans go on meanwhile.
 * @param {App} app
 * @param {() => Promise<void>} newer
 */
async function takeOver(app, newer) {
  const came = newer().then(() => true);
  if (await Promise.race([came, pause()])) await reload();
  else came.then(() => app.scans.between(reload));
}

/** Never resolves: whatever is scanned from now on waits, and is scanned again. */
function reload() {
  location.reload();
  return new Promise(() => undefined);
}

/**
 * The box speaks no longer what this page does: what is kept here stays, the page is renewed.
 * @param {App} app
 */
export function tooOld(app) {
  app.tell('stop', 'refusal.page_old', {}, 'hint.page_old');
  app.soon('renew', RENEW_MS, async () => {
    await app.keepShell?.();
    await shellFetched();
    const newer = await newerShell();
    if (newer) app.scans.between(() => takeOver(app, newer));
  });
}
