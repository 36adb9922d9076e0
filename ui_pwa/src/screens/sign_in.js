// Signing in: the badge is scanned, the PIN typed. The badge's code lives in this module's memory
// from the scan to the answer, and nowhere else.

import { html, nothing } from '../../vendor/lit.js';
import { OLD_BADGE } from '../core/codes.js';
import { BoxError, call } from '../io/box.js';
import { signal } from '../io/signals.js';
import { action, footer, header, notice } from '../parts/parts.js';

let badge = '';

const PIN_CHARS_MAX = 12;
export const PIN_CHARS_MIN = 6;
/** Refusals of a signature after which the PIN can be typed again. */
const AT_THE_PIN = ['sign_in_failed', 'locked_out', 'box_away'];

/** Refusals that a code of a leader mends. */
const UNPAIRED = ['device_unknown', 'device_revoked'];

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  const { station } = state;
  const n = state.outbox.length;
  return html`${header(app, t('screen.signin'))}
    <section class="fill centre">
      <div class="badge-art" aria-hidden="true"><span></span></div>
      <p class="lead">${t('signin.scan_badge')}</p>
      <p class="sub">${station ? t('signin.station', { station }) : t('signin.station_hint')}</p>
      <p class="sub strong">${n ? t('signin.waiting', { n }) : nothing}</p>
    </section>
    ${notice(app)}
    ${footer(
      action(app, {
        text: app.t('act.language'),
        onPress: () => app.set('lang', state.lang === 'zh' ? 'en' : 'zh'),
      }),
      action(app, { text: app.t('screen.status'), onPress: () => app.go('status') }),
    )}`;
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  if (scan.type === 'command' && scan.name === 'OK') return;
  if (OLD_BADGE.test(scan.code)) app.refuse({ code: 'badge_old' });
  else app.tell('wrong', 'signin.no_badge', {}, 'signin.scan_badge');
}

/**
 * Hold a badge and ask for the PIN.
 * @param {App} app
 * @param {string} code
 */
export function takeBadge(app, code) {
  const sign = app.state.signing;
  const why = app.why(sign ? 'approval.sign' : 'session.open');
  if (why) {
    app.refuse(why);
    return;
  }
  badge = code;
  app.open({ kind: 'pin', text: '', busy: false, error: null, sign });
  signal('kept');
}

/**
 * Remember where this device stands; it counts from the next sign-in.
 * @param {App} app
 * @param {string} station
 */
export function takeStation(app, station) {
  app.dispatch({ type: 'station', station });
  const moved = app.state.session && app.state.session.station?.id !== station;
  app.tell(moved ? 'info' : 'good', moved ? 'notice.station_next' : 'notice.station', { station });
}

/** @param {App} app @param {string} digits */
export function typePin(app, digits) {
  const { dialog } = app.state;
  if (dialog?.kind !== 'pin' || dialog.busy) return;
  const text =
    digits === '' ? dialog.text.slice(0, -1) : (dialog.text + digits).slice(0, PIN_CHARS_MAX);
  app.open({ ...dialog, text, error: null });
}

/** @param {App} app */
export async function submitPin(app) {
  const { dialog } = app.state;
  if (dialog?.kind !== 'pin' || dialog.busy || dialog.text.length < PIN_CHARS_MIN) return;
  app.open({ ...dialog, busy: true });
  const { sign, text } = dialog;
  const refusal = await (sign ? signApproval(app, sign, text) : app.signIn(badge, text));
  if (!refusal) {
    badge = '';
    return;
  }
  if (UNPAIRED.includes(refusal.code)) {
    badge = '';
    const of = { title: app.t('act.pair_this'), text: app.t(`refusal.${refusal.code}`) };
    app.askSure(of, () => location.assign('/enrol/pair.html'));
  } else app.open({ kind: 'pin', text: '', busy: false, error: refusal, sign });
  signal('wrong');
}

/**
 * Sign an approval with the badge in hand; what was signed is read anew, whatever came of it.
 * @param {App} app
 * @param {Signing} sign
 * @param {string} pin
 * @returns {Promise<Refusal | null>}
 */
async function signApproval(app, { id, approval, facts_hash, answer }, pin) {
  try {
    await call('POST', `/approvals/${approval}/decide`, { id, badge, pin, facts_hash, answer });
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    if (!AT_THE_PIN.includes(error.refusal.code)) {
      app.close();
      app.dispatch({ type: 'signing', signing: null });
      app.refuse(error.refusal);
      app.refresh('seen');
      return null;
    }
    return error.refusal;
  }
  app.close();
  app.dispatch({ type: 'signing', signing: null });
  app.tell('good', 'notice.signed');
  app.refresh('seen');
  return null;
}

/** Let go of the badge. */
export function forgetBadge() {
  badge = '';
}
