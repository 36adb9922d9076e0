// The two short jobs at either end: handing parcels over, and putting goods back.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { count, empty, row, tick } from '../parts/rows.js';

export const handover = {
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    return html`${header(app, t('screen.handover'))}
      <p class="lead now">${t('handover.scan')}</p>
      <section class="fill list">${
        state.handed.length === 0
          ? empty(t('handover.none'))
          : state.handed.map((each) =>
              row({
                before: tick(app, 'done'),
                main: each.waybill,
                sub: `${t('word.order')} ${shortOrder(each.order_id)}`,
                tone: 'is-done',
              }),
            )
      }
      </section>${notice(app)}`;
  },
  /** @param {App} app @param {Scan} scan */
  scan(app, scan) {
    const why = app.why('handover.scan');
    if (why) app.refuse(why);
    else if (scan.type === 'command') app.tell('wrong', 'handover.scan');
    else app.send('handover.scan', { code: scan.code });
  },
};

export const putback = {
  /** @param {App} app */
  view(app) {
    const { t } = app;
    const order = chosen(app);
    const back = () => app.dispatch({ type: 'putback', id: null });
    return html`${header(app, t('screen.putback'))}
      <p class="lead now">${order ? t('putback.scan') : t('putback.choose')}</p>
      <section class="fill list">${order ? pieces(app, order) : orders(app)}</section>
      ${notice(app)}
      ${order ? footer(action(app, { text: t('act.other_order'), onPress: back })) : nothing}`;
  },
  /** @param {App} app @param {Scan} scan */
  scan(app, scan) {
    const why = app.why('putback.scan');
    const order = chosen(app) ?? (app.state.putbacks ?? []).find((o) => o.id === scan.code);
    if (why) app.refuse(why);
    else if (scan.type === 'command') app.tell('wrong', 'putback.choose');
    else if (!order) app.tell('wrong', 'putback.choose');
    else if (order.id === scan.code) app.dispatch({ type: 'putback', id: order.id });
    else app.send('putback.scan', { order_id: order.id, code: scan.code, qty: 1 });
  },
};

/** @param {App} app @param {OrderView} order */
function pieces(app, order) {
  return open(order).map((line) =>
    row({
      main: line.name ? app.name(line.name) : line.sku,
      sub: `${line.sku} · ${app.t('putback.to', line)}`,
      behind: count(line.done, line.qty),
    }),
  );
}

/** @param {App} app */
function orders(app) {
  const { t, state } = app;
  if (!state.putbacks?.length) return empty(t('putback.none'));
  return state.putbacks.map((each) =>
    row({
      main: `${t('word.order')} ${shortOrder(each.id)}`,
      sub: t(`state.${each.state}`),
      onPress: () => app.dispatch({ type: 'putback', id: each.id }),
    }),
  );
}

/** @param {App} app */
function chosen(app) {
  const orders = app.state.putbacks ?? [];
  return orders.find((o) => o.id === app.state.putback) ?? (orders.length === 1 ? orders[0] : null);
}

/** What is still to be put back. @param {OrderView} order */
function open(order) {
  return (order.put_back ?? []).filter((item) => item.done < item.qty);
}
