// Stock by hand: counting bins without being told the number, stopping and freeing lots.

import { html, nothing } from '../../vendor/lit.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { empty, row, todo } from '../parts/rows.js';
import { age } from '../parts/sheets.js';

const COUNTED_MAX = 99_999;

export const counts = {
  hears: /^count\./,
  reads: () => ({ counts: '/counts' }),
  /** @param {App} app */
  view(app) {
    const { t, state } = app;
    const bin = state.about;
    const rows = due(app).filter((c) => !bin || c.location === bin);
    return html`${header(app, t('screen.counts'))}
      ${todo(bin ? t('count.scan_item', { location: bin }) : t('count.scan_bin'))}
      <section class="fill list" tabindex="0">${
        rows.length
          ? rows.map((each) => countRow(app, each))
          : empty(t(bin ? 'count.free' : 'count.none'))
      }</section>${notice(app)}
      ${
        bin
          ? footer(action(app, { text: t('act.other_bin'), onPress: () => app.go('counts') }))
          : nothing
      }`;
  },
  /** The bin first, then an item in it, then the number. @param {App} app @param {Scan} scan */
  scan(app, scan) {
    const { t, state } = app;
    const why = app.why('count.scan');
    if (scan.type === 'command') app.tell('wrong', 'count.scan_bin');
    else if (why) app.refuse(why);
    else if (!state.about || due(app).some((c) => c.location === scan.code)) {
      app.go('counts', scan.code);
      app.tell('good', 'count.at', { location: scan.code });
    } else {
      const of = { title: t('qty.count'), label: scan.code, max: COUNTED_MAX, preset: 0 };
      app.askQty(of, (qty) => {
        app.close();
        app.send('count.scan', { location: state.about, code: scan.code, qty });
      });
    }
  },
};

/** @param {App} app @returns {CountRow[]} */
const due = (app) => app.state.seen.counts?.counts ?? [];

/** @param {App} app @param {CountRow} each */
const countRow = (app, each) =>
  row({
    main: html`<span class="code">${each.location}</span> ${
      each.name ? app.name(each.name) : each.sku
    }`,
    sub: [
      each.lot ? app.t('count.lot', each) : '',
      app.t(each.state === 'waiting' ? 'count.waiting' : 'count.due'),
      age(app, each.opened_at),
    ]
      .filter(Boolean)
      .join(' · '),
    tone: each.state === 'waiting' ? 'is-done' : '',
  });

export const lots = {
  /** @param {App} app */
  view(app) {
    const { t } = app;
    const freeing = app.state.about === 'free';
    return html`${header(app, t('screen.lots'))}
      <section class="fill centre">
        <p class="lead">${t(freeing ? 'lot.scan_free' : 'lot.scan_stop')}</p>
        <p class="sub">${t('lot.hint')}</p>
      </section>${notice(app)}
      ${footer(
        action(app, {
          text: t('act.lot_stop'),
          pressed: !freeing,
          onPress: () => app.go('lots'),
        }),
        action(app, {
          text: t('act.lot_free'),
          pressed: freeing,
          onPress: () => app.go('lots', 'free'),
        }),
      )}`;
  },
  /** @param {App} app @param {Scan} scan */
  scan(app, scan) {
    const why = app.why('lot.scan');
    const frozen = app.state.about !== 'free';
    if (scan.type === 'command') app.tell('wrong', frozen ? 'lot.scan_stop' : 'lot.scan_free');
    else if (why) app.refuse(why);
    else
      app.askReason('lot', (reason) => {
        app.close();
        app.send('lot.scan', { code: scan.code, reason, frozen });
      });
  },
};
