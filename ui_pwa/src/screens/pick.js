// The guided pick: location, item, quantity, each by scan.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { isLive, judge, keptSteps, need, orderForTote, picking, progress } from '../core/task.js';
import { action, footer, header, notice, whyFrozen } from '../parts/parts.js';
import { bar, chip, count, empty, marks, row, slotMark, tick } from '../parts/rows.js';
import { block } from '../parts/sheets.js';
import { askGift } from './asks.js';
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
    ${step ? stepView(app, task, step) : restView(app, task)}
    ${notice(app)}
    ${
      step
        ? stepFooter(app, task, step)
        : footer(
            action(app, {
              text: t('act.next_task'),
              tone: 'main',
              onPress: () => leave(app),
            }),
          )
    }`;
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

/** Nothing left to scan: done, or waiting for decisions. @param {App} app @param {TaskView} task */
function restView(app, task) {
  const { t, state } = app;
  const kept = keptSteps(
    task,
    state.outbox.map((k) => k.cmd),
  );
  const stopped = task.orders.every((o) => o.frozen || o.ended);
  const waits = stopped && task.orders.some((o) => o.frozen);
  const lead = stopped ? 'pick.all_stopped' : kept.size ? 'pick.all_kept' : 'pick.all_done';
  const next = waits ? 'hint.order_frozen' : stopped ? 'pick.put_back' : 'pick.to_station';
  return html`<section class="fill list" tabindex="0">
    <p class="lead">${t(lead)}</p>
    ${task.orders.map((order) => orderRow(app, task, order, kept.size > 0))}
    <p class="sub">${t(next)}</p>
  </section>`;
}

/** @param {App} app @param {TaskView} task @param {TaskOrder} order @param {boolean} kept */
function orderRow(app, task, order, kept) {
  const { t } = app;
  const stopped = order.frozen || order.ended;
  const why = order.frozen ? whyFrozen(app, order.frozen) : t(`state.${order.ended}`);
  return row({
    before: tick(app, stopped ? 'stopped' : kept ? 'kept' : 'done'),
    main: order.tote ?? shortOrder(order.id),
    sub: `${t('word.order')} ${shortOrder(order.id)}${stopped ? ` · ${why}` : ''}`,
    behind: task.orders.length > 1 ? slotMark(order.slot) : nothing,
    tone: stopped ? 'stopped' : '',
  });
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
  if (scan.type === 'tote') {
    await bindTote(app, task, step, scan.code);
    return;
  }
  if (!step) {
    app.tell('wrong', 'notice.all_done');
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
  else app.tell('good', next ? 'said.step_done' : 'said.task_done', facts);
}

/** @param {App} app @param {TaskView} task @param {Step | null} step @param {string} code */
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
  if (!task || !step) {
    if (card.name === 'OK') leave(app);
    return;
  }
  const wantsQty = need(task, step) === 'qty';
  if (card.name === 'SHORT') askShort(app);
  else if (card.name === 'SKIP') app.dispatch({ type: 'skip', step: step.no });
  else if (wantsQty && card.name === 'OK') confirmQty(app, step.qty);
  else if (wantsQty && card.qty !== null) confirmQty(app, card.qty);
  else if (wantsQty && card.digit !== null) {
    askQty(app, step);
    typed(app, card.digit);
  }
  else app.tell('wrong', `pick.do_${need(task, step)}`, { qty: step.qty });
}

/** @param {App} app */
function leave(app) {
  const { task } = app.state;
  if (task && app.state.outbox.some((k) => k.cmd.data.task_id === task.id)) {
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
  app.askQty(of, (qty) => confirmQty(app, qty));
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
  app.askQty(of, (found) => app.askReason('short', (reason) => shortPick(app, found, reason)));
}

/**
 * The counted quantity of a step that is counted rather than scanned piece by piece.
 * @param {App} app
 * @param {number} qty
 */
async function confirmQty(app, qty) {
  const { task, step } = picking(app.state);
  if (!task || !step) return;
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

/** @param {App} app @param {number} found @param {string} reason */
async function shortPick(app, found, reason) {
  const { task, step } = picking(app.state);
  if (!task || !step) return;
  const data = { task_id: task.id, step: step.no, found, reason };
  if (await app.send('pick.short', data, judge(task, 'pick.short', data))) {
    app.close();
    app.tell('good', 'said.short', { found, qty: step.qty });
  }
}
