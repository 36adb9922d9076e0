// When a newer page may take over. Pure.

/** A newer page waits at most this long for a task to end; steps are resumed exactly, ms. */
export const WAIT_MS_MAX = 24 * 3_600_000;

/**
 * Whether the page may be loaded anew now: between people, between tasks with nothing kept here, or
 * when it has waited for a day. Never over a dialog or an alarm.
 * @param {Pick<State, 'screen' | 'outbox' | 'dialog'>} state
 * @param {boolean} ringing whether an alarm is open
 * @param {number} waitedMs since the newer page was first seen
 */
export function mayTakeOver({ screen, outbox, dialog }, ringing, waitedMs) {
  if (dialog || ringing) return false;
  if (screen === 'signin' || waitedMs >= WAIT_MS_MAX) return true;
  return screen === 'tasks' && !outbox.length;
}
