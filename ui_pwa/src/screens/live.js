// The floor at a glance, for those who look over it: what is stuck first, then what flows.

import { html, nothing } from '../../vendor/lit.js';
import { alarmText } from './dialogs.js';
import { approvalRow } from './approvals.js';
import { STUCK, orderRow } from './orders.js';
import { printers } from './printing.js';
import { action, header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, card, figure } from '../parts/sheets.js';

/** States that end an order; they are told last. */
const ENDED = ['shipped', 'handed_over', 'cancelled'];
const SHOWN_MAX = 6;

export const wide = true;
export const hears = /^(order|freeze|approval|print|task|alarm|label|session|count)\./;
export const reads = () => ({
  stuck: '/orders?stuck=yes',
  approvals: '/approvals',
  alarms: '/alarms',
  tasks: '/tasks',
  fixes: '/labels/fix-queue',
  counts: '/counts',
  prints: '/print-jobs',
  printers: '/printers',
});

/** @param {App} app */
export function view(app) {
  const { t } = app;
  return html`${header(app, t('screen.live'))}
    <section class="fill live">
      ${figures(app)}
      ${stuck(app)}
      ${approvalsCard(app)}
      ${alarms(app)}
      ${flow(app)}
      ${work(app)}
      ${card({ title: t('live.printers'), body: printers(app) || empty(t('live.no_printer')) })}
    </section>${notice(app)}`;
}

/** What waits for somebody, in large numbers; each leads to its list. @param {App} app */
function figures(app) {
  const { t, state } = app;
  const { seen } = state;
  const labels = (seen.prints?.jobs ?? []).filter((/** @type {PrintRow} */ j) =>
    ['unknown', 'slip', 'failed'].includes(j.state),
  );
  /** @type {[string, number, ScreenName, boolean][]} */
  const all = [
    ['approvals', seen.approvals?.approvals.length ?? 0, 'approvals', true],
    ['labels', labels.length, 'prints', true],
    ['fixes', seen.fixes?.orders.length ?? 0, 'fixes', true],
    ['tasks', seen.tasks?.tasks.length ?? 0, 'tasks', false],
    ['counts', seen.counts?.counts.length ?? 0, 'counts', false],
  ];
  return html`<div class="figures">${all.map(
    ([name, n, screen, urgent]) =>
      figure({
        n,
        text: t(`figure.${name}`),
        tone: n && urgent ? 'bad' : '',
        onPress: () => app.go(screen),
      }),
  )}</div>`;
}

/** How many wait, and the way to all of them where not all are shown. */
/** @param {App} app @param {number} n @param {() => void} onAll */
const total = (app, n, onAll) => html`${chip(String(n), n ? 'bad' : 'good')}${
  n > SHOWN_MAX ? action(app, { text: app.t('act.all'), onPress: onAll }) : nothing
}`;

/** @param {App} app */
function stuck(app) {
  const { t, state } = app;
  /** @type {OrderView[]} */
  const all = state.seen.stuck?.orders ?? [];
  return card({
    title: t('live.stuck'),
    behind: total(app, all.length, () => app.go('orders', STUCK)),
    tone: all.length ? 'bad' : '',
    body: all.length
      ? [...all].sort((a, b) => a.since - b.since).slice(0, SHOWN_MAX).map((o) => orderRow(app, o))
      : html`<p class="sub">${t('live.none_stuck')}</p>`,
  });
}

/** @param {App} app */
function approvalsCard(app) {
  const { t, state } = app;
  /** @type {ApprovalView[]} */
  const all = state.seen.approvals?.approvals ?? [];
  return card({
    title: t('screen.approvals'),
    behind: total(app, all.length, () => app.go('approvals')),
    body: all.length
      ? all.slice(0, SHOWN_MAX).map((each) => approvalRow(app, each))
      : html`<p class="sub">${t('approval.none')}</p>`,
  });
}

/** @param {App} app */
function alarms(app) {
  const { t, state } = app;
  /** @type {Alarm[]} */
  const all = state.seen.alarms?.alarms ?? [];
  return card({
    title: t('live.alarms'),
    behind: total(app, all.length, () => app.go('alarms')),
    body: all.length
      ? all.slice(0, SHOWN_MAX).map((each) =>
          row({
            main: alarmText(app, each),
            sub: age(app, each.raised_at),
            ...(each.facts.order ? { onPress: () => app.go('order', each.facts.order) } : {}),
          }),
        )
      : html`<p class="sub">${t('live.no_alarm')}</p>`,
  });
}

/** How many orders are in each state; where they end comes last. @param {App} app */
function flow(app) {
  const { t, state } = app;
  /** @type {[string, number][]} */
  const all = Object.entries(state.seen.stuck?.counts ?? {});
  const shown = all.filter(([, n]) => n > 0).sort(([a], [b]) => rank(a) - rank(b));
  const most = Math.max(1, ...shown.map(([, n]) => n));
  return card({
    title: t('live.flow'),
    body: html`<div class="bars">${shown.map(
      ([name, n]) =>
        html`<button type="button" class="bar-row" @click=${() => app.go('orders', name)}>
          <span>${t(`state.${name}`)}</span><meter min="0" max=${most} value=${n}
            aria-label=${t(`state.${name}`)}></meter><b>${n}</b></button>`,
    )}</div>`,
  });
}

/** @param {string} name */
const rank = (name) => ENDED.indexOf(name);

/** Who has what in hand. @param {App} app */
function work(app) {
  const { t, state } = app;
  /** @type {TaskShort[]} */
  const tasks = state.seen.tasks?.tasks ?? [];
  if (!tasks.length) return nothing;
  return card({
    title: t('live.tasks'),
    behind: action(app, { text: t('act.all'), onPress: () => app.go('tasks') }),
    body: tasks.slice(0, SHOWN_MAX).map((task) =>
      row({
        main: t('tasks.pieces', { pieces: task.pieces, orders: task.orders.length }),
        sub: `${t('tasks.zones', { zones: task.zones })} · ${age(app, task.created_at)}`,
        behind: task.lane === '24h' ? chip('24H', 'rush') : nothing,
        tone: task.lane === '24h' ? 'rush' : '',
      }),
    ),
  });
}
