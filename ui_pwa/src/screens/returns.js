// Parcels that come back: the label freezes the order, then each piece names why by a code of the
// ruleset, and is laid into the bin that the code leads to. All by scan; text only suggests a code.

import { html, nothing } from '../../vendor/lit.js';
import { pageOf, turns } from '../core/choosing.js';
import { shortOrder } from '../core/text.js';
import { call } from '../io/box.js';
import { take } from '../io/photos.js';
import { byId } from '../painter.js';
import { choices } from '../parts/choices.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { count, empty, row, todo } from '../parts/rows.js';
import { block, field } from '../parts/sheets.js';

const TEXT_CHARS_MAX = 200;
const SUGGEST_MS = 300;

export const hears = /^(order|return|freeze)\./;

/** @param {App} app @returns {Record<string, string>} */
export function reads(app) {
  const id = app.state.about;
  const codes = '/return-codes';
  return id
    ? { order: `/orders/${encodeURIComponent(id)}`, codes }
    : { returning: '/orders?state=returning', codes };
}

/** @param {App} app */
export function view(app) {
  const { about, held } = app.state;
  if (held.code && !held.return_code) return choose(app);
  return about ? pieces(app) : parcels(app);
}

/** @param {App} app @returns {{codes: ReturnCode[], bins: {bin: string, quarantine: string}}} */
const known = (app) => app.state.seen.codes ?? { codes: [], bins: { bin: '', quarantine: '' } };

/** @param {App} app @returns {OrderView | null} */
function chosen(app) {
  const { seen, about } = app.state;
  return about && seen.order?.id === about ? seen.order : null;
}

/** What may still come back. @param {App} app */
const due = (app) => (chosen(app)?.returns ?? []).filter((item) => item.done < item.qty);

/** @param {App} app @param {string} code */
const itemOf = (app, code) => due(app).find((item) => item.codes.includes(code));

/** @param {App} app */
function parcels(app) {
  const { t, state } = app;
  /** @type {OrderView[]} */
  const all = state.seen.returning?.orders ?? [];
  return html`${header(app, t('screen.returns'))}
    ${todo(t('returns.scan_parcel'))}
    <section class="fill list" tabindex="0">${
      all.length
        ? all.map((each) =>
            row({
              main: `${t('word.order')} ${shortOrder(each.id)}`,
              sub: t('returns.left', { n: each.returns.filter((r) => r.done < r.qty).length }),
              onPress: () => app.go('returns', each.id),
            }),
          )
        : empty(t('returns.none'), html`<p class="sub">${t('returns.none_hint')}</p>`)
    }</section>${notice(app)}`;
}

/** @param {App} app */
function pieces(app) {
  const { t, state } = app;
  const { held, about } = state;
  const left = due(app);
  const lay = Boolean(held.return_code);
  const code = known(app).codes.find((each) => each.code === held.return_code);
  const ask = t(left.length ? 'returns.scan_piece' : 'returns.all_back');
  return html`${header(app, `${t('screen.returns')} ${shortOrder(about)}`)}
    ${lay ? nothing : todo(ask)}
    <section class="fill list" tabindex="0">
      ${
        lay
          ? laying(app, code)
          : left.map((item) =>
              row({ main: app.name(item.name), sub: item.sku, behind: count(item.done, item.qty) }),
            )
      }
      ${chosen(app) ? nothing : empty(t('orders.loading', { order: about }))}
    </section>${notice(app)}
    ${lay ? footer(undo(app)) : footer(photo(app), close(app, left.length))}`;
}

/** Where the piece in hand goes. @param {App} app @param {ReturnCode | undefined} code */
function laying(app, code) {
  const { t, state } = app;
  const label = t(code?.sellable ? 'returns.lay_sellable' : 'returns.lay_quarantine');
  return html`${block({ now: true, label, code: bin(app, code) })}
    <p class="do">${t('putback.scan_bin')}</p>
    ${row({
      main: nameOf(app, state.held.code),
      sub: code ? codeText(app, code) : '',
      behind: html`<b>×${state.held.qty}</b>`,
    })}`;
}

/** @param {App} app @param {ReturnCode | undefined} code */
const bin = (app, code) => (code?.sellable ? known(app).bins.bin : known(app).bins.quarantine);

/** @param {App} app @param {ReturnCode} code */
const codeText = (app, code) => `${code.code} ${app.name(code)}`;

/** @param {App} app @param {string} code */
function nameOf(app, code) {
  const item = itemOf(app, code);
  return item ? app.name(item.name) : code;
}

/** Put down what is in hand. @param {App} app */
const undo = (app) =>
  action(app, { text: app.t('act.back'), onPress: () => app.dispatch({ type: 'held', held: {} }) });

/** @param {App} app */
const photo = (app) =>
  action(app, { text: app.t('act.photo'), onPress: () => take(app, app.state.about) });

/** @param {App} app @param {number} open lines */
function close(app, open) {
  if (!open)
    return action(app, {
      tone: 'main',
      text: app.t('returns.next'),
      onPress: () => app.go('returns'),
    });
  const roles = app.state.session?.person.roles ?? [];
  const may = ['keeper', 'supervisor'].some((role) => roles.includes(role));
  return action(app, {
    text: app.t('act.return_close'),
    why: may
      ? app.why('return.close')
      : { code: 'role_missing', facts: { roles: ['keeper', 'supervisor'] } },
    onPress: () =>
      app.askSure(
        { title: app.t('act.return_close'), text: app.t('returns.sure', { n: open }) },
        () => app.send('return.close', { order_id: app.state.about }),
      ),
  });
}

/** The codes, those that the text suggests first. @param {App} app */
function sorted(app) {
  const { codes } = known(app);
  const suggested = suggestedTo(app);
  const rank = (/** @type {ReturnCode} */ each) =>
    suggested.includes(each.code) ? suggested.indexOf(each.code) : codes.length;
  return [...codes].sort((a, b) => rank(a) - rank(b));
}

/** @param {App} app @returns {string[]} */
const suggestedTo = (app) => app.state.held.suggest ?? [];

/** @param {App} app @param {ReturnCode} each */
const sayCode = (app, each) => ({
  text: app.name(each),
  tone: suggestedTo(app).includes(each.code) ? 'choice' : '',
  why: app.why('return.scan'),
  onPress: () => name(app, each),
});

/** Why it came back; where the goods go is said next. @param {App} app */
function choose(app) {
  const { t, state } = app;
  return html`${header(app, t('screen.returns'))}
    ${todo(t('returns.why', { name: nameOf(app, state.held.code) }))}
    <section class="fill list" tabindex="0">
      <div class="tiles">${choices(app, sorted(app), (each) => sayCode(app, each), {
        turned: state.held.turned,
        onTurn: () => turn(app),
      })}</div>
      ${field(
        t('returns.text'),
        html`<input id="return-text" type="text" maxlength=${TEXT_CHARS_MAX} autocomplete="off"
          @input=${(/** @type {Event} */ { target }) =>
            app.soon('suggest', SUGGEST_MS, () => suggest(app, target))}>`,
      )}
    </section>${notice(app)}${footer(undo(app))}`;
}

/** @param {App} app */
function turn(app) {
  const { held } = app.state;
  app.dispatch({ type: 'held', held: { ...held, turned: (held.turned ?? 0) + 1 } });
}

const typed = () =>
  /** @type {HTMLInputElement | null} */ (byId('return-text'))?.value.trim() ?? '';

/** Order the codes by what is typed, while it is asked for. */
/** @param {App} app @param {any} field */
async function suggest(app, field) {
  if (!field.isConnected) return;
  const text = encodeURIComponent(field.value.trim());
  const found = await call('GET', `/return-codes?text=${text}`).catch(() => null);
  if (!found || !field.isConnected) return;
  app.dispatch({ type: 'held', held: { ...app.state.held, suggest: found.suggest, turned: 0 } });
}

/** The code was chosen: a parcel is taken back, a piece is to be laid into its bin. */
/** @param {App} app @param {ReturnCode} code */
function name(app, code) {
  const { about, held } = app.state;
  const text = typed();
  const said = { code: held.code, return_code: code.code, ...(text ? { text } : {}) };
  if (!about) app.send('return.scan', said);
  else app.dispatch({ type: 'held', held: { ...said, qty: held.qty } });
}

/** @param {App} app @param {Scan} scan */
export function scan(app, scan) {
  const { about, held } = app.state;
  const why = app.why('return.scan');
  const asking = held.code && !held.return_code;
  if (why) app.refuse(why);
  else if (asking && turns(scan)) turn(app);
  else if (scan.type === 'command' && asking) chooseNth(app, scan.nth);
  else if (scan.type === 'command') app.tell('wrong', help(app));
  else if (asking) app.tell('wrong', 'returns.code_first');
  else if (!about) app.dispatch({ type: 'held', held: { code: scan.code } });
  else if (!held.return_code) takePiece(app, scan.code);
  else
    app.send('return.scan', {
      order_id: about,
      code: held.code,
      return_code: held.return_code,
      qty: held.qty,
      location: scan.code,
      ...(held.text ? { text: held.text } : {}),
    });
}

/** What is to be scanned now. @param {App} app */
const help = ({ state: { about, held } }) =>
  held.return_code ? 'putback.scan_bin' : about ? 'returns.scan_piece' : 'returns.scan_parcel';

/** @param {App} app @param {number} nth */
function chooseNth(app, nth) {
  const code = pageOf(sorted(app), app.state.held.turned).shown[nth - 1];
  if (code) name(app, code);
  else app.tell('wrong', 'returns.code_first');
}

/** @param {App} app @param {string} code */
function takePiece(app, code) {
  const item = itemOf(app, code);
  const left = item ? item.qty - item.done : 1;
  const hold = (/** @type {number} */ qty) => {
    app.close();
    app.dispatch({ type: 'held', held: { code, qty } });
  };
  if (left === 1) hold(1);
  else
    app.askQty(
      { title: app.t('qty.return'), label: nameOf(app, code), max: left, preset: 1 },
      hold,
    );
}
