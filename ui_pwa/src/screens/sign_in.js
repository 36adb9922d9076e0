// Signing in: the badge is scanned, the PIN typed. The badge's code lives in this module's memory
// from the scan to the answer, and nowhere else.

import { html, nothing } from '../../vendor/lit.js';
import { OLD_BADGE } from '../core/codes.js';
import { BoxError, call } from '../io/box.js';
import { signal } from '../io/signals.js';
import { action, footer, header, notice } from '../parts/parts.js';

let badge = '';
/** A PIN that was given out, and the own one in its place, while they are typed. */
let given = '';
let chosen = '';

/** The box lets a badge alone pass so long after its PIN at this device, ms. */
const FAST_MS = 30 * 60_000;
const NEEDS_PIN = Object.freeze({ code: 'pin_needed' });
const PIN_CHARS_MAX = 12;
export const PIN_CHARS_MIN = 6;
/** Refusals of a signature after which the PIN can be typed again. */
const AT_THE_PIN = ['sign_in_failed', 'locked_out', 'badge_locked', 'box_away'];

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
      ${
        state.seen.doorstep?.open
          ? action(app, { text: t('screen.firstadmin'), onPress: () => app.go('firstadmin') })
          : nothing
      }
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
 * Hold a badge; sign in by it alone where that may do, or ask for the PIN.
 * @param {App} app
 * @param {string} code
 */
export async function takeBadge(app, code) {
  const sign = app.state.signing;
  const why = app.why(sign ? 'approval.sign' : 'session.open');
  if (why) {
    app.refuse(why);
    return;
  }
  if (!sign && awaitsAnswer(app.state)) {
    app.tell('wrong', 'approval.answer_first');
    return;
  }
  badge = code;
  given = '';
  chosen = '';
  const refusal = sign || !lately(app) ? NEEDS_PIN : await open(app, { badge, pin: '' });
  if (!refusal) badge = '';
  else if (refusal.code === NEEDS_PIN.code || refusal.code === 'box_away') ask(app, 'pin');
  else if (UNPAIRED.includes(refusal.code)) leadToPairing(app, refusal);
  else {
    forgetBadge();
    app.refuse(refusal);
  }
}

/** Whether an open request is on the screen: a badge shown now is its signer's, too early. */
/** @param {State} state */
const awaitsAnswer = ({ session, screen, dialog, seen, about }) =>
  Boolean(session && !session.locked && !dialog && screen === 'approval') &&
  seen.approval?.id === about &&
  seen.approval.state === 'open';

/** Whether a PIN was given here within the time that the box may let a badge alone pass. */
/** @param {App} app */
const lately = ({ state }) => Date.now() - state.pinAt < FAST_MS && Date.now() >= state.pinAt;

/** @param {App} app @param {'pin' | 'new' | 'again'} step @param {Refusal | null} [error] */
function ask(app, step, error = null) {
  const sign = app.state.signing;
  app.open({ kind: 'pin', step, text: '', busy: false, error, sign });
  signal(error ? 'wrong' : 'kept');
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
  const { sign, step, text } = dialog;
  if (step === 'new') {
    chosen = text;
    ask(app, 'again');
    return;
  }
  if (step === 'again' && text !== chosen) {
    ask(app, 'new', { code: 'pin_differs' });
    return;
  }
  app.open({ ...dialog, busy: true });
  if (step === 'pin') given = text;
  const own = step === 'again' ? { new_pin: chosen } : {};
  const who = { badge, pin: given, ...own };
  settle(app, await (sign ? signApproval(app, sign, text) : open(app, who)));
}

/**
 * Open a session; without a PIN by the badge alone, where it was given here a while ago.
 * @param {App} app
 * @param {{badge: string, pin: string, new_pin?: string}} who
 * @returns {Promise<Refusal | null>}
 */
async function open(app, who) {
  const { device, state } = app;
  const key = await import('../io/device_key.js').catch(() => null);
  if (!key) return { code: 'box_away' };
  const body = {
    ...who,
    ...(await key.proofOf(device)),
    device,
    ...(state.station ? { station: state.station } : {}),
  };
  app.link.stop(); // the box ends an older session of this PDA, which would say good-bye
  try {
    const { session } = await call('POST', '/session', body);
    app.dispatch({ type: 'signed_in', session, pinAt: who.pin ? Date.now() : null });
    app.tell('good', 'notice.welcome', { name: session.person.name });
    app.link.start();
    return null;
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    if (app.state.session) app.link.start();
    return error.refusal;
  }
}

/** See whether a first admin may come in, by the code of the box's console. @param {App} app */
export async function lookAtDoorstep(app) {
  if (app.state.session) return;
  const value = await call('GET', '/first-admin').catch(() => ({ open: false }));
  app.dispatch({ type: 'seen', what: 'doorstep', value });
}

/** What comes after the box's answer. @param {App} app @param {Refusal | null} refusal */
function settle(app, refusal) {
  if (!refusal) forgetBadge();
  else if (refusal.code === 'pin_new_needed') ask(app, 'new');
  else if (refusal.code === 'pin_weak') ask(app, 'new', refusal);
  else if (UNPAIRED.includes(refusal.code)) leadToPairing(app, refusal);
  else ask(app, 'pin', refusal);
}

/** @param {App} app @param {Refusal} refusal */
function leadToPairing(app, refusal) {
  forgetBadge();
  const of = { title: app.t('act.pair_this'), text: app.t(`refusal.${refusal.code}`) };
  app.askSure(of, () => location.assign('/enrol/pair.html'));
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

/** Let go of the badge, and of what was typed. */
export function forgetBadge() {
  badge = '';
  given = '';
  chosen = '';
}
