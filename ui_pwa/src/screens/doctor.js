// What ails the box, as its self-checks tell it: what was found, why it matters, what to do next.

import { html, nothing } from '../../vendor/lit.js';
import { BoxError, call } from '../io/box.js';
import { action, header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { card } from '../parts/sheets.js';

const TONES = { bad: 'bad', warn: 'bad', note: '', good: 'good' };

export const wide = true;
export const hears = /^status$/;
export const reads = () => ({ doctor: '/doctor' });

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  /** @type {Finding[] | undefined} */
  const findings = state.seen.doctor?.findings;
  const wrong = (findings ?? []).filter(isWrong);
  const well = (findings ?? []).filter((each) => !isWrong(each));
  return html`${header(app, t('screen.doctor'))}
    <section class="fill list" tabindex="0">
      ${findings ? verdict(app, wrong.length) : empty(t('doctor.looking'))}
      ${wrong.map((each) => ill(app, each))}
      ${well.map(({ check, found, severity }) =>
        row({
          main: t(`doctor.${check}`),
          sub: app.name(found),
          behind: chip(t(`severity.${severity}`), TONES[severity]),
        }),
      )}
    </section>${notice(app)}`;
}

/** @param {Finding} finding */
const isWrong = ({ severity }) => severity === 'bad' || severity === 'warn';

/** @param {App} app @param {number} n */
const verdict = (app, n) =>
  n
    ? html`<p class="strip bad">${app.t('doctor.wrong', { n })}</p>`
    : html`<p class="strip good">${app.t('doctor.well')}</p>`;

/** @param {App} app @param {Finding} finding */
function ill(app, { check, severity, found, why, next, fix }) {
  const { t } = app;
  const mend = fix
    ? action(app, { tone: 'main', text: t(`fix.${fix}`), onPress: () => fixed(app, fix) })
    : nothing;
  return card({
    title: t(`doctor.${check}`),
    tone: severity === 'bad' ? 'bad' : '',
    behind: chip(t(`severity.${severity}`), TONES[severity]),
    body: html`<p><b>${app.name(found)}</b></p>
      <p>${app.name(why)}</p>
      <p class="next">${t('doctor.next')} <code>${app.name(next)}</code></p>${mend}`,
  });
}

/** Let the box mend it, and show what is wrong then. @param {App} app @param {string} fix */
async function fixed(app, fix) {
  try {
    const value = await call('POST', '/doctor/fix', { fix });
    app.dispatch({ type: 'seen', what: 'doctor', value });
    const still = value.findings.some((/** @type {Finding} */ each) => each.fix === fix);
    app.tell(still ? 'wrong' : 'good', still ? 'notice.not_fixed' : 'notice.fixed');
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
  }
}
