// Calibration: three printed codes tell what this scanner does, and which settings to change.

import { html, nothing } from '../../vendor/lit.js';
import { CODES, SILENCE_MS, judge, profileOf } from '../core/calibration.js';
import { signal } from '../io/signals.js';
import { action, footer, header } from '../parts/parts.js';
import { chip } from '../parts/rows.js';
import { card } from '../parts/sheets.js';

const NAMES = /** @type {import('../core/calibration.js').CodeName[]} */ (Object.keys(CODES));

/** @type {Reading[]} */
let readings = [];
/** Which code is wanted now; those that this scanner cannot read are skipped. */
let at = 0;
/** @type {import('../core/calibration.js').Piece[]} */
let pieces = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence;
let done = false;

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  const onward = state.session ? 'act.back' : 'screen.signin';
  if (!done) listen(app);
  return html`${header(app, t('screen.calibrate'))}
    <section class="fill list">
      ${done ? nothing : wanted(app, NAMES[at])}
      ${readings.map((each) => result(app, each))}
      ${done && state.profile ? summary(app, state.profile) : nothing}
    </section>
    ${
      done
        ? footer(
            action(app, { text: t('act.calibrate_again'), onPress: () => again(app) }),
            action(app, { tone: 'main', text: t(onward), onPress: () => leave(app) }),
          )
        : footer(
            action(app, { text: t(onward), onPress: () => leave(app) }),
            action(app, { text: t('act.skip_code'), onPress: () => next(app) }),
          )
    }`;
}

/** @param {App} app @param {string} name */
const wanted = ({ t }, name) => html`<div class="stack">
  <p class="lead now">${t('calibrate.scan', { n: at + 1 })}</p>
  <p>${t(`calibrate.${name}`)}</p>
  <p class="sub">${t('calibrate.sheet')}</p>
  <a class="to-order" href="/api/v1/sheet.pdf" target="_blank" rel="noopener">${t(
    'act.sheet',
  )}</a></div>`;

/** @param {App} app @param {Reading} of */
function result(app, of) {
  const { t } = app;
  const good = !of.lost.length && !of.swapped.length && !of.fullWidth;
  const chars = of.lost.map((c) => (c === '\x1d' ? 'GS' : c)).join(' ');
  const swaps = of.swapped.map(([was, got]) => `${was}→${got}`).join(' ');
  return card({
    title: t(`calibrate.name_${of.name}`),
    behind: chip(t(good ? 'calibrate.good' : 'calibrate.bad'), good ? 'good' : 'bad'),
    body: html`<p>${t('calibrate.gaps', of)}</p>
      ${of.lost.length ? html`<p>${t('calibrate.lost')} ${chars}</p>` : nothing}
      ${swaps ? html`<p>${t('calibrate.swapped')} ${swaps}</p>` : nothing}`,
  });
}

/** What was learnt, and the exact settings to change. */
/** @param {App} app @param {ScannerProfile} of */
function summary(app, of) {
  const { t } = app;
  const facts = { prefix: of.prefix || '—', end: of.end || '—', p50: of.p50, p95: of.p95 };
  return card({
    title: t(of.faults.length ? 'calibrate.change' : 'calibrate.all_good'),
    tone: of.faults.length ? 'bad' : '',
    body: html`<p>${t(`calibrate.via_${of.via}`)}</p><p>${t('calibrate.learnt', facts)}</p>
      <ol class="plain-list">${of.faults.map(
        (fault) => html`<li>${t(`calibrate_set.${fault}`)}</li>`,
      )}</ol>`,
  });
}

/** Everything that the scanner sends comes here, as it is. @param {App} app */
function listen(app) {
  const { wedge } = app;
  if (!wedge || wedge.tap) return;
  wedge.tap = (chars, atMs, via) => {
    pieces.push({ chars, atMs, via });
    clearTimeout(silence);
    silence = setTimeout(() => take(app), SILENCE_MS);
  };
}

/** One code is whole. @param {App} app */
function take(app) {
  const reading = judge(NAMES[at], pieces);
  readings = [...readings, reading];
  signal(reading.lost.length || reading.swapped.length ? 'wrong' : 'good');
  next(app);
}

/** Go on to the next code, or to what was learnt. @param {App} app */
function next(app) {
  pieces = [];
  clearTimeout(silence);
  at += 1;
  if (at === NAMES.length) finish(app);
  else app.paint();
}

/** @param {App} app */
function finish(app) {
  unlisten(app);
  if (!readings.length) {
    leave(app);
    return;
  }
  done = true;
  app.dispatch({ type: 'profile', profile: profileOf(readings) });
}

/** @param {App} app */
function unlisten(app) {
  clearTimeout(silence);
  pieces = [];
  if (app.wedge) app.wedge.tap = null;
}

/** @param {App} app */
function again(app) {
  forget();
  app.paint();
}

/** @param {App} app */
function leave(app) {
  unlisten(app);
  forget();
  app.goHome();
}

function forget() {
  readings = [];
  at = 0;
  done = false;
}

/** Scans come here only once all is learnt. @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  if (scan.type === 'command' && scan.name === 'OK') leave(app);
  else app.tell('good', 'status.scanned', { text: scan.code });
}
