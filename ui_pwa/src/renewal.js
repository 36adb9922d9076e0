// When the page is replaced by a newer one: at a good time, or because the box demands it.

import { openAlarms } from './core/state.js';
import { mayTakeOver } from './core/updating.js';
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
  if (newer && mayTakeOver(app.state, openAlarms(app.state).length > 0, waitedMs)) newer();
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
    (await newerShell())?.();
  });
}
