// Training: how people do, who shall train, and the way onto one's own practice floor.

import { html, nothing } from '../../vendor/lit.js';
import { BoxError, call } from '../io/box.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, card } from '../parts/sheets.js';

/** The page's own data on a practice floor; the practice floor before it is gone with it. */
export const STORE = 'floor-practice';

export const hears = /^training\./;
export const reads = () => ({ training: '/training' });

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  const { trainees, people } = seen(app);
  const own = trainees.find((each) => each.person === state.session?.person.id);
  return html`${header(app, t('screen.training'))}
    <section class="fill list">
      ${own?.assigned_at ? html`<p class="strip now">${t('training.due')}</p>` : nothing}
      <p class="lead">${t('training.what')}</p>
      ${own ? resultOf(app, own, t('training.own')) : nothing}
      ${people.length ? overview(app) : nothing}
    </section>${notice(app)}
    ${footer(
      action(app, {
        tone: 'main',
        text: t('act.train'),
        why: whyNot(app),
        onPress: () => enter(app),
      }),
    )}`;
}

/** @param {App} app @returns {{trainees: TraineeRow[], people: {id: string, name: Name}[]}} */
const seen = (app) => app.state.seen.training ?? { trainees: [], people: [] };

/** @param {App} app @returns {Refusal | null} */
function whyNot(app) {
  const { link, task, outbox } = app.state;
  if (link !== 'up') return { code: 'box_away' };
  if (task && task.state !== 'done') return { code: 'task_in_hand', facts: { task: task.id } };
  return outbox.length ? { code: 'kept_first' } : null;
}

/** Everybody's results, and who may be told to train. @param {App} app */
function overview(app) {
  const { t } = app;
  const { trainees, people } = seen(app);
  const due = new Set(trainees.filter((each) => each.assigned_at).map((each) => each.person));
  return html`<h2>${t('training.results')}</h2>
    ${
      trainees.length
        ? trainees.map((each) => resultOf(app, each, app.name(each.name)))
        : empty(t('training.none'))
    }
    <h2>${t('training.assign')}</h2>
    ${people.map((each) =>
      row({
        main: app.name(each.name),
        sub: each.id,
        behind: due.has(each.id) ? chip(t('training.assigned'), 'tag') : nothing,
        pressed: due.has(each.id),
        onPress: () => assign(app, each.id),
      }),
    )}`;
}

/** @param {App} app @param {TraineeRow} of @param {string} title */
function resultOf(app, of, title) {
  const { t } = app;
  /** @type {(pm: number | null) => string} */
  const share = (pm) => (pm === null ? '—' : `${(pm / 10).toFixed(1)} %`);
  const done = Object.values(of.lessons).filter(Boolean).length;
  const facts = { done, lessons: Object.keys(of.lessons).length, n: of.mistakes };
  return card({
    title,
    behind: of.assigned_at ? chip(t('training.assigned'), 'tag') : nothing,
    body: html`<div class="figures">
        ${figure(share(of.wrong_pm), t('training.wrong'), of.wrong > 0)}
        ${figure(share(of.on_time_pm), t('training.on_time'), false)}
        ${figure(String(of.shipped), t('training.shipped'), false)}
      </div>
      <p class="sub">${t('training.lessons', facts)} · ${t('training.mistakes', facts)}${
        of.last_at ? html` · ${age(app, of.last_at)}` : nothing
      }</p>`,
  });
}

/** @param {string} value @param {string} label @param {boolean} bad */
const figure = (value, label, bad) =>
  html`<div class="figure ${bad ? 'bad' : ''}"><b>${value}</b><span>${label}</span></div>`;

/** @param {App} app @param {string} person */
function assign(app, person) {
  const why = app.why('training.assign');
  if (why) app.refuse(why);
  else app.send('training.assign', { person });
}

/** Go to a practice floor; the page begins anew there. @param {App} app */
async function enter(app) {
  try {
    await call('POST', '/practice');
    indexedDB.deleteDatabase(STORE);
    const { lang, theme, prefix, profile, intake } = app.state;
    const carried = { lang, theme, prefix, profile, intake };
    sessionStorage.setItem('floor.carried', JSON.stringify(carried));
    location.assign('/?practice');
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
  }
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  const why = whyNot(app);
  if (scan.type !== 'command' || scan.name !== 'OK') app.tell('wrong', 'training.scan_ok');
  else if (why) app.refuse(why);
  else enter(app);
}
