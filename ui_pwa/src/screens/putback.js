// Putting picked goods of an ended order back: the piece, how many, and its bin, each by scan.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip, count, empty, row, todo } from '../parts/rows.js';
import { block } from '../parts/sheets.js';

export const hears = /^(order|putback|freeze)\./;

/** @param {App} app @returns {Record<string, string>} */
export function reads(app) {
  const id = app.state.about;
  return id
    ? { order: `/orders/${encodeURIComponent(id)}` }
    : { putbacks: '/orders?put_back=open' };
}

/** Found by its tote, it is shown by its own id. @param {App} app */
export function seen(app) {
  const { seen: read, about } = app.state;
  if (about && read.order && read.order.id !== about && read.order.tote === about)
    app.go('putback', read.order.id);
}

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  const order = chosen(app);
  if (!state.about)
    return html`${header(app, t('screen.putback'))}
      ${todo(t('putback.choose'))}
      <section class="fill list" tabindex="0">${orders(app)}</section>${notice(app)}`;
  const left = order ? due(order) : [];
  return html`${header(app, t('screen.putback'))}
    <section class="fill list" tabindex="0">${
      left.length ? guide(app, left) : ended(app, order)
    }</section>
    ${notice(app)}
    ${footer(
      action(app, {
        text: t('act.other_order'),
        tone: left.length ? '' : 'main',
        onPress: () => app.go('putback'),
      }),
    )}`;
}

/** @param {App} app @returns {OrderView | null} */
function chosen(app) {
  const { seen: read, about } = app.state;
  return about && read.order?.id === about ? read.order : null;
}

/** What is still to be put back. @param {OrderView} order */
const due = (order) => (order.put_back ?? []).filter((item) => item.done < item.qty);

/** What is in hand, or what comes next. @param {App} app @param {PutBack[]} left */
function inHand(app, left) {
  const { sku, at } = app.state.held;
  const same = left.filter((item) => item.sku === sku);
  return same.find((item) => item.location === at) ?? same[0] ?? left[0];
}

/** @param {App} app @param {PutBack[]} left */
function guide(app, left) {
  const { t, state } = app;
  const item = inHand(app, left);
  const taken = state.held.sku === item.sku;
  const rest = left.filter((each) => each !== item);
  return html`${block({
      now: !taken,
      label: t('putback.take'),
      text: app.name(item.name),
      small: item.sku,
      behind: count(item.done, item.qty),
    })}
    ${block({ now: taken, label: t('putback.lay'), code: item.location })}
    <p class="do">${t(taken ? 'putback.scan_bin' : 'putback.scan')}</p>
    ${rest.map((each) =>
      row({
        main: app.name(each.name),
        sub: t('putback.to', each),
        behind: count(each.done, each.qty),
      }),
    )}`;
}

/** @param {App} app @param {OrderView | null} order */
const ended = (app, order) =>
  empty(app.t(order ? 'putback.done' : 'orders.loading', { order: app.state.about }));

/** @param {App} app */
function orders(app) {
  const { t, state } = app;
  /** @type {OrderView[]} */
  const all = state.seen.putbacks?.orders ?? [];
  if (!all.length)
    return empty(t('putback.none'), html`<p class="sub">${t('putback.none_hint')}</p>`);
  return all.map((each) =>
    row({
      main: `${t('word.order')} ${shortOrder(each.id)}`,
      sub: `${each.tote ? `${each.tote} · ` : ''}${t('putback.pieces', { n: pieces(each) })}`,
      behind: each.lane === '24h' ? chip('24H', 'rush') : nothing,
      onPress: () => app.go('putback', each.id),
    }),
  );
}

/** @param {OrderView} order */
const pieces = (order) => due(order).reduce((sum, item) => sum + item.qty - item.done, 0);

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  const why = app.why('putback.scan');
  const order = chosen(app);
  const left = order ? due(order) : [];
  if (why) app.refuse(why);
  else if (scan.type === 'command') app.tell('wrong', order ? 'putback.scan' : 'putback.choose');
  else if (!left.length) app.go('putback', scan.code);
  else if (left.some((item) => item.location === scan.code)) atBin(app, left, scan.code);
  else takePiece(app, left, scan.code);
}

/** @param {App} app @param {PutBack[]} left @param {string} bin */
function atBin(app, left, bin) {
  const { sku, code } = app.state.held;
  const item = left.find((each) => each.sku === sku && each.location === bin);
  if (sku && !item) {
    const expected = inHand(app, left).location;
    app.tell('wrong', 'refusal.wrong_bin', { expected, got: bin }, 'hint.wrong_bin');
    return;
  }
  app.dispatch({ type: 'held', held: { ...app.state.held, at: bin } });
  if (item) lay(app, item, code, bin);
  else app.tell('good', 'said.location', { code: bin });
}

/** What the list does not know is the box's to judge. */
/** @param {App} app @param {PutBack[]} left @param {string} code */
function takePiece(app, left, code) {
  const { at } = app.state.held;
  const known = left.filter((item) => item.codes.includes(code));
  const item = known.find((each) => each.location === at) ?? known[0];
  if (!item) {
    app.send('putback.scan', { order_id: app.state.about, code, qty: 1 });
    return;
  }
  app.dispatch({ type: 'held', held: { sku: item.sku, code, at } });
  if (item.location === at) lay(app, item, code, at);
  else app.tell('kept', 'putback.to', { location: item.location });
}

/** How many, unless it can only be one; then it is told to the box. */
/** @param {App} app @param {PutBack} item @param {string} code @param {string} location */
function lay(app, item, code, location) {
  const left = item.qty - item.done;
  const tell = (/** @type {number} */ qty) => {
    app.close();
    app.send('putback.scan', { order_id: app.state.about, code, qty, location });
  };
  if (left === 1) tell(1);
  else
    app.askQty(
      { title: app.t('qty.putback'), label: app.name(item.name), max: left, preset: left },
      tell,
    );
}
