// What the right-hand side shows. Each function returns elements; none keeps state.

import { codeUrl, h } from './dom.js';
import { named, t } from './texts.js';

const CARDS = ['OK', 'SHORT', 'SKIP', 'UNDO', 'HELP'];
const ENTRIES_SHOWN_MAX = 200;

/**
 * A code that can be clicked.
 * @param {Demo} demo
 * @param {string} code
 * @param {{title?: string, note?: string, door?: Door | null, tone?: string}} [of]
 */
export function codeCard(demo, code, { title = code, note = '', door = null, tone = '' } = {}) {
  const hot = demo.hot(code) ? 'hot' : '';
  return h('button', {
    type: 'button', class: `code ${tone} ${hot}`, title: code, onclick: () => demo.scan(code, door),
  }, h('img', { src: codeUrl(code), alt: '', loading: 'lazy' }), h('b', {}, title), note && h('small', {}, note));
}

/** The next step, its codes in turn. @param {Demo} demo */
export function coach(demo) {
  const { step } = demo.state;
  const turn = demo.turn();
  const cards = demo.sequence().map((each, at) => {
    const mark = at < turn ? 'past' : at === turn ? 'hot' : '';
    if (each.pin) {
      return h('button', { type: 'button', class: `code pin ${mark}`, onclick: () => demo.type(each.pin, step.door) },
        h('b', {}, '●●●●●●'), h('small', {}, `${t('type_pin')} ${each.pin}`));
    }
    const label = demo.state.labels.find((found) => found.text === each.code);
    if (label) return labelCard(demo, label, mark);
    const card = codeCard(demo, each.code, { title: cardTitle(each.code), door: step.door });
    card.className = `code ${mark}`;
    return card;
  });
  return [
    h('p.next-label', {}, t('next'), step.door ? h('span.chip', {}, t(`door.${step.door}`)) : null),
    h('p.say', {}, t(`coach.${step.say === 'done' && demo.state.bots.at_work ? 'bots' : step.say}`, step.facts)),
    cards.length ? h('div.codes.turns', {}, ...cards) : null,
  ];
}

/** @param {string} code */
function cardTitle(code) {
  return code.startsWith('@C:') && CARDS.includes(code.slice(3)) ? t(`card.${code.slice(3)}`) : shorten(code);
}

/** @param {string} code */
const shorten = (code) => (code.length > 24 ? `${code.slice(0, 22)}…` : code);

/** @param {Demo} demo */
export function codes(demo) {
  const { site } = demo;
  const section = (/** @type {string} */ title, /** @type {Node[]} */ cards) => [h('h3', {}, t(title)), h('div.codes', {}, ...cards)];
  const target = h('div.target', {}, h('span', {}, t('scan_into')),
    ...['pda', 'station'].map((door) => h('button', {
      type: 'button', 'aria-pressed': String(demo.target() === door), onclick: () => demo.aim(/** @type {Door} */ (door)),
    }, t(`door.${door}`))));
  return [
    target,
    ...section('cards', CARDS.map((name) => codeCard(demo, `@C:${name}`, { title: t(`card.${name}`) }))),
    ...section('people', site.people.map((each) => codeCard(demo, each.badge, {
      title: `${named(each.name)} · ${t(`role.${each.roles[0]}`)}`, note: `${each.badge} · PIN ${each.pin}`,
    }))),
    ...section('totes', site.totes.slice(0, 8).map((code) => codeCard(demo, code))),
    ...section('stations', site.stations.map((id) => codeCard(demo, `@S:${id}`, { title: id }))),
    ...section('locations', site.locations.map((code) => codeCard(demo, code))),
    ...section('items', site.items.map((item) => codeCard(demo, item.code, { title: named(item.name), note: item.sku }))),
  ];
}

/** @param {Demo} demo */
export function trouble(demo) {
  const { switches, bots, rules } = demo.state;
  const row = (/** @type {string} */ name, /** @type {boolean} */ isOn, /** @type {string} */ hint, /** @type {() => void} */ turn) => h(
    'div.switch', {},
    h('div', {}, h('b', {}, t(`sw.${name}`)), h('small', {}, hint)),
    h('button', { type: 'button', role: 'switch', 'aria-checked': String(isOn), 'aria-label': t(`sw.${name}`), onclick: turn },
      t(isOn ? 'on' : 'off')),
  );
  const set = (/** @type {string} */ name) => row(name, switches[name],
    t(`sw.${name === 'tspl' || name === 'zpl' ? 'paper' : name}_hint`),
    () => demo.act('switch', { name, is_on: !switches[name] }));
  return [
    ...['wan', 'wifi', 'tspl', 'zpl'].map(set),
    row('bots', bots.at_work > 0, t('sw.bots_hint', bots), () => demo.act('bots', { is_on: bots.at_work === 0 })),
    ruleForm(demo, rules),
  ];
}

/** @param {Demo} demo @param {string} rules */
function ruleForm(demo, rules) {
  const field = (/** @type {string} */ name, /** @type {number} */ value) => h('label', {}, h('span', {}, t(`rule.${name}`)),
    h('input', { type: 'number', name, min: 1, max: 100000, value: demo.rule[name] ?? value,
      oninput: (/** @type {any} */ event) => { demo.rule[name] = event.target.valueAsNumber; } }));
  const form = h('form.rule', {
    onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
      demo.act('rule', Object.fromEntries([...data].map(([name, value]) => [name, Number(value)])));
    },
  }, h('h3', {}, t('rule', { rules })), field('each_max', 5), field('tier_one', 399), field('tier_two', 599),
  h('button', { type: 'submit' }, t('rule.push')), h('small', {}, t('rule.hint')));
  return form;
}

/** @param {Demo} demo */
export function orders(demo) {
  if (demo.chosen && demo.story) return story(demo, demo.story);
  return [
    h('div.orders-head', {}, h('p.hint', {}, t('choose_order')),
      h('button', { type: 'button', onclick: () => demo.act('orders', {}) }, t('more_orders'))),
    h('div.orders', {}, ...demo.state.orders.map((order) => h('button', {
      type: 'button', class: `order ${order.frozen.length ? 'frozen' : ''}`, onclick: () => demo.choose(order.id),
    }, h('b', {}, order.id), h('span.chip', { class: `s-${order.state}` }, named(order.state_name)),
    order.lane === '24h' && h('span.chip.rush', {}, '24H'),
    order.frozen.length > 0 && h('span.chip.stop', {}, t('frozen'))))),
  ];
}

/** @param {Demo} demo @param {Story} of */
function story(demo, { order, box, hub }) {
  const agrees = order.state === hub.state;
  return [
    h('div.story-head', {}, h('button', { type: 'button', onclick: () => demo.choose(null) }, `‹ ${t('back')}`),
      h('b', {}, order.id), h('span.chip', { class: `s-${order.state}` }, named(order.state_name)),
      h('button.danger', { type: 'button', title: t('cancel_hint'), onclick: () => demo.act('cancel', { order: order.id }) }, t('cancel'))),
    h('div.two', {},
      h('section', {}, h('h3', {}, t('story')),
        h('ol.entries', {}, ...box.slice(-ENTRIES_SHOWN_MAX).reverse().map(entry))),
      h('section.hub', {}, h('h3', {}, t('hub_view')),
        h('p.chip', { class: agrees ? 'good' : 'wait' }, t(agrees ? 'agree' : 'differ')),
        h('dl', {},
          h('dt', {}, t('hub_state')), h('dd', {}, hub.state ?? '—'),
          h('dt', {}, t('hub_routing')), h('dd', {}, hub.routing ? `${hub.routing.score_pm / 10} %` : '—'),
          h('dt', {}, t('hub_told')), h('dd', {}, hub.instructions.map((each) => `${each.kind}: ${each.outcome ?? '…'}`).join(', ')),
          h('dt', {}, t('hub_entries')), h('dd', {}, String(Object.values(hub.entries).reduce((sum, n) => sum + n, 0))))))];
}

/** @param {Entry} each */
function entry(each) {
  const time = new Date(each.at / 1000).toLocaleTimeString('zh-CN', { hour12: false });
  const { data } = each;
  const what = data.state ?? data.to ?? data.code ?? data.tote ?? data.waybill ?? data.category ?? data.outcome ?? data.rule ?? '';
  const bad = each.kind === 'command.refused' ? 'refused' : '';
  return h('li', { class: bad }, h('time', {}, time), h('b', {}, t(`kind.${each.kind}`)),
    h('span', {}, typeof what === 'object' ? '' : String(what)), h('small', {}, each.actor));
}

/** @param {Demo} demo */
export function labels(demo) {
  const found = demo.state.labels.filter((each) => each.text);
  if (!found.length) return [h('p.hint', {}, t('no_labels'))];
  return found.map((each) => labelCard(demo, each, demo.hot(each.text) ? 'hot' : ''));
}

/** @param {Demo} demo @param {Label} each @param {string} mark */
function labelCard(demo, each, mark) {
  return h('button', {
    type: 'button', class: `label ${mark}`, title: each.text, onclick: () => demo.scan(each.text, 'station'),
  }, h('img', { src: `api/labels/${each.printer}/${each.n}.png`, alt: each.text, loading: 'lazy' }));
}
