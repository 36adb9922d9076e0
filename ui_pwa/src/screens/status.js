// What works now, function by function; and the settings of this PDA.

import { html, nothing } from '../../vendor/lit.js';
import { OFFLINE_KINDS } from '../core/outbox.js';
import { shortOrder } from '../core/text.js';
import { again, drop } from '../io/photos.js';
import { action, footer, header, notice, reason } from '../parts/parts.js';
import { chip } from '../parts/rows.js';

/** A function and the command that stands for it. */
const FUNCTIONS = [
  ['pick', 'pick.scan'],
  ['take', 'task.take'],
  ['pack', 'pack.scan'],
  ['print', 'waybill.print'],
  ['handover', 'handover.scan'],
  ['putback', 'putback.scan'],
];
const PREFIXES = ['~', ''];
const AGE_WARN_US = 5 * 60_000_000;

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  const oldest = state.outbox[0]?.cmd.captured_at;
  const late = oldest !== undefined && app.nowUs() - oldest > AGE_WARN_US;
  const { outbox, sound } = state;
  const { worker, persisted } = state.shell;
  const hub = state.link === 'up' ? state.hub : 'unseen';
  const parked = outbox.filter((k) => k.parked).length;
  return html`${header(app, t('screen.status'))}
    <section class="fill list" tabindex="0">
      <h2>${t('status.now')}</h2>
      ${FUNCTIONS.map(([name, kind]) => works(app, name, kind))}
      <h2>${t('status.links')}</h2>
      ${
        state.session
          ? fact(t('status.box'), t(`link.${state.link}`), state.link === 'up' ? 'good' : 'bad')
          : fact(t('status.box'), t('refusal.not_signed_in'), '')
      }
      ${fact(t('status.hub'), t(`hub.${hub}`), hub === 'up' ? 'good' : '')}
      ${fact(t('status.waiting'), t('status.waiting_n', { n: outbox.length }), late ? 'bad' : '')}
      ${parked ? fact(t('status.parked'), String(parked), 'bad') : nothing}
      ${refusedPhotos(app)}
      <h2>${t('status.device')}</h2>
      ${fact(t('status.offline_page'), t(`worker.${worker}`), worker === 'ready' ? 'good' : 'bad')}
      ${fact(t('status.storage'), t(`storage.${persisted}`), persisted ? 'good' : '')}
      ${fact(t('status.sound'), t(sound ? 'sound.on' : 'sound.off'), sound ? 'good' : 'bad')}
      ${fact(t('status.version'), state.shell.version.slice(0, 12) || '—', '')}
      ${fact(t('status.id'), app.device.slice(-8), '')}
      <h2>${t('status.settings')}</h2>
      <div class="stack">
        ${choices(app, 'lang', ['zh', 'en'])}
        ${choices(app, 'theme', ['auto', 'light', 'dark'])}
        ${choices(app, 'prefix', PREFIXES)}
        ${choices(app, 'intake', ['wedge', 'camera', 'manual'])}
        ${action(app, { text: t('act.test_signals'), onPress: () => testSignals(app) })}
        ${action(app, { text: t('screen.calibrate'), onPress: () => app.go('calibrate') })}
        ${action(app, { text: t('screen.diagnostics'), onPress: () => app.go('diagnostics') })}
      </div>
    </section>${notice(app)}
    ${footer(action(app, { tone: 'main', text: t('act.back'), onPress: () => app.goHome() }))}`;
}

/** Photos that the box refused for good: to be sent once more, or thrown away. @param {App} app */
function refusedPhotos(app) {
  const { t, state } = app;
  if (!state.refusedPhotos.length) return nothing;
  return html`<h2>${t('status.photos')}</h2>
    ${state.refusedPhotos.map(
      ({ sha256, order, refused }) => html`
      ${fact(`${t('word.order')} ${shortOrder(order)}`, reason(app, refused), 'bad')}
      <div class="stack">
        ${action(app, { text: t('act.photo_drop'), onPress: () => drop(app, sha256) })}
        ${action(app, { text: t('act.photo_again'), onPress: () => again(app, sha256) })}
      </div>`,
    )}`;
}

/** @param {App} app @param {string} name @param {string} kind */
function works(app, name, kind) {
  const { link, session } = app.state;
  if (!session) return fact(app.t(`function.${name}`), app.t('refusal.not_signed_in'), '');
  const how =
    link === 'up'
      ? app.state.hub === 'up'
        ? 'all'
        : 'box'
      : OFFLINE_KINDS.includes(kind)
        ? 'pda'
        : 'no';
  return fact(app.t(`function.${name}`), app.t(`works.${how}`), how === 'no' ? 'bad' : 'good');
}

/** @param {string} label @param {string} value @param {string} tone */
const fact = (label, value, tone) =>
  html`<div class="fact"><span>${label}</span>${chip(value, tone)}</div>`;

/** @param {App} app @param {Setting} name @param {string[]} values */
function choices(app, name, values) {
  return html`<fieldset><legend>${app.t(`set.${name}`)}</legend>${values.map((value) =>
    action(app, {
      text: app.t(`set.${name}_${value === '~' ? 'tilde' : value || 'none'}`),
      pressed: app.state[name] === value,
      onPress: () => app.set(name, value),
    }),
  )}</fieldset>`;
}

/** @param {App} app */
function testSignals(app) {
  /** @type {Tone[]} */
  const tones = ['good', 'wrong', 'stop'];
  tones.forEach((tone, i) => setTimeout(() => app.tell(tone, `test.${tone}`), i * 1500));
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  app.tell('good', 'status.scanned', { text: scan.code });
}
