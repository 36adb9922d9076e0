// Orders: found by scan or state, and one of them with all that was, is and could be done.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, header, notice, reason, whyFrozen } from '../parts/parts.js';
import { chip, empty, row, todo } from '../parts/rows.js';
import { age, card, facts, moment, strip } from '../parts/sheets.js';
import { askGift } from './asks.js';

/** Begins the QR of a label: its next part is the waybill number. */
const LABEL = /^FG1:([^:]+):/;
/** Entries that say nothing to a person about an order. */
const QUIET = /^(timer|command\.repeated|stock\.check|account\.counted)/;
/** In place of a state: whatever waits for somebody. */
export const STUCK = 'stuck';
/** Entries that stop an order. */
const ALARMING = /^(freeze\.opened|freeze\.contested|command\.refused|deadline|waybill\.voided)/;

export const orders = {
  hears: /^(order|freeze|approval)\./,
  /** @param {App} app */
  reads({ state: { about } }) {
    const asked = about === STUCK ? 'stuck=yes' : `state=${encodeURIComponent(about)}`;
    return { orders: `/orders?${asked}` };
  },
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    const { orders: found = [], counts = {} } = state.seen.orders ?? {};
    const states = Object.entries(counts).filter(([, n]) => n > 0);
    const lists = new Map(states.map(([name, n]) => [name, `${t(`state.${name}`)} ${n}`]));
    lists.set(STUCK, t('live.stuck'));
    return html`${header(app, t('screen.orders'))}
      ${todo(t('orders.scan'))}
      <section class="fill list">
        <div class="tiles">${[...lists].map(([name, text]) =>
          action(app, {
            text,
            pressed: state.about === name,
            onPress: () => app.go('orders', state.about === name ? '' : name),
          }),
        )}</div>
        ${
          found.length
            ? found.map((/** @type {OrderView} */ each) => orderRow(app, each))
            : empty(t('orders.none'))
        }
      </section>${notice(app)}`;
  },
  /** @param {App} app @param {Scan} scan */
  scan: (app, scan) => find(app, scan),
};

/** @param {App} app @param {OrderView} each */
export const orderRow = (app, each) =>
  row({
    main: html`${shortOrder(each.id)} ${app.name(each.state_name)}`,
    sub: html`${each.id} · ${age(app, each.since)} ${
      each.frozen.length ? chip(app.t('word.frozen'), 'bad') : nothing
    } ${each.marks.map((m) => chip(app.t(`mark.${m}`), 'bad'))}`,
    behind: each.lane === '24h' ? chip('24H', 'rush') : nothing,
    tone: each.frozen.length ? 'stopped' : each.lane === '24h' ? 'rush' : '',
    onPress: () => app.go('order', each.id),
  });

/** Open the order that a code is of: its id, its waybill or its tote. */
/** @param {App} app @param {Scan} scan */
function find(app, scan) {
  if (scan.type === 'command') app.tell('wrong', 'orders.scan');
  else app.go('order', LABEL.exec(scan.code)?.[1] ?? scan.code);
}

export const order = {
  hears: /./,
  /** @param {App} app */
  reads(app) {
    const path = `/orders/${encodeURIComponent(app.state.about)}`;
    return { order: path, timeline: `${path}/timeline`, gifts: `${path}/gifts` };
  },
  /** Found by its tote or waybill, it is shown by its own id. @param {App} app */
  seen(app) {
    const { seen, about } = app.state;
    if (is(seen.order, about) && seen.order.id !== about) app.go('order', seen.order.id);
  },
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    /** @type {OrderView | null} */
    const found = is(state.seen.order, state.about) ? state.seen.order : null;
    const back = () => app.go('orders');
    if (!found)
      return html`${header(app, `${t('word.order')} ${shortOrder(state.about)}`, back)}
        <section class="fill list">${
          isLetGo(app)
            ? card({ title: t('entry.orders.let_go'), body: timeline(app) })
            : empty(t('orders.loading', { order: state.about }))
        }</section>${notice(app)}`;
    return html`${header(app, `${t('word.order')} ${shortOrder(found.id)}`, back)}
      <section class="fill list">
        ${stateStrip(app, found)}
        ${found.approvals.map((id) =>
          action(app, {
            tone: 'main',
            text: t('orders.to_approval'),
            onPress: () => app.go('approval', id),
          }),
        )}
        ${card({ title: t('orders.open'), body: whyNot(app, found) })}
        ${card({ title: t('orders.parcel'), body: parcel(app, found) })}
        ${gifts(app, found)}
        ${card({ title: t('orders.lines'), body: lines(app, found) })}
        ${card({ title: t('orders.routing'), body: about(app, found) })}
        ${card({ title: t('orders.timeline'), body: timeline(app) })}
      </section>${notice(app)}`;
  },
  /** @param {App} app @param {Scan} scan */
  scan: (app, scan) => find(app, scan),
};

/** Tell whether the order's documents have left the box: its history is all there is. */
/** @param {App} app */
const isLetGo = ({ state }) =>
  state.seen.timeline?.entries.some(
    (/** @type {BoxEntry} */ e) =>
      e.kind === 'orders.let_go' && e.refs.includes(`order:${state.about}`),
  );

/** @param {OrderView | undefined} o @param {string} code of the order, its tote or its waybill */
const is = (o, code) => o !== undefined && [o.id, o.tote, o.parcel.waybill].includes(code);

/** @param {App} app @param {OrderView} o */
function stateStrip(app, o) {
  const { t } = app;
  const frozen = o.frozen.map((f) =>
    strip([whyFrozen(app, f), f.reason].filter(Boolean).join(' · '), 'bad'),
  );
  const tags = o.tags.filter((x) => o.lane !== '24h' || x !== '24H'); // the lane says it
  const now = html`<p class="lead">${app.name(o.state_name)}</p>
      <p>${t('orders.since', { age: age(app, o.since), roles: o.owner_role || null })}</p>
      <p>${o.lane === '24h' ? chip('24H', 'rush') : nothing}${
        o.priority ? chip(o.priority, 'rush') : nothing
      }${o.marks.map((m) => chip(t(`mark.${m}`), 'bad'))}${tags.map((x) => chip(x, 'tag'))}${
        o.remark_hits.map((x) => chip(x, 'tag'))
      }${o.trusted ? chip(t('orders.trusted'), 'bad') : nothing}${
        o.risk_pm > 850 ? chip(t('word.risk'), 'risk') : nothing
      }</p>`;
  return html`${strip(now, 'now')}${frozen}`;
}

/** Each action of a person that is closed now, with what is missing. */
/** @param {App} app @param {OrderView} o */
function whyNot(app, o) {
  const shut = Object.entries(o.why_not).filter(([kind]) => app.t(`action.${kind}`) !== kind);
  if (!shut.length) return html`<p class="sub">${app.t('orders.nothing_shut')}</p>`;
  return html`<div class="stack">${shut.map(([kind, why]) =>
    action(app, { text: app.t(`action.${kind}`), why: why[0], onPress: () => undefined }),
  )}</div>`;
}

/** What the carrier has said of its first scan. @param {OrderView} o */
function firstScan({ carrier }) {
  if (carrier.missing) return 'orders.carrier_missing';
  if (!carrier.first_scan_at) return 'orders.carrier_none';
  return carrier.late ? 'orders.carrier_late' : 'orders.carrier_ok';
}

/** The floor's truth and the carrier's, side by side. @param {App} app @param {OrderView} o */
function parcel(app, o) {
  const { waybill, carrier, grade, copies, job } = o.parcel;
  const red = o.carrier.late || o.carrier.missing;
  return html`${facts(app, { waybill, carrier, copies, tote: o.tote })}
    <p class="sub">${app.t(`grade.${grade}`)}${
      job ? ` · ${app.t(`state.${job.state}`)}` : ''
    }</p>
    ${strip(app.t(firstScan(o), o.carrier), red ? 'bad' : '')}`;
}

/** What was given, why, and what became of it. @param {App} app @param {OrderView} o */
function gifts(app, o) {
  const { t, state } = app;
  /** @type {GiftTrace | undefined} */
  const trace = state.seen.gifts?.order === o.id ? state.seen.gifts : undefined;
  if (!trace?.lines.length) return nothing;
  return card({
    title: t('orders.gifts'),
    body: html`${trace.lines.map((line) => giftLine(app, o, line))}
      <ol class="moments">${trace.events.map((each) =>
        moment(app, {
          at: each.at_us,
          what: t(`gift.${each.what}`, each),
          by: each.by,
          data: each.data,
        }),
      )}</ol>`,
  });
}

/** @param {App} app @param {OrderView} o @param {GiftTrace['lines'][number]} line */
function giftLine(app, o, line) {
  const { t } = app;
  const name = line.name ?? line.sku;
  const of = { name, qty: line.missing, other: line.suggest_name ?? line.suggest };
  const shown = row({
    main: app.name(name),
    sub: t('gift.counts', line),
    tone: line.missing ? 'stopped' : '',
  });
  if (!line.missing) return shown;
  const none = { code: 'gift_short', facts: of };
  return html`${shown}
    ${action(app, {
      text: t('act.gift_other', { other: of.other }),
      why: app.why('gift.substitute') ?? (line.suggest ? null : none),
      onPress: () => askGift(app, o.id, { no: line.line }),
    })}`;
}

/** @param {App} app @param {OrderView} o */
const lines = (app, o) =>
  o.lines.map((line) => {
    const found = o.short[line.no];
    return row({
      main: line.sku,
      sub: html`${line.gift ? chip(app.t('word.gift'), 'gift') : nothing} ${line.rule ?? ''} ${
        found === undefined ? nothing : chip(app.t('said.short', { found, qty: line.qty }), 'bad')
      }`,
      behind: html`<b>×${line.qty}</b>`,
    });
  });

/** @param {App} app @param {OrderView} o */
const about = (app, o) =>
  facts(app, {
    order: o.id,
    paid_at: o.paid_at,
    accepted_at: o.accepted_at,
    promise_at: o.promise,
    risk_pm: o.risk_pm,
    ...o.routing,
  });

/** @param {App} app */
function timeline(app) {
  /** @type {BoxEntry[]} */
  const entries = app.state.seen.timeline?.entries ?? [];
  const told = entries.filter((e) => !QUIET.test(e.kind));
  return html`<ol class="moments">${told.map((e) =>
    moment(app, {
      at: e.at,
      what: entryText(app, e),
      by: who(app, e),
      rules: e.rules,
      data: e.data,
      tone: ALARMING.test(e.kind) ? 'bad' : '',
    }),
  )}</ol>`;
}

/** @param {App} app @param {BoxEntry} e */
function entryText(app, e) {
  if (e.kind === 'command.refused')
    return app.t('entry.refused', {
      action: app.t(`action.${e.data.command}`),
      why: reason(app, { code: e.data.code, facts: e.data.facts }),
    });
  const state = (/** @type {string} */ name) => app.t(`state.${name}`);
  const { from, to } = e.data;
  const moved = e.kind === 'order.moved' ? { from: state(from), to: state(to) } : {};
  return app.t(`entry.${e.kind}`, { ...e.data, ...moved });
}

/** @param {App} app @param {BoxEntry} e */
function who(app, e) {
  const names = app.state.seen.timeline?.people ?? {};
  const actor = e.actor ?? '';
  return actor in names ? app.name(names[actor]) : app.t(`who.${actor || e.via}`);
}
