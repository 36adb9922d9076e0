// Which task to pick next: 24-hour orders first, then the oldest. Up to six go on one cart.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip, empty, row, slotMark } from '../parts/rows.js';

/** @param {App} app */
export function view(app) {
  const { state, t } = app;
  const tasks = state.tasks ?? [];
  return html`${header(app, t('screen.tasks'))}
    <section class="fill list">
      ${
        state.tasks === null
          ? empty(t('tasks.loading'))
          : tasks.length === 0
            ? empty(t('tasks.none'), html`<p class="sub">${t('tasks.none_hint')}</p>`)
            : tasks.map((task) => taskRow(app, task))
      }
    </section>
    ${notice(app)}
    ${footer(
      action(app, {
        tone: 'main',
        why: whyNot(app),
        text: state.chosen.length
          ? t('act.take_n', { n: state.chosen.length })
          : t('act.take_first'),
        onPress: () => take(app),
      }),
    )}`;
}

/** @param {App} app @returns {Refusal | null} */
function whyNot(app) {
  const { tasks } = app.state;
  if (tasks?.length) return app.why('task.take');
  return app.why('task.take') ?? { code: tasks ? 'no_task' : 'still_reading' };
}

/** @param {App} app @param {TaskShort} task */
function taskRow(app, task) {
  const { t, state } = app;
  const at = state.chosen.indexOf(task.id);
  const rush = task.lane === '24h';
  const orders = task.orders.map((o) => shortOrder(o.id)).join(' ');
  return row({
    main: t('tasks.pieces', { pieces: task.pieces, orders: task.orders.length }),
    sub: `${t('tasks.zones', { zones: task.zones, n: task.zones.length })} · ${orders}`,
    behind: html`${rush ? chip('24H', 'rush') : nothing}${at >= 0 ? slotMark(at + 1) : nothing}`,
    tone: rush ? 'rush' : '',
    pressed: at >= 0,
    onPress: () => app.dispatch({ type: 'choose', id: task.id }),
  });
}

/** @param {App} app */
function take(app) {
  const { chosen, tasks } = app.state;
  const ids = chosen.length ? chosen : (tasks ?? []).slice(0, 1).map((task) => task.id);
  if (ids.length) app.send('task.take', { task_ids: ids });
}

/** @param {App} app @param {Scan} scan */
export async function scan(app, scan) {
  if (scan.type !== 'command' || scan.name === 'SHORT') {
    app.tell('wrong', 'notice.take_first');
    return;
  }
  if (app.state.tasks === null) {
    app.followed((follow) => follow.read(app, 'tasks')); // now: the scan may mean one of them
    await app.following;
  }
  const why = whyNot(app);
  if (why) {
    app.refuse(why);
    return;
  }
  if (scan.name === 'OK') take(app);
  else if (scan.nth) choose(app, scan.nth);
  else app.tell('wrong', 'notice.take_first');
}

/** @param {App} app @param {number} place */
function choose(app, place) {
  const task = app.state.tasks?.[place - 1];
  if (task) app.dispatch({ type: 'choose', id: task.id });
}
