// Handing parcels over to the carrier, one scan each.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { header, notice } from '../parts/parts.js';
import { empty, row, tick, todo } from '../parts/rows.js';
import { evidence } from './film.js';

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  return html`${header(app, t('screen.handover'))}
    ${todo(t('handover.scan'))}${newest(app)}
    <section class="fill list" tabindex="0">${
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
}

/** What shows how the parcel looked that was handed over just now. @param {App} app */
function newest(app) {
  const [last] = app.state.handed;
  if (!last) return nothing;
  return html`<div class="newest"><p>${app.t('handover.newest', { order: last.order_id })}</p>
    ${evidence(app, last.order_id)}</div>`;
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  const why = app.why('handover.scan');
  if (why) app.refuse(why);
  else if (scan.type === 'command') app.tell('wrong', 'handover.scan');
  else app.send('handover.scan', { code: scan.code });
}
