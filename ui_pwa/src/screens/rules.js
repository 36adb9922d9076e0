// Which rules decide here: the ruleset in force, what it changed, how soon it counted; and the way
// back to the one before, tried on this floor's own orders first.

import { html, nothing } from '../../vendor/lit.js';
import { shortOrder } from '../core/text.js';
import { BoxError, call } from '../io/box.js';
import { action, footer, header, notice } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, brief, card, span, strip, when } from '../parts/sheets.js';

const SHOWN_MAX = 60;
/** Begins the name of a made order that every ruleset is tried on. */
const SAMPLE = 'given/';
const MAY_GO_BACK = ['supervisor', 'admin'];

export const hears = /^ruleset\./;
export const reads = () => ({ rules: '/rulesets' });

/** @param {App} app */
export function view(app) {
  const { t, state } = app;
  /** @type {RulesView | undefined} */
  const rules = state.seen.rules;
  if (!rules)
    return html`${header(app, t('screen.rules'))}
      <section class="fill">${empty(t('rules.reading'))}</section>${notice(app)}`;
  return html`${header(app, t('screen.rules'))}
    <section class="fill list" tabindex="0">
      ${inForce(app, rules)}
      ${rules.back_to ? trial(app, rules.back_to) : nothing}
      ${rules.back_to ? changes(app, rules, rules.back_to) : nothing}
      ${card({
        title: t('rules.history'),
        body: rules.pushes.map((push) => pushRow(app, push)),
      })}
    </section>${notice(app)}
    ${footer(tryAction(app, rules), backAction(app, rules))}`;
}

/** @param {App} app @param {RulesView} rules */
function inForce(app, rules) {
  const { t } = app;
  const [newest] = rules.pushes;
  return strip(
    html`<p class="lead">${rules.rules}</p>
      ${newest ? html`<p>${t('rules.since', { at: when(app, newest.received_at) })}</p>` : nothing}
      ${newest ? html`<p>${decided(app, newest)}</p>` : nothing}`,
    'now',
  );
}

/** How soon it counted. @param {App} app @param {RulesView['pushes'][number]} push */
const decided = (app, push) =>
  push.took_us === null
    ? app.t('rules.undecided')
    : app.t('rules.decided', { took: span(app, push.took_us) });

/** @param {App} app @param {RulesView['pushes'][number]} push */
const pushRow = (app, push) =>
  row({
    main: push.label,
    sub: `${app.t(`rules.by_${push.signed_by.split(':')[0]}`)} · ${decided(app, push)}`,
    behind: chip(
      push.back ? app.t('rules.was_back') : age(app, push.received_at),
      push.back ? 'tag' : '',
    ),
  });

/** What the ruleset in force changed, part by part. */
/** @param {App} app @param {RulesView} rules @param {string} before */
function changes(app, rules, before) {
  const { t } = app;
  const parts = [...new Set(rules.changes.map((each) => each.part))];
  return card({
    title: t('rules.changes', { before }),
    behind: chip(String(rules.changes.length + rules.changes_more)),
    body: html`${parts.map(
      (part) => html`<h3>${t(`rules_part.${part}`)}</h3><ul class="plain-list">${rules.changes
        .filter((each) => each.part === part)
        .slice(0, SHOWN_MAX)
        .map((each) => html`<li>${change(app, each)}</li>`)}</ul>`,
    )}
    ${rules.changes.length ? nothing : html`<p class="sub">${t('rules.no_change')}</p>`}
    ${
      rules.changes_more
        ? html`<p class="sub">${t('rules.more', { n: rules.changes_more })}</p>`
        : nothing
    }`,
  });
}

/** @param {App} app @param {RulesView['changes'][number]} each */
function change(app, { part, path, before, after }) {
  const key = path.slice(part.length).replace(/^\./, '').replace(/^\["(.*)"\]$/, '$1');
  const what = app.t(`rules_key.${key || part}`);
  const told = (/** @type {any} */ v) => valueOf(app, part, v);
  if (Array.isArray(before) && Array.isArray(after) && !path.endsWith('(order)')) {
    const [gone, come] = [without(before, after), without(after, before)];
    const signed = (/** @type {any[]} */ of, /** @type {string} */ sign) =>
      of.map((v) => `${sign}\u00a0${told(v)}`);
    const listed = [...signed(gone, '−'), ...signed(come, '+')];
    return app.t('rules.listed', { what, listed });
  }
  const facts = { what, before: told(before), after: told(after) };
  if (before !== null && after !== null) return app.t('rules.changed', facts);
  const [done, whole] = before === null ? ['added', facts.after] : ['dropped', facts.before];
  return app.t(whole === key ? `rules.${done}_named` : `rules.${done}`, facts);
}

/** A value in words: a type of order by its name, where it is one of the usual. */
/** @param {App} app @param {string} part @param {any} v @returns {string} */
function valueOf(app, part, v) {
  if (part !== 'order_types') return brief(app, v);
  if (Array.isArray(v)) return v.map((each) => valueOf(app, part, each)).join(' ');
  return app.t(`order_type.${v}`);
}

/** What only the first of two lists has. @param {any[]} of @param {any[]} others */
function without(of, others) {
  const known = new Set(others.map((v) => JSON.stringify(v)));
  return of.filter((v) => !known.has(JSON.stringify(v)));
}

/** What going back would do to this floor's orders. @param {App} app @param {string} back */
function trial(app, back) {
  const { t, state } = app;
  /** @type {Trial | undefined} */
  const tried = state.seen.trial?.rules === back ? state.seen.trial : undefined;
  if (!tried) return nothing;
  const orders = new Set(tried.differences.map((each) => each.order));
  const n = orders.size;
  const of = tried.recent + tried.given;
  return card({
    title: t('rules.trial', { back }),
    tone: n ? 'bad' : '',
    body: html`<p>${t('rules.trial_on', { orders: tried.recent, samples: tried.given })}</p>
      <p class="lead">${t(n ? 'rules.trial_differs' : 'rules.trial_same', { n, of })}</p>
      ${[...orders].slice(0, SHOWN_MAX).map((order) => orderTried(app, order, tried))}`,
  });
}

/** @param {App} app @param {string} order @param {Trial} tried */
function orderTried(app, order, { differences }) {
  const own = !order.startsWith(SAMPLE);
  const told = differences
    .filter((each) => each.order === order)
    .map((each) => app.t('rules.difference', said(app, each)));
  return row({
    main: own
      ? `${app.t('word.order')} ${shortOrder(order)}`
      : app.t(`sample.${order.slice(SAMPLE.length)}`),
    sub: told.join(' · '),
    ...(own ? { onPress: () => app.go('order', order) } : {}),
  });
}

/** Stands for nothing in what a trial tells. */
const NOTHING = '-';

/** Names of what a trial tells, by what it is; a rule of a site's own is told by its id. */
/** @type {Record<string, string>} */
const NAMED = {
  state: 'state', rule: 'rule', priority: 'rule', entries: 'entry', refused: 'refusal',
};
/** Which rule gives a gift. */
const BY_RULE = /\(([^()]+)\)/g;

/** A difference in words: states, rules and entries by their names. */
/** @param {App} app @param {Trial['differences'][number]} of */
function said({ t }, of) {
  const rule = (/** @type {string} */ _, /** @type {string} */ id) => `(${t(`rule.${id}`)})`;
  const told = (/** @type {string} */ v) => {
    if (v === NOTHING) return t('word.none');
    if (of.what === 'gifts') return v.replace(BY_RULE, rule);
    const kind = NAMED[of.what];
    return kind ? v.split(', ').map((each) => t(`${kind}.${each}`)) : v;
  };
  return { ...of, before: told(of.before), after: told(of.after) };
}

/** @param {App} app @param {RulesView} rules */
const tryAction = (app, rules) =>
  action(app, {
    text: app.t('act.try_back'),
    why: nowhere(rules) ?? app.why('ruleset.try'),
    onPress: () => tryBack(app),
  });

/** @param {App} app @param {RulesView} rules */
function backAction(app, rules) {
  const { t, state } = app;
  const may = state.session?.person.roles.some((role) => MAY_GO_BACK.includes(role));
  const role = may ? null : { code: 'role_missing', facts: { roles: MAY_GO_BACK } };
  return action(app, {
    text: t('act.roll_back', { back: rules.back_to }),
    why: role ?? nowhere(rules) ?? app.why('ruleset.rollback'),
    onPress: () =>
      app.askSure(
        {
          title: t('act.roll_back', { back: rules.back_to }),
          text: t('rules.sure', { rules: rules.rules, back: rules.back_to }),
        },
        () => rollBack(app, rules.rules),
      ),
  });
}

/** @param {RulesView} rules */
const nowhere = (rules) =>
  rules.back_to ? null : { code: 'no_ruleset_before', facts: { rules: rules.rules } };

/** @param {App} app */
async function tryBack(app) {
  app.tell('kept', 'notice.trying');
  await asked(app, call('GET', '/rulesets/back/trial'), (value) => {
    app.dispatch({ type: 'seen', what: 'trial', value });
    app.tell('good', 'notice.tried');
  });
}

/** @param {App} app @param {string} rules */
async function rollBack(app, rules) {
  await asked(app, call('POST', '/rulesets/rollback', { rules }), ({ facts }) => {
    app.tell('good', 'notice.rolled_back', facts);
    app.refresh('seen');
  });
}

/** @type {(app: App, answer: Promise<any>, then: (value: any) => void) => Promise<void>} */
async function asked(app, answer, then) {
  try {
    then(await answer);
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    app.refuse(error.refusal);
    app.refresh('seen');
  }
}

/** @param {App} app */
export const scan = (app) => app.tell('wrong', 'rules.no_scan');
