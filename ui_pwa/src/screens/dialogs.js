// What lies over a screen at any time: the PIN and the alarm. The rest is in asks.js.

import { html, nothing } from '../../vendor/lit.js';
import { isLocal, openAlarms } from '../core/state.js';
import { action, footer, keypad, notice, reason } from '../parts/parts.js';
import { PIN_CHARS_MIN, forgetBadge, submitPin, typePin } from './sign_in.js';

export const QTY_CHARS_MAX = 5;
/**
 * What answers an alarm that stops nobody, where reading is not all.
 * @type {Record<string, string>}
 */
const ANSWERS = { approval_due: 'act.alarm_open' };
/**
 * Whether an alarm tells its hearer to stop; a rushed order is stopped, but is to be done first.
 * @param {Alarm} alarm
 */
const stops = ({ code, facts }) => code.startsWith('order_frozen') && facts.category !== 'rush';

/** @param {App} app */
export function view(app) {
  const { dialog } = app.state;
  if (!dialog) return nothing;
  if (dialog.kind === 'pin') return pin(app, dialog);
  const asks = app.painter.asks();
  if (asks) return asks.view(app);
  if (!app.painter.missing.has('asks')) return nothing;
  return html`${title(app, app.t('notice.part_missing'))}
    <p class="fill centre">${app.t('hint.part_missing')}</p>`;
}

/** @param {App} app @param {string} text */
export const title = (app, text) => html`<div class="layer-head"><h2 id="layer-title">${text}</h2>
  <button type="button" class="menu" aria-label=${app.t('act.close')} @click=${() => cancel(app)}>
    <span aria-hidden="true">✕</span></button></div>`;

/** @param {App} app */
export function cancel(app) {
  forgetBadge();
  app.close();
}

const ASKED = { pin: 'signin.pin', new: 'signin.pin_new', again: 'signin.pin_again' };
const NEXT = { sign: 'act.sign', pin: 'act.sign_in', new: 'act.next', again: 'act.sign_in' };

/** @param {App} app @param {Extract<Dialog, {kind: 'pin'}>} dialog */
function pin(app, dialog) {
  const { t } = app;
  const asked = t(ASKED[dialog.step]);
  return html`${title(app, asked)}
    ${dialog.step === 'new' ? html`<p class="sub signs">${t('hint.pin_weak')}</p>` : nothing}
    ${dialog.sign ? html`<p class="lead signs">${dialog.sign.text}</p>` : nothing}
    ${keypad(app, {
      shown: '●'.repeat(dialog.text.length),
      label: asked,
      onDigit: (d) => typePin(app, d),
      onBack: () => typePin(app, ''),
    })}
    <div class="notice ${dialog.error ? 'wrong' : ''}" role="status" aria-live="assertive">${
      dialog.error
        ? html`<span class="sign" aria-hidden="true">✕</span><b>${reason(app, dialog.error)}</b>`
        : nothing
    }</div>
    ${footer(
      action(app, {
        tone: 'main',
        text: t(dialog.busy ? 'signin.busy' : NEXT[dialog.sign ? 'sign' : dialog.step]),
        why: dialog.text.length < PIN_CHARS_MIN ? { code: 'pin_short' } : null,
        onPress: () => submitPin(app),
      }),
    )}`;
}

/**
 * A scan while a dialog is open.
 * @param {App} app
 * @param {Scan} scan
 */
export function scan(app, scan) {
  const { dialog } = app.state;
  if (!dialog) return;
  if (scan.type === 'command' && scan.name === 'UNDO') {
    cancel(app);
    return;
  }
  if (dialog.kind !== 'pin') app.painter.asks()?.scan?.(app, scan);
  else if (scan.type === 'command' && scan.name === 'OK') submitPin(app);
  else app.tell('wrong', 'notice.dialog_first');
}

/** Digits from a real keypad. @param {App} app @param {string} digits */
export function typed(app, digits) {
  const { dialog } = app.state;
  if (dialog?.kind === 'pin') typePin(app, digits);
  else if (dialog?.kind === 'qty') {
    app.open({ ...dialog, text: (dialog.text + digits).slice(0, QTY_CHARS_MAX) });
  }
}

/** The alarm that must be acknowledged first, over everything else. @param {App} app */
export function alarmView(app) {
  const [alarm, ...more] = openAlarms(app.state);
  if (!alarm) return nothing;
  const { t } = app;
  const answer = stops(alarm) ? 'act.alarm_ok' : (ANSWERS[alarm.code] ?? 'act.alarm_read');
  const { order, hint } = alarm.facts;
  return html`<div class="alarm-body ${isCalm(alarm) ? 'calm' : ''}">
    <p class="alarm-sign" aria-hidden="true">${isCalm(alarm) ? 'i' : '!'}</p>
    <h2 id="alarm-title">${alarmText(app, alarm)}</h2>
    <p class="alarm-said">${messageText(app, alarm) || nothing}</p>
    ${order ? html`<p class="alarm-what">${t('alarm.order', { order })}</p>` : nothing}
    ${alarm.facts.due_at ? html`<p class="alarm-what">${t('alarm.due', alarm.facts)}</p>` : nothing}
    ${
      alarm.facts.why
        ? html`<p class="alarm-what">${t(`refusal.${alarm.facts.why}`, alarm.facts)}</p>
          <p class="alarm-what">${t(`hint.${hint ?? alarm.facts.why}`, alarm.facts)}</p>`
        : nothing
    }
    <p class="alarm-what">${more.length ? t('alarm.more', { n: more.length }) : nothing}</p>
    <button type="button" class="act alarm-ok" @click=${() => ackAlarm(app)}>
      <span class="act-text">${t(answer)}</span>
      <small>${t('alarm.or_scan')}</small></button>
  </div>`;
}

/** Whether an alarm tells something rather than stops somebody. @param {Alarm} alarm */
export const isCalm = (alarm) => alarm.code === 'message';

/** What the hub says, once it was read. @param {App} app @param {Alarm} alarm */
export function messageText(app, { facts }) {
  const read = facts.message ? app.state.seen[`message:${facts.message}`] : null;
  return read ? app.name(read.text) : '';
}

/** @param {App} app @param {Alarm} alarm */
export function alarmText(app, alarm) {
  const { code, facts, id } = alarm;
  return app.t(`alarm_text.${isLocal(id) ? code : (facts.category ?? code)}`, facts);
}

/** @param {App} app */
export function ackAlarm(app) {
  const [alarm] = openAlarms(app.state);
  if (!alarm) return;
  const shownMs = app.ringing.shownFor(alarm.id);
  if (isLocal(alarm.id)) {
    app.dispatch({ type: 'alarm_over', id: alarm.id });
    return;
  }
  app.send('alarm.ack', { alarm_id: alarm.id, ...(shownMs === null ? {} : { shown_ms: shownMs }) });
  if (alarm.code === 'approval_due' && !app.state.task) app.go('approval', alarm.facts.approval);
}

// The lock layer: nobody used this PDA for long. The screen stays as it is behind it, and the badge
// of whoever left it there leads back to the exact step.

/** @param {State} state */
export const isLocked = (state) => state.session?.locked === true;

/** @param {App} app */
export function lockView(app) {
  const { t, state } = app;
  if (!isLocked(state) || !state.session) return nothing;
  const n = state.outbox.length;
  return html`<div class="fill centre">
      <div class="badge-art" aria-hidden="true"><span></span></div>
      <h2 id="lock-title">${t('lock.title')}</h2>
      <p class="lead">${t('lock.resume', { name: state.session.person.name })}</p>
      <p class="sub">${t('lock.other')}</p>
      <p class="sub strong">${n ? t('lock.waiting', { n }) : nothing}</p>
    </div>
    ${notice(app)}`;
}

/** Whatever is scanned but a badge is refused aloud. @param {App} app */
export const refuseScan = (app) =>
  app.tell('stop', 'refusal.session_locked', {}, 'hint.session_locked');
