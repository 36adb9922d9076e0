// Packing: every piece and gift is scanned again, the label printed and scanned back.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, footer, header, notice, whyFrozen } from '../parts/parts.js';
import { bar, chip, count, empty, marks, row, tick, todo } from '../parts/rows.js';
import { askGift } from './asks.js';
import { evidence } from './film.js';

/** Begins the QR of a slip that stands for a label. */
const SLIP = 'FGS1:';
/** Goods that a greyed button names; more of them are an ellipsis. */
const NAMED_MAX = 2;

/** @param {App} app */
export function view(app) {
  const { pack, session } = app.state;
  if (!session?.station) return noStation(app);
  if (!pack) return waiting(app);
  if (pack.state === 'packing' || pack.state === 'picked') return lines(app, pack);
  return label(app, pack);
}

/** @param {App} app */
function noStation(app) {
  const { t } = app;
  return html`${header(app, t('screen.pack'))}
    <section class="fill centre"><p class="lead">${t('pack.no_station')}</p>
      <p class="sub">${t('pack.no_station_hint')}</p></section>${notice(app)}`;
}

/** @param {App} app */
function waiting(app) {
  const { t, state } = app;
  const orders = state.packing ?? [];
  return html`${header(app, t('screen.pack'))}
    ${todo(t('pack.scan_tote'))}
    <section class="fill list">${
      orders.length === 0
        ? empty(t('pack.none'))
        : orders.map((order) =>
            row({
              main: order.tote ?? shortOrder(order.id),
              sub: [shortOrder(order.id), t('pack.row', order), t(`state.${order.state}`)].join(
                ' · ',
              ),
              behind: order.lane === '24h' ? chip('24H', 'rush') : nothing,
              tone: order.lane === '24h' ? 'rush' : '',
              onPress: () => open(app, order.tote ?? order.id),
            }),
          )
    }
    </section>${notice(app)}`;
}

/** @param {App} app @param {PackView} pack */
function lines(app, pack) {
  const { t } = app;
  const done = pack.lines.filter((l) => l.done).length;
  const facts = { done, lines: pack.lines.length, tote: pack.tote ?? shortOrder(pack.order) };
  const bare = pack.lines.find((l) => !l.done && l.gift && !l.tracked);
  const shut = pack.why_not['pack.finish']?.[0];
  const missing = incomplete(pack);
  const blocked =
    app.why('pack.finish') ?? (shut?.code === missing?.code ? missing : shut) ?? missing;
  return html`${header(app, t('screen.pack'))}
    ${bar(done, pack.lines.length, t('pack.progress', facts))}
    ${frozen(app, pack)}
    <section class="fill list">${pack.lines.map((line) => lineRow(app, line))}
      ${evidence(app, pack.order)}</section>
    ${notice(app)}
    ${footer(
      action(app, { text: t('act.other_order'), onPress: () => leave(app) }),
      bare
        ? action(app, {
            tone: 'main',
            text: t('act.gift_in', { name: app.name(bare.name) }),
            why: app.why('pack.scan'),
            onPress: () => confirmGift(app, pack, bare),
          })
        : action(app, {
            tone: 'main',
            text: t('act.finish_print'),
            why: blocked,
            onPress: () => finish(app, pack),
          }),
    )}`;
}

/** @param {App} app @param {PackLine} line */
function lineRow(app, line) {
  const byHand = line.gift && !line.tracked && !line.done;
  return row({
    before: tick(app, line.done ? 'done' : 'open'),
    main: app.name(line.name),
    sub: html`${line.sku} ${marks(app, line)} ${byHand ? app.t('pack.gift_by_hand') : nothing}`,
    behind: count(line.checked, line.qty),
    tone: line.done ? 'is-done' : '',
  });
}

/** What is still to be scanned, by name. @param {PackView} pack @returns {Refusal | null} */
function incomplete({ missing, lines }) {
  if (!missing.length) return null;
  const names = lines.filter((l) => missing.includes(l.no)).map((l) => l.name);
  const named = names.slice(0, NAMED_MAX);
  const facts = { missing: names.length > NAMED_MAX ? [...named, '…'] : named };
  return { code: 'pack_incomplete', facts };
}

/** @param {App} app @param {PackView} pack */
const frozen = (app, pack) =>
  pack.frozen
    ? html`<p class="banner stop" role="alert">${whyFrozen(app, pack.frozen)}</p>`
    : nothing;

/** The label: printed, then scanned back. @param {App} app @param {PackView} pack */
function label(app, pack) {
  const { t } = app;
  const { parcel } = pack;
  const shipped = pack.state === 'shipped' || pack.state === 'handed_over';
  const printer = parcel.job?.printer;
  const ill = shipped ? null : parcel.job?.reason;
  const told = t(shipped ? 'label.shipped' : `label.${jobState(pack)}`, { printer });
  return html`${header(app, t('screen.label'))}${frozen(app, pack)}
    ${shipped ? nothing : todo(told)}
    <section class="fill centre ${shipped ? 'all-good' : ''}">
      <p class="sub">${t('word.order')} ${shortOrder(pack.order)} · ${parcel.carrier}</p>
      <p class="code long">${parcel.waybill ?? nothing}</p>
      ${shipped ? html`<p class="lead">${told}</p>` : nothing}
      <p class="sub">${ill ? t(`job_reason.${ill}`) : nothing}</p>
      ${shipped ? nothing : html`<p class="sub">${t(`grade.${parcel.grade}`)}</p>`}
      ${parcel.copies > 1 ? chip(t('label.copy', { n: parcel.copies }), 'tag') : nothing}
    </section>${notice(app)}
    ${labelFooter(app, pack, shipped)}`;
}

/** @param {PackView} pack */
const jobState = (pack) => pack.parcel.job?.state ?? 'none';

/** @param {App} app @param {PackView} pack @param {boolean} shipped */
function labelFooter(app, pack, shipped) {
  const { t } = app;
  const state = jobState(pack);
  if (shipped)
    return footer(
      action(app, { tone: 'main', text: t('act.next_order'), onPress: () => leave(app) }),
    );
  const back = action(app, { text: t('act.other_order'), onPress: () => leave(app) });
  if (state === 'unknown') {
    return footer(
      action(app, {
        text: t('act.not_printed'),
        why: app.why('waybill.resolve'),
        onPress: () => resolve(app, pack, false),
      }),
      action(app, {
        tone: 'main',
        text: t('act.printed'),
        why: app.why('waybill.resolve'),
        onPress: () => resolve(app, pack, true),
      }),
    );
  }
  if (state === 'none' || state === 'void') {
    const why = app.why('waybill.print') ?? pack.why_not['waybill.print']?.[0] ?? null;
    return footer(
      back,
      action(app, {
        tone: 'main',
        text: t('act.print'),
        why,
        onPress: () => app.send('waybill.print', { order_id: pack.order }),
      }),
    );
  }
  const why = app.why('waybill.reprint') ?? pack.why_not['waybill.reprint']?.[0] ?? null;
  return footer(
    back,
    action(app, { text: t('act.reprint'), why, onPress: () => askReprint(app, pack) }),
  );
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  const { pack, session } = app.state;
  if (!session?.station) {
    app.tell('wrong', 'pack.no_station');
    return;
  }
  if (scan.type === 'command') {
    command(app, pack, scan.name);
    return;
  }
  if (scan.code.startsWith(SLIP)) {
    if (can(app, 'slip.scan')) app.send('slip.scan', { code: scan.code });
    return;
  }
  if (scan.type === 'label' && pack?.state !== 'packed_checked') {
    app.tell('wrong', 'pack.label_not_now');
    return;
  }
  if (!pack) {
    open(app, scan.code);
    return;
  }
  if (scan.type === 'tote' && scan.code !== pack.tote && pack.state !== 'packing') {
    open(app, scan.code);
    return;
  }
  if (pack.state === 'packing' || pack.state === 'picked') scanPiece(app, pack, scan.code);
  else if (pack.state === 'packed_checked') {
    if (can(app, 'waybill.prove')) app.send('waybill.prove', { code: scan.code });
  } else open(app, scan.code);
}

/** @param {App} app @param {PackView | null} pack @param {string} name */
function command(app, pack, name) {
  if (name === 'ASK' && pack) {
    const gift = pack.lines.find((l) => l.gift && !l.done);
    askGift(app, pack.order, gift);
    return;
  }
  if (name !== 'OK' || !pack) {
    app.tell('wrong', 'pack.scan_tote');
    return;
  }
  if (pack.state === 'packing') {
    const bare = pack.lines.find((l) => !l.done && l.gift && !l.tracked);
    const missing = incomplete(pack);
    if (bare) confirmGift(app, pack, bare);
    else if (missing) app.refuse(missing);
    else finish(app, pack);
  } else if (pack.state === 'shipped') leave(app);
  else if (['none', 'void'].includes(jobState(pack)))
    app.send('waybill.print', { order_id: pack.order });
  else app.tell('wrong', 'label.sent');
}

/** @param {App} app @param {string} kind */
function can(app, kind) {
  const why = app.why(kind);
  if (why) app.refuse(why);
  return !why;
}

/** @param {App} app @param {string} code */
function open(app, code) {
  if (can(app, 'pack.open')) app.send('pack.open', { code });
}

/** @param {App} app @param {PackView} pack @param {string} code */
function scanPiece(app, pack, code) {
  if (!can(app, 'pack.scan')) return;
  const line = pack.lines.find((l) => !l.done && l.codes.includes(code));
  if (line?.check !== 'confirm') {
    app.send('pack.scan', { order_id: pack.order, code });
    return;
  }
  const left = line.qty - line.checked;
  app.askQty(
    { title: app.t('qty.pack'), label: app.name(line.name), max: left, preset: left },
    (qty) => {
      app.close();
      app.send('pack.scan', { order_id: pack.order, code, qty });
    },
  );
}

/** @param {App} app @param {PackView} pack @param {PackLine} line */
function confirmGift(app, pack, line) {
  app.send('pack.scan', { order_id: pack.order, line: line.no, qty: line.qty - line.checked });
}

/** @param {App} app @param {PackView} pack */
function finish(app, pack) {
  if (can(app, 'pack.finish')) app.send('pack.finish', { order_id: pack.order });
}

/** @param {App} app @param {PackView} pack @param {boolean} printed */
function resolve(app, pack, printed) {
  if (pack.parcel.job) app.send('waybill.resolve', { job_id: pack.parcel.job.id, printed });
}

/** @param {App} app @param {PackView} pack */
function askReprint(app, pack) {
  app.askReason('reprint', (reason) => {
    app.close();
    app.send('waybill.reprint', { order_id: pack.order, reason });
  });
}

/** @param {App} app */
function leave(app) {
  app.dispatch({ type: 'pack', pack: null });
  app.refresh('packing');
}
