// On a practice floor: its lessons, the coach above each screen, and the goods to scan.

import { html, nothing } from '../../vendor/lit.js';
import { BoxError, call } from '../io/box.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { row, tick } from '../parts/rows.js';

const CODES = '/api/v1/practice/code.svg?text=';

/** @param {App} app */
export function view(app) {
  const { t } = app;
  const at = lesson(app);
  if (!at) return html`${header(app, t('screen.lesson'))}${notice(app)}`;
  return html`${header(app, t('screen.lesson'))}
    <section class="fill list">
      ${at.say === 'done' ? result(app, at) : nothing}
      ${at.lessons.map((id, i) =>
        row({
          before: tick(app, at.done.includes(id) ? 'done' : 'open'),
          main: t(`lesson.${id}`),
          sub: t('lesson.no', { n: i + 1 }),
          onPress: () => begin(app, id),
        }),
      )}
    </section>${notice(app)}
    ${footer(
      action(app, { text: t('act.leave_training'), onPress: () => app.signOut() }),
      action(app, {
        tone: 'main',
        text: t('act.begin_lesson', { lesson: t(`lesson.${next(at)}`) }),
        onPress: () => begin(app, next(at)),
      }),
    )}`;
}

/** @param {App} app @returns {LessonView | undefined} */
const lesson = (app) => app.state.seen.lesson;

/** The first lesson that is not done; the first one again after the last. @param {LessonView} at */
const next = (at) => at.lessons.find((id) => !at.done.includes(id)) ?? at.lessons[0];

/** @param {App} app @param {LessonView} at */
function result(app, at) {
  const { t } = app;
  const tone = at.wrong ? 'bad' : 'good';
  const facts = { mistakes: at.mistakes, took_s: at.took_s, allowed_s: at.allowed_s };
  return html`<div class="strip ${tone}">
    <b>${t(`lesson.${at.lesson}`)}: ${t(at.wrong ? 'lesson.wrong' : 'lesson.right')}</b>
    <p>${t('lesson.result', facts)}</p>
    ${at.on_time ? nothing : html`<p>${t('lesson.late')}</p>`}
    ${at.done.length === at.lessons.length ? html`<p>${t('lesson.all_done')}</p>` : nothing}
  </div>`;
}

/** What stands above every screen: that nothing is real, and what to do now. @param {App} app */
export function strip(app) {
  const { t } = app;
  const at = lesson(app);
  const coach = at && (at.is_coached || at.place === 'lesson' ? `coach.${at.say}` : 'coach.alone');
  return html`<aside class="practice" aria-label=${t('lesson.banner')}>
    <p class="practice-sign">${t('lesson.banner')}</p>
    ${coach ? html`<p class="coach" role="status">${t(coach, at.facts)}</p>` : nothing}
    ${at && at.place !== 'lesson' ? goods(app, at) : nothing}
  </aside>`;
}

/** What a trainee without the printed sheet scans off the screen, or presses. */
/** @param {App} app @param {LessonView} at */
function goods(app, at) {
  const { t } = app;
  /** @type {(text: string, name: string, qty: number) => unknown} */
  const code = (text, name, qty) => html`<button type="button" class="ware"
      @click=${() => app.onScan(text)}>
      <img src=${CODES + encodeURIComponent(text)} alt="" loading="lazy">
      <span>${name}</span>${qty ? html`<small>${t('lesson.pieces', { n: qty })}</small>` : nothing}
    </button>`;
  return html`<details class="wares"><summary>${t('lesson.goods')}</summary>
    <div class="ware-list">
      ${at.label ? code(at.label, t('lesson.label'), 0) : nothing}
      ${at.totes.map((tote) => code(tote, tote, 0))}
      ${at.shelves.map((shelf) => [
        code(shelf.location, shelf.location, 0),
        ...shelf.goods.map((good) => code(good.code, app.name(good.name), good.qty)),
      ])}
    </div></details>`;
}

/** Read where the trainee stands, and go where the work is. @param {App} app */
export async function look(app) {
  const before = lesson(app);
  try {
    follow(app, before, await call('GET', '/lesson'));
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    if (error.status === 404) location.replace('/');
  }
}

/** @param {App} app @param {LessonView | undefined} before @param {LessonView} now */
function follow(app, before, now) {
  app.dispatch({ type: 'seen', what: 'lesson', value: now });
  const moved = before?.place !== now.place || before.order !== now.order;
  if (!moved || app.state.dialog || app.state.screen === now.place) return;
  app.go(now.place);
  if (now.say === 'done') app.tell('good', now.wrong ? 'lesson.wrong' : 'lesson.right');
}

/** @param {App} app @param {string} id */
async function begin(app, id) {
  const before = lesson(app);
  try {
    follow(app, before, await call('POST', '/lesson', { lesson: id }));
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
  }
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  const at = lesson(app);
  if (!at) return;
  const nth = scan.type === 'command' ? scan.nth : 0;
  if (at.lessons[nth - 1]) begin(app, at.lessons[nth - 1]);
  else if (scan.type === 'command' && scan.name === 'OK') begin(app, next(at));
  else app.tell('wrong', 'lesson.scan_ok');
}
