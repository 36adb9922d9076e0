// What the right-hand side shows. Each function returns elements; none keeps state.

import { codeUrl, h } from './dom.js';
import { named, t } from './texts.js';
import { word } from './words.js';

const CARDS = ['OK', 'SHORT', 'SKIP', 'UNDO', 'HELP'];
const TOTES_SHOWN_MAX = 8;
const ENTRIES_SHOWN_MAX = 200;
const CODE_CHARS_MAX = 24;
/** The thresholds of the built-in ruleset. */
const THRESHOLDS = { each_max: 5, tier_one: 399, tier_two: 599 };
/** What an entry is about, the most telling first. */
const TELLING = ['stage', 'state', 'to', 'code', 'tote', 'waybill', 'category', 'outcome', 'rule'];

/**
 * A button.
 * @param {string} tag
 * @param {() => void} onclick
 * @param {Record<string, unknown>} props
 * @param {...(Node | string | null | false)} children
 */
const button = (tag, onclick, props, ...children) => (
  h(`button${tag}`, { type: 'button', onclick, ...props }, ...children));

/**
 * A code that can be clicked.
 * @param {Demo} demo
 * @param {string} code
 * @param {{title?: string, note?: string, door?: Door | null, mark?: string}} [of]
 */
function codeCard(demo, code, of = {}) {
  const { title = code, note = '', door = null, mark = demo.hot(code) ? 'hot' : '' } = of;
  return button('.code', () => demo.scan(code, door), { class: mark, title: code },
    h('img', { src: codeUrl(code), alt: '', loading: 'lazy' }),
    h('b', {}, title), note && h('small', {}, note));
}

/** @param {Demo} demo @param {Label} label @param {string} mark */
function labelCard(demo, label, mark) {
  const src = `api/labels/${label.printer}/${label.n}.png`;
  const { text } = label;
  return button('.label', () => demo.scan(text, 'station'), { class: mark, title: text },
    h('img', { src, alt: text, loading: 'lazy' }));
}

/** The next step, its codes in turn. @param {Demo} demo */
export function coach(demo) {
  const { step, bots } = demo.state;
  const say = step.say === 'done' && bots.at_work ? 'bots' : step.say;
  const cards = demo.sequence().map((each, at) => turnCard(demo, each, at));
  return [
    h('p.next-label', {}, t('next'), step.door && h('span.chip', {}, t(`door.${step.door}`))),
    h('p.say', {}, t(`coach.${say}`, step.facts)),
    cards.length ? h('div.codes.turns', {}, ...cards) : null,
  ];
}

/** @param {Demo} demo @param {{code: string, pin: string}} each @param {number} at */
function turnCard(demo, { code, pin }, at) {
  const { step, labels: printed } = demo.state;
  const turn = demo.turn();
  const mark = at < turn ? 'past' : at === turn ? 'hot' : '';
  if (pin) {
    return button('.code.pin', () => demo.type(pin, step.door), { class: mark },
      h('b', {}, '●●●●●●'), h('small', {}, `${t('type_pin')} ${pin}`));
  }
  const label = printed.find((found) => found.text === code);
  if (label) return labelCard(demo, label, mark);
  return codeCard(demo, code, { title: cardTitle(code), door: step.door, mark });
}

/** @param {string} code */
function cardTitle(code) {
  const card = code.startsWith('@C:') ? code.slice(3) : '';
  if (CARDS.includes(card)) return t(`card.${card}`);
  return code.length > CODE_CHARS_MAX ? `${code.slice(0, CODE_CHARS_MAX - 1)}…` : code;
}

/** @param {Demo} demo */
export function codes(demo) {
  const { site } = demo;
  return [
    target(demo),
    ...section('cards', CARDS.map((card) => (
      codeCard(demo, `@C:${card}`, { title: t(`card.${card}`) })))),
    ...section('people', site.people.map((each) => codeCard(demo, each.badge, {
      title: `${named(each.name)} · ${t(`role.${each.roles[0]}`)}`,
      note: `${each.badge} · PIN ${each.pin}`,
    }))),
    ...section('totes', site.totes.slice(0, TOTES_SHOWN_MAX).map((code) => codeCard(demo, code))),
    ...section('stations', site.stations.map((id) => codeCard(demo, `@S:${id}`, { title: id }))),
    ...section('locations', site.locations.map((code) => codeCard(demo, code))),
    ...section('items', site.items.map((item) => (
      codeCard(demo, item.code, { title: named(item.name), note: item.sku })))),
  ];
}

/** @param {string} title @param {Node[]} cards */
const section = (title, cards) => [h('h3', {}, t(title)), h('div.codes', {}, ...cards)];

/** Which device the codes go to. @param {Demo} demo */
function target(demo) {
  /** @type {Door[]} */
  const doors = ['pda', 'station'];
  return h('div.target', {}, h('span', {}, t('scan_into')), ...doors.map((door) => (
    button('', () => demo.aim(door), { 'aria-pressed': String(demo.target() === door) },
      t(`door.${door}`)))));
}

/** @param {Demo} demo */
export function trouble(demo) {
  const { switches, bots, rules } = demo.state;
  /** @param {string} name @param {string} hint */
  const set = (name, hint) => switchRow(name, switches[name], t(hint),
    () => demo.act('switch', { name, is_on: !switches[name] }));
  return [
    set('wan', 'sw.wan_hint'),
    set('wifi', 'sw.wifi_hint'),
    set('tspl', 'sw.paper_hint'),
    set('zpl', 'sw.paper_hint'),
    switchRow('bots', bots.at_work > 0, t('sw.bots_hint', bots),
      () => demo.act('bots', { is_on: bots.at_work === 0 })),
    ruleForm(demo, rules),
  ];
}

/** @param {string} name @param {boolean} isOn @param {string} hint @param {() => void} turn */
function switchRow(name, isOn, hint, turn) {
  const title = t(`sw.${name}`);
  return h('div.switch', {},
    h('div', {}, h('b', {}, title), h('small', {}, hint)),
    button('', turn, { role: 'switch', 'aria-checked': String(isOn), 'aria-label': title },
      t(isOn ? 'on' : 'off')));
}

/** @param {Demo} demo @param {string} rules */
function ruleForm(demo, rules) {
  const fields = Object.entries(THRESHOLDS).map(([name, built]) => h('label', {},
    h('span', {}, t(`rule.${name}`)),
    h('input', {
      type: 'number', name, min: 1, max: 100000, value: demo.rule[name] ?? built,
      oninput: (/** @type {any} */ event) => { demo.rule[name] = event.target.valueAsNumber; },
    })));
  /** @param {SubmitEvent} event */
  function onsubmit(event) {
    event.preventDefault();
    demo.act('rule', { ...THRESHOLDS, ...demo.rule });
  }
  return h('form.rule', { onsubmit }, h('h3', {}, t('rule', { rules })), ...fields,
    h('button', { type: 'submit' }, t('rule.push')), h('small', {}, t('rule.hint')));
}

/** @param {Demo} demo */
export function orders(demo) {
  if (demo.chosen && demo.story) return story(demo, demo.story);
  return [
    h('div.orders-head', {}, h('p.hint', {}, t('choose_order')),
      button('', () => demo.act('orders', {}), {}, t('more_orders'))),
    h('div.orders', {}, ...demo.state.orders.map((order) => orderCard(demo, order))),
  ];
}

/** @param {OrderShort} order */
const stateChip = (order) => (
  h('span.chip', { class: `s-${order.state}` }, named(order.state_name)));

/** @param {Demo} demo @param {OrderShort} order */
function orderCard(demo, order) {
  const isFrozen = order.frozen.length > 0;
  return button('.order', () => demo.choose(order.id), { class: isFrozen ? 'frozen' : '' },
    h('b', {}, order.id), stateChip(order),
    order.lane === '24h' && h('span.chip.rush', {}, '24H'),
    isFrozen && h('span.chip.stop', {}, t('frozen')));
}

/** @param {Demo} demo @param {Story} of */
function story(demo, { order, box, hub }) {
  const entries = box.slice(-ENTRIES_SHOWN_MAX).reverse().map(entry);
  return [
    h('div.story-head', {},
      button('', () => demo.choose(null), {}, `‹ ${t('back')}`),
      h('b', {}, order.id), stateChip(order),
      button('.danger', () => demo.act('cancel', { order: order.id }),
        { title: t('cancel_hint') }, t('cancel'))),
    h('div.two', {},
      h('section', {}, h('h3', {}, t('story')), h('ol.entries', {}, ...entries)),
      hubView(order, hub)),
  ];
}

/** @param {{kind: string, outcome?: string | null}} each */
const told = (each) => `${word(each.kind)}: ${word(each.outcome ?? '…')}`;

/** @param {OrderShort} order @param {Story['hub']} hub */
function hubView(order, hub) {
  const agrees = order.state === hub.state;
  const received = Object.values(hub.entries).reduce((sum, n) => sum + n, 0);
  const facts = {
    hub_state: word(hub.state ?? '—'),
    hub_routing: hub.routing ? `${hub.routing.score_pm / 10} %` : '—',
    hub_told: hub.instructions.map(told).join(', '),
    hub_entries: String(received),
  };
  return h('section.hub', {}, h('h3', {}, t('hub_view')),
    h('p.chip', { class: agrees ? 'good' : 'wait' }, t(agrees ? 'agree' : 'differ')),
    h('dl', {}, ...Object.entries(facts).flatMap(([name, fact]) => [
      h('dt', {}, t(name)), h('dd', {}, fact),
    ])));
}

/** @param {Entry} each */
function entry({ at, kind, actor, data }) {
  const time = new Date(at / 1000).toLocaleTimeString('zh-CN', { hour12: false });
  const what = TELLING.map((name) => data[name]).find((value) => typeof value === 'string');
  return h('li', { class: kind === 'command.refused' ? 'refused' : '' },
    h('time', {}, time), h('b', {}, t(`kind.${kind}`)),
    h('span', {}, word(what ?? '')), h('small', {}, actor));
}

/** @param {Demo} demo */
export function labels(demo) {
  const found = demo.state.labels.filter((each) => each.text);
  if (!found.length) return [h('p.hint', {}, t('no_labels'))];
  return found.map((each) => labelCard(demo, each, demo.hot(each.text) ? 'hot' : ''));
}
