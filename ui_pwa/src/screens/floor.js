// The two short jobs at either end: handing parcels over, and putting goods back.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, count, empty, footer, header, notice, tick } from '../parts/parts.js';

export const handover = {
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    return html`${header(app, t('screen.handover'))}
      <p class="lead now">${t('handover.scan')}</p>
      <section class="fill list">${state.handed.length === 0 ? empty(t('handover.none'))
        : state.handed.map((each) => html`<div class="row is-done">${tick(app, 'done')}
          <span class="row-main"><b>${each.waybill}</b><span class="sub">${t('word.order')} ${shortOrder(each.order_id)}</span></span></div>`)}
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
    const { t, state } = app;
    const order = chosen(app);
    return html`${header(app, t('screen.putback'))}
      <p class="lead now">${order ? t('putback.scan') : t('putback.choose')}</p>
      <section class="fill list">${order ? open(order).map((line) => html`
          <div class="row"><span class="row-main"><b>${line.name ? app.name(line.name) : line.sku}</b>
            <span class="sub">${line.sku}${line.location ? html` · ${t('putback.to', line)}` : nothing}</span></span>
            ${count(line.done, line.qty)}</div>`)
        : (state.putbacks ?? []).length === 0 ? empty(t('putback.none'))
        : state.putbacks?.map((each) => html`<button type="button" class="row"
            @click=${() => app.dispatch({ type: 'putback', id: each.id })}>
            <span class="row-main"><b>${t('word.order')} ${shortOrder(each.id)}</b>
              <span class="sub">${t(`state.${each.state}`)}</span></span></button>`)}
      </section>${notice(app)}
      ${order ? footer(action(app, { text: t('act.other_order'), onPress: () => app.dispatch({ type: 'putback', id: null }) })) : nothing}`;
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

/** @param {App} app */
function chosen(app) {
  const orders = app.state.putbacks ?? [];
  return orders.find((o) => o.id === app.state.putback) ?? (orders.length === 1 ? orders[0] : null);
}

/** What is still to be put back. @param {OrderView} order */
function open(order) {
  return (order.put_back ?? []).filter((item) => item.done < item.qty);
}
