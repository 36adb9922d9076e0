// Which task to pick next: 24-hour orders first, then the oldest. Up to six go on one cart.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, chip, empty, footer, header, notice } from '../parts/parts.js';

/** @param {App} app */
export function view(app) {
  const { state, t } = app;
  const tasks = state.tasks ?? [];
  return html`${header(app, t('screen.tasks'))}
    <section class="fill list">
      ${state.tasks === null ? empty(t('tasks.loading'))
        : tasks.length === 0 ? empty(t('tasks.none'), html`<p class="sub">${t('tasks.none_hint')}</p>`)
        : tasks.map((task) => row(app, task))}
    </section>
    ${notice(app)}
    ${footer(action(app, {
      tone: 'main', why: app.why('task.take') ?? (tasks.length ? null : { code: 'no_task' }),
      text: state.chosen.length ? t('act.take_n', { n: state.chosen.length }) : t('act.take_first'),
      onPress: () => take(app),
    }))}`;
}

/** @param {App} app @param {TaskShort} task */
function row(app, task) {
  const { t, state } = app;
  const at = state.chosen.indexOf(task.id);
  return html`<button type="button" class="row ${task.lane === '24h' ? 'rush' : ''}"
      aria-pressed=${at >= 0 ? 'true' : 'false'} @click=${() => app.dispatch({ type: 'choose', id: task.id })}>
    <span class="row-main"><b>${t('tasks.pieces', { pieces: task.pieces, orders: task.orders.length })}</b>
      <span class="sub">${t('tasks.zones', { zones: task.zones })} · ${task.orders.map((o) => shortOrder(o.id)).join(' ')}</span></span>
    ${task.lane === '24h' ? chip('24H', 'rush') : nothing}
    ${at >= 0 ? html`<span class="slot">${at + 1}</span>` : nothing}
  </button>`;
}

/** @param {App} app */
function take(app) {
  const { chosen, tasks } = app.state;
  const ids = chosen.length ? chosen : (tasks ?? []).slice(0, 1).map((task) => task.id);
  if (ids.length) app.send('task.take', { task_ids: ids });
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  if (scan.type !== 'command' || scan.name === 'SHORT') { app.tell('wrong', 'notice.take_first'); return; }
  const why = app.why('task.take') ?? (app.state.tasks?.length ? null : { code: 'no_task' });
  if (why) { app.refuse(why); return; }
  if (scan.name === 'OK') take(app);
  else if (scan.name === 'QTY') choose(app, scan.qty ?? 0);
}

/** @param {App} app @param {number} place */
function choose(app, place) {
  const task = app.state.tasks?.[place - 1];
  if (task) app.dispatch({ type: 'choose', id: task.id });
}

