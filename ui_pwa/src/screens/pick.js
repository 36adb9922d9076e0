// The guided pick: location, item, quantity, each by scan.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import {
  endings, isInHand, isLive, judge, need, orderForTote, picking, progress,
} from '../core/task.js';
import { action, footer, header, notice, whyFrozen } from '../parts/parts.js';
import { bar, chip, count, empty, marks, row, slotMark, tick, todo } from '../parts/rows.js';
import { block } from '../parts/sheets.js';
import { askGift, release } from './asks.js';
import { typed } from './dialogs.js';

/** @param {App} app */
export function view(app) {
  const { t } = app;
  const { task, step } = picking(app.state);
  if (!task)
    return html`${header(app, t('screen.pick'))}${empty(t('pick.no_task'))}${notice(app)}
    ${footer(toTasks(app))}`;
  const at = progress(task);
  const label = t('pick.progress', at);
  return html`${header(app, t('screen.pick'))}
    ${bar(at.picked, at.pieces, label)}
    ${step ? stepView(app, task, step) : restView(app)}
    ${notice(app)}
    ${step ? stepFooter(app, task, step) : restFooter(app)}`;
}

/** @param {App} app */
const toTasks = (app) =>
  action(app, { text: app.t('screen.tasks'), tone: 'main', onPress: () => app.go('tasks') });

/** @param {App} app @param {TaskView} task @param {Step} step */
function stepView(app, task, step) {
  const { t } = app;
  const wants = need(task, step);
  const there = wants === 'item' || wants === 'qty';
  const order = task.orders.find((o) => o.id === step.order);
  const cluster = task.orders.length > 1;
  return html`<section class="pick fill wants-${wants}">
    ${block({
      now: wants === 'location',
      label: wants === 'location' ? t('pick.go') : t('word.location'),
      code: step.location,
      behind: there ? tick(app, app.state.outbox.length ? 'kept' : 'done') : nothing,
    })}
    <div class="item ${there ? 'now' : ''}">
      <div class="item-text"><p class="name">${app.name(step.name)}</p>
        <p class="sku">${step.sku} ${marks(app, step)}${(order?.tags ?? []).map((tag) =>
          chip(tag, 'tag'),
        )}${(order?.risk_pm ?? 0) > 850 ? chip(t('word.risk'), 'risk') : nothing}</p></div>
      ${count(step.picked, step.qty)}
    </div>
    <div class="tote ${wants === 'tote' ? 'now' : ''}">
      ${cluster ? slotMark(step.slot) : nothing}
      <span>${order?.tote ? t('pick.into', order) : t('pick.bind_tote', step)}</span>
    </div>
    <p class="do">${t(doKey(wants, step), { qty: step.qty - step.picked })}</p>
    ${order?.note ? html`<p class="note">${order.note}</p>` : nothing}
  </section>`;
}

/** @param {Need} wants @param {Step} step */
const doKey = (wants, step) =>
  `pick.do_${wants}${wants === 'item' && step.check === 'confirm' ? '_once' : ''}`;

/** @param {App} app @param {TaskView} task @param {Step} step */
function stepFooter(app, task, step) {
  const { t } = app;
  const wants = need(task, step);
  const many = task.steps.filter((s) => !s.done && isLive(task, s)).length > 1;
  return footer(
    action(app, { text: t('act.short'), why: app.why('pick.short'), onPress: () => askShort(app) }),
    wants === 'qty'
      ? action(app, { text: t('act.qty'), tone: 'main', onPress: () => askQty(app, step) })
      : action(app, {
          text: t('act.skip'),
          why: many ? null : { code: 'last_step' },
          onPress: () => app.dispatch({ type: 'skip', step: step.no }),
        }),
  );
}

/** The signs of orders on which there is nothing left to scan. */
const TICKS = /** @type {const} */ ({
  pack: 'done', aside: 'short', back: 'stopped', none: 'done', frozen: 'stopped', lost: 'stopped',
  kept: 'kept', kept_short: 'kept',
});

/** Nothing left to scan: what became of each order, and where its goods go now. */
/** @param {App} app */
function restView(app) {
  const { t, state } = app;
  const all = endings(state);
  const [first, ...others] = all.map((each) => endText(app, each));
  const alike = others.every((text) => text === first);
  return html`<section class="fill list" tabindex="0">
    <p class="lead">${alike ? first : t('pick.end_mixed')}</p>
    ${alike ? todo(whereTo(app, all[0].ending)) : nothing}
    ${all.map((each) => orderRow(app, each, alike))}
  </section>`;
}

/** What became of an order. @param {App} app @param {{order: TaskOrder, ending: Ending}} of */
const endText = (app, { order, ending }) =>
  ending === 'aside' || ending === 'none'
    ? app.name(order.state_name)
    : app.t(`pick.end_${ending}`);

/** What to do with the goods of an order. @param {App} app @param {Ending} ending */
function whereTo({ t, state }, ending) {
  const isSending = ending.startsWith('kept') && state.link === 'up';
  return t(`pick.goes_${isSending ? 'soon' : ending}`);
}

/**
 * @param {App} app
 * @param {{order: TaskOrder, ending: Ending}} of
 * @param {boolean} alike the same is to be done with all of them, and said above
 */
function orderRow(app, { order, ending }, alike) {
  const { t, state } = app;
  const isShort = state.task?.steps.some((s) => s.order === order.id && s.found !== null);
  const sign = order.ended ? 'stopped' : ending === 'none' && isShort ? 'short' : TICKS[ending];
  const isKnown = !ending.startsWith('kept'); // to the box too
  const how = isKnown ? app.name(order.state_name) : t(`pick.end_${ending}`);
  const why = order.frozen ? whyFrozen(app, order.frozen) : how;
  return row({
    before: tick(app, sign),
    main: order.tote ?? shortOrder(order.id),
    sub: html`${alike ? nothing : html`<strong>${whereTo(app, ending)}</strong><br>`}
      ${t('word.order')} ${shortOrder(order.id)} · ${why}`,
    behind: (state.task?.orders.length ?? 0) > 1 ? slotMark(order.slot) : nothing,
    tone: sign === 'stopped' ? 'stopped' : '',
    ...(ending === 'back' ? { onPress: () => app.go('putback', order.id) } : {}),
  });
}

/** @param {App} app */
function restFooter(app) {
  const [first, ...others] = ways(app);
  return footer(others.map((way) => action(app, way)), action(app, { tone: 'main', ...first }));
}

/**
 * What comes after a task; the first is what the OK card does.
 * @param {App} app
 * @returns {{text: string, onPress: () => void, why?: Refusal | null}[]}
 */
function ways(app) {
  const { t, state } = app;
  const back = endings(state).find(({ ending }) => ending === 'back');
  const next = { text: t('act.next_task'), onPress: () => leave(app) };
  if (back && !isInHand(state))
    return [{ text: t('screen.putback'), onPress: () => app.go('putback', back.order.id) }, next];
  if (isInHand(state) && endings(state).some(({ ending }) => ending === 'frozen'))
    return [{ text: t('act.release'), why: app.why('task.release'), onPress: () => release(app) }];
  return [next];
}

/** @param {App} app @param {Scan} scan */
export async function scan(app, scan) {
  const { task, step } = picking(app.state);
  if (scan.type === 'command') {
    command(app, scan, step);
    return;
  }
  if (!task) {
    app.tell('wrong', 'pick.no_task');
    return;
  }
  if (!step) {
    app.tell('wrong', 'notice.all_done');
    return;
  }
  if (scan.type === 'tote') {
    await bindTote(app, task, step, scan.code);
    return;
  }
  const data = { task_id: task.id, step: step.no, code: scan.code };
  const said = judge(task, 'pick.scan', data);
  if (!(await app.send('pick.scan', data, said))) return;
  if (!said.ok) {
    app.tell('wrong', `refusal.${said.code}`, said.facts, `hint.${said.code}`);
    return;
  }
  if (said.code === 'location') app.tell('good', 'said.location', { code: step.location });
  else if (said.code === 'need_qty') {
    app.tell('kept', 'said.need_qty', { qty: step.qty });
    askQty(app, step);
  } else tellPicked(app, step.no);
}

/** @param {App} app @param {number} no */
function tellPicked(app, no) {
  const { task, step: next } = picking(app.state);
  const step = task?.steps.find((s) => s.no === no);
  if (!step) return;
  const facts = { picked: step.found ?? step.picked, qty: step.qty };
  if (!step.done) app.tell('kept', 'said.item', facts);
  else app.tell('good', next || !isWhole(app) ? 'said.step_done' : 'said.task_done', facts);
}

/** Whether nothing of the task is missing, frozen or ended. @param {App} app */
const isWhole = (app) =>
  endings(app.state).every(({ ending }) => ending === 'pack' || ending === 'kept');

/** @param {App} app @param {TaskView} task @param {Step} step @param {string} code */
async function bindTote(app, task, step, code) {
  const order = orderForTote(task, step);
  if (!order) {
    app.tell('wrong', 'refusal.totes_bound', { code });
    return;
  }
  const data = { task_id: task.id, order_id: order.id, code };
  const said = judge(task, 'tote.bind', data);
  if (!(await app.send('tote.bind', data, said))) return;
  if (said.ok) app.tell('good', 'said.tote', { code, order: order.id, slot: order.slot });
  else app.tell('wrong', `refusal.${said.code}`, said.facts);
}

/** @param {App} app @param {Extract<Scan, {type: 'command'}>} card @param {Step | null} step */
function command(app, card, step) {
  const { task } = picking(app.state);
  if (task && card.name === 'ASK') {
    const short = task.steps.find((s) => s.gift && s.found !== null && isLive(task, s));
    const gift = short ?? (step?.gift ? step : undefined);
    askGift(app, gift?.order ?? '', gift && { no: gift.line });
    return;
  }
  if (!task) {
    if (card.name === 'OK') app.go('tasks');
    return;
  }
  if (!step) {
    const [way] = ways(app);
    if (card.name !== 'OK') app.tell('wrong', 'notice.all_done');
    else if (way.why) app.refuse(way.why);
    else way.onPress();
    return;
  }
  const wantsQty = need(task, step) === 'qty';
  if (card.name === 'SHORT') askShort(app);
  else if (card.name === 'SKIP') app.dispatch({ type: 'skip', step: step.no });
  else if (wantsQty && card.name === 'OK') confirmQty(app, step, step.qty);
  else if (wantsQty && card.qty !== null) confirmQty(app, step, card.qty);
  else if (wantsQty && card.digit !== null) {
    askQty(app, step);
    typed(app, card.digit);
  }
  else app.tell('wrong', `pick.do_${need(task, step)}`, { qty: step.qty });
}

/** @param {App} app */
function leave(app) {
  const { task } = app.state;
  if (task && app.state.outbox.some((k) => !k.parked && k.cmd.data.task_id === task.id)) {
    app.refuse({ code: 'kept_first' });
    return;
  }
  app.dispatch({ type: 'task_left' });
  app.refresh('tasks');
}

/** @param {App} app @param {Step} step */
function askQty(app, step) {
  const left = step.qty - step.picked;
  const of = { title: app.t('qty.pick'), label: app.name(step.name), max: left, preset: left };
  app.askQty(of, (qty) => confirmQty(app, step, qty));
}

/** @param {App} app */
function askShort(app) {
  const { step } = picking(app.state);
  if (!step) return;
  const max = step.qty - 1;
  const of = {
    title: app.t('qty.short'),
    label: app.name(step.name),
    max,
    preset: Math.min(step.picked, max),
  };
  const then = (/** @type {number} */ found) =>
    app.askReason('short', (reason) => shortPick(app, step, found, reason));
  app.askQty(of, then);
}

/**
 * The counted quantity of a step that is counted rather than scanned piece by piece.
 * @param {App} app
 * @param {Step} step
 * @param {number} qty
 */
async function confirmQty(app, step, qty) {
  const task = taskIfStill(app, step);
  if (!task) return;
  const data = { task_id: task.id, step: step.no, qty };
  const said = judge(task, 'pick.qty', data);
  if (!(await app.send('pick.qty', data, said))) return;
  if (!said.ok) {
    app.tell('wrong', `refusal.${said.code}`, said.facts, `hint.${said.code}`);
    return;
  }
  app.close();
  tellPicked(app, step.no);
}

/**
 * The task, if the step that was asked about is still the one in hand; what was answered about
 * another is said to count for nothing.
 * @param {App} app
 * @param {Step} asked
 */
function taskIfStill(app, asked) {
  const { task, step } = picking(app.state);
  if (task && step?.no === asked.no && step.order === asked.order) return task;
  app.close();
  app.tell('stop', 'notice.step_changed', { name: asked.name }, 'hint.step_changed');
  return null;
}

/** @param {App} app @param {Step} step @param {number} found @param {string} reason */
async function shortPick(app, step, found, reason) {
  const task = taskIfStill(app, step);
  if (!task) return;
  const data = { task_id: task.id, step: step.no, found, reason };
  if (await app.send('pick.short', data, judge(task, 'pick.short', data))) {
    app.close();
    app.tell('good', 'said.short', { found, qty: step.qty });
  }
}
