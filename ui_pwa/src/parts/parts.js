// The pieces that every screen has: bar, outcome, buttons. Those of lists are in rows.js.

import { html, nothing } from '../../vendor/lit.js';

/**
 * A button. With `why` it is greyed, says why, and a press says it aloud.
 * @param {App} app
 * @param {{text: unknown, onPress: () => void, why?: Refusal | null, tone?: string, note?: string,
 *   pressed?: boolean}} of
 */
export function action(app, { text, onPress, why = null, tone = '', note = '', pressed }) {
  const press = () => (why ? app.refuse(why) : onPress());
  const small = why ? reason(app, why) : note;
  return html`<button type="button" class="act ${tone}" aria-disabled=${why ? 'true' : nothing}
    aria-pressed=${pressed === undefined ? nothing : String(pressed)} @click=${press}>
    <span class="act-text">${text}</span>${small ? html`<small>${small}</small>` : nothing}
  </button>`;
}

/** The reason of a refusal in words. @param {App} app @param {Refusal} why */
export function reason(app, why) {
  return app.t(`refusal.${why.code}`, why.facts);
}

/**
 * Why an order stands still, and until when.
 * @param {App} app
 * @param {Frozen} freeze
 */
export const whyFrozen = ({ t }, freeze) =>
  t(freeze.due_at ? 'pick.frozen' : 'pick.frozen_until_decided', freeze);

/** @param {unknown[]} actions */
export const footer = (...actions) => html`<footer>${actions}</footer>`;

/**
 * The bar at the top: the way back, what works now, who is signed in, the menu.
 * @param {App} app
 * @param {string} title
 * @param {(() => void) | null} [onBack] where this screen is reached from another
 */
export function header(app, title, onBack = null) {
  const { state, t } = app;
  return html`<header>
    <div class="bar ${onBack || state.session?.station ? 'full' : ''}">
      ${
        onBack
          ? html`<button type="button" class="back" aria-label=${t('act.back')} @click=${onBack}>
            <span aria-hidden="true">‹</span></button>`
          : nothing
      }
      <div class="bar-text"><h1>${title}</h1>
        <span class="who"><span>${state.session ? app.name(state.session.person.name) : ''}</span>${
          state.session?.station
            ? html`<b> · ${t('word.station')} ${state.session.station.id}</b>`
            : nothing
        }</span>
      </div>
      ${state.session ? link(app) : nothing}
      ${
        state.session
          ? html`<button type="button" class="menu" aria-label=${t('act.menu')}
            @click=${() => app.open({ kind: 'menu' })}><span aria-hidden="true">☰</span></button>`
          : nothing
      }
    </div>
    ${banner(app)}${urgent(app)}
  </header>`;
}

/** @param {App} app */
function link(app) {
  const { state, t } = app;
  const waiting = state.outbox.length;
  const text = t(`link.${state.link}`);
  return html`<span class="link ${state.link}"><span class="link-text">${text}</span>${
    waiting && state.link === 'up'
      ? html`<small>${t('link.waiting', { n: waiting })}</small>`
      : nothing
  }</span>`;
}

const DAY_US = 86_400_000_000;
const CARES = ['leader', 'supervisor', 'admin'];

/**
 * What is to be said of the box's certificate. Its end cuts every PDA off; so does the clock of a
 * PDA that stands before its begin or after its end, since the browser goes by that clock.
 * @param {App} app
 */
function certificate(app) {
  const { state, t } = app;
  const cert = state.certificate;
  if (!cert) return '';
  const days = Math.floor((cert.expires_at - app.nowUs()) / DAY_US);
  if (state.link === 'down') {
    const deviceUs = Date.now() * 1000;
    const today = new Date(deviceUs / 1000).toLocaleDateString('sv');
    const isOver = deviceUs > cert.expires_at;
    if (isOver && days < 0) return t('certificate.over', { today });
    if (isOver || deviceUs < cert.begins_at) return t('certificate.clock', { today });
  }
  if (days < 0) return '';
  const cares = state.session?.person.roles.some((role) => CARES.includes(role));
  return cares && cert.level !== 'ok' ? t('certificate.ends', { days }) : '';
}

/** What is wrong with the box, each with what to do; the worst first. @param {App} app */
function troubles(app) {
  const { state, t } = app;
  const own = state.session?.station?.printers ?? [];
  const ill = state.printers.filter((p) => !p.ok && own.includes(p.id));
  const cares = state.session?.person.roles.some((role) => CARES.includes(role));
  const up = state.link === 'up';
  return [
    state.link === 'down' ? t('link.banner', { n: state.outbox.length }) : '',
    up && state.disk === 'read_only' ? t('trouble.disk_full') : '',
    up && state.disk === 'low' && cares ? t('trouble.disk_low') : '',
    ...(up ? ill : []).map((p) => `${p.name}: ${t(`job_reason.${p.fault || 'offline'}`)}`),
    certificate(app),
  ].filter(Boolean);
}

/** @param {App} app */
const banner = (app) =>
  app.state.session
    ? troubles(app).map((text) => html`<p class="banner" role="status">${text}</p>`)
    : nothing;

/** @param {App} app */
function urgent(app) {
  const { urgent: of } = app.state;
  if (!of) return nothing;
  return html`<div role="status"><button type="button" class="urgent"
    @click=${() => app.dispatch({ type: 'urgent', urgent: null })}>
    ${app.t('urgent.order', of)}</button></div>`;
}

/**
 * The last outcome, told by colour, sign and words; a hollow sign until the box has it.
 * @param {App} app
 */
export function notice(app) {
  const { notice: note } = app.state;
  if (!note) return html`<div class="notice" role="status" aria-live="assertive"></div>`;
  const hint = note.hint ? app.t(note.hint, note.facts) : '';
  const waits = app.state.outbox.length > 0 && (note.tone === 'kept' || note.tone === 'good');
  const sign = { kept: '✓', good: '✓', wrong: '✕', stop: '!', alarm: '!', info: 'i' }[note.tone];
  return html`<div class="notice ${note.tone}" role="status" aria-live="assertive">
    <span class="sign ${waits ? 'hollow' : ''}" aria-hidden="true">${sign}</span>
    <span><b>${app.t(note.key, note.facts)}</b>
      <small>${hint || nothing}</small></span>
  </div>`;
}

/**
 * Large digits for gloved hands.
 * @param {App} app
 * @param {{shown: string, label: string, onDigit: (d: string) => void, onBack: () => void}} of
 */
export function keypad(app, { shown, label, onDigit, onBack }) {
  const key = (/** @type {string} */ d) =>
    html`<button type="button" class="key" @click=${() => onDigit(d)}>${d}</button>`;
  return html`<output class="shown" aria-label=${label}>${shown || html`<i>—</i>`}</output>
    <div class="keys">${['1', '2', '3', '4', '5', '6', '7', '8', '9'].map(key)}
      <span></span>${key('0')}
      <button type="button" class="key" aria-label=${app.t('act.erase')} @click=${onBack}>⌫</button>
    </div>`;
}
