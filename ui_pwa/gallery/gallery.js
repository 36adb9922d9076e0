// Every token with its role, and every part in each of its states: what the screens are made of.
// A test photographs this page; a part that is not here, or not used by a screen, fails it.

import { START } from '../src/core/state.js';
import { translator } from '../src/core/text.js';
import { choices } from '../src/parts/choices.js';
import { action, footer, header, keypad, notice } from '../src/parts/parts.js';
import { bar, chip, count, empty, marks, row, slotMark, tick, todo } from '../src/parts/rows.js';
import {
  block, card, facts, field, figure, moment, orderLink, strip,
} from '../src/parts/sheets.js';
import { html, render } from '../vendor/lit.js';

const ROLES = ['page', 'soft', 'bar', 'main', 'good', 'wrong', 'stop', 'kept', 'gift', 'rush'];
const NAME = { zh: '儿童乳胶枕', en: 'Latex pillow for children' };
const PERSON = { id: 'p1', name: { zh: '王小梅', en: 'Wang Xiaomei' }, roles: ['packer'] };
const SESSION = /** @type {Session} */ ({
  id: 's', person: PERSON, device: 'd', station: null, opened_at: 0, task: null,
});
const ORDER = 'WEB-2011001';
const WHY = { code: 'pack_incomplete', facts: { missing: [NAME] } };
const ILL = { id: 'P1', name: 'P1', ok: false, fault: 'paper', since: 0 };
const nothing = () => undefined;

/** What parts ask of the app. @param {Translate} t @param {Partial<State>} [state] */
function stub(t, state) {
  const lang = document.documentElement.lang === 'en' ? 'en' : 'zh';
  const shown = { ...START, lang, link: 'up', session: SESSION, ...state };
  const name = (/** @type {any} */ of) => (of?.zh ? of[lang] : String(of ?? ''));
  const nowUs = () => Date.now() * 1000;
  const does = { refuse: nothing, go: nothing, open: nothing, dispatch: nothing };
  return /** @type {App} */ (/** @type {unknown} */ ({ t, name, nowUs, state: shown, ...does }));
}

/** @param {Translate} t @returns {Record<string, unknown[]>} */
const parts = (t) => ({ ...frame(t), ...lists(t), ...sheets(t) });

/** What every screen has. @param {Translate} t @returns {Record<string, unknown[]>} */
function frame(t) {
  const app = stub(t);
  const says = (/** @type {Tone} */ tone, /** @type {string} */ key, hint = '') =>
    notice(stub(t, { notice: { tone, key, facts: {}, hint, seq: 1 } }));
  const kept = /** @type {any} */ ([{ seq: 1, cmd: { kind: 'pick.scan', data: {} } }]);
  const main = { tone: 'main', text: t('act.finish_print'), onPress: nothing };
  return {
    header: [
      header(app, t('screen.pack')),
      header(app, t('screen.order'), nothing),
      header(stub(t, { link: 'down', outbox: kept }), t('screen.pick')),
      header(stub(t, { disk: 'read_only' }), t('screen.pack')),
      header(stub(t, { urgent: { order: ORDER, priority: 'P0' } }), t('screen.tasks')),
      header(
        stub(t, { session: { ...SESSION, station: { id: 'S1', name: 'S1', printers: ['P1'] } },
          printers: [ILL] }),
        t('screen.pack'),
      ),
    ],
    action: [
      action(app, { text: t('act.print'), onPress: nothing }),
      action(app, main),
      action(app, { ...main, why: WHY }),
      action(app, { text: t('act.photo'), note: t('pack.photos_wait', { n: 2 }),
        onPress: nothing }),
      action(app, { text: t('act.lot_stop'), pressed: true, onPress: nothing }),
      action(app, { text: t('act.lot_free'), pressed: false, onPress: nothing }),
    ],
    choices: [
      choices(app, Array.from({ length: 12 }, (_, i) => i + 1), (n) =>
        ({ text: `${t('returns.lay_sellable')} ${n}`, onPress: nothing }), { turned: 1 }),
    ],
    footer: [
      footer(action(app, { text: t('act.other_order'), onPress: nothing }), action(app, main)),
    ],
    notice: [
      says('kept', 'notice.checked'),
      notice(stub(t, { outbox: kept, notice: { tone: 'good', key: 'said.location', facts: {},
        hint: '', seq: 1 } })),
      says('good', 'notice.shipped'),
      says('wrong', 'refusal.wrong_bin', 'hint.wrong_item'),
      says('stop', 'refusal.label_void'),
      says('info', 'notice.alarm_first'),
    ],
    keypad: [
      keypad(app, { shown: '12', label: t('qty.pick'), onDigit: nothing, onBack: nothing }),
    ],
  };
}

/** What lists are made of. @param {Translate} t @returns {Record<string, unknown[]>} */
function lists(t) {
  const app = stub(t);
  return {
    tick: [
      (/** @type {const} */ (['done', 'kept', 'open', 'short', 'stopped'])).map((w) =>
        tick(app, w),
      ),
    ],
    chip: [['', 'good', 'bad', 'rush', 'risk', 'tag', 'gift', 'service'].map((tone) =>
      html`${chip(tone || 'chip', tone)} `)],
    marks: [marks(app, { gift: true, service: true })],
    slotMark: [[1, 2, 3].map(slotMark)],
    count: [count(1, 3), count(12, 120)],
    bar: [bar(3, 7, '3/7'), bar(7, 7, '7/7')],
    todo: [todo(t('handover.scan'))],
    empty: [empty(t('tasks.none'), html`<p class="sub">${t('tasks.none_hint')}</p>`)],
    row: [
      row({ main: app.name(NAME), sub: 'A-01-05', behind: count(0, 2) }),
      row({ main: 'T-9', sub: t('pack.row', { lines: 2, gifts: 1 }), tone: 'rush',
        behind: chip('24H', 'rush'), onPress: nothing }),
      row({ main: 'T-9', sub: ORDER, pressed: true, behind: slotMark(1), onPress: nothing }),
      row({ main: app.name(NAME), sub: t('tick.done'), tone: 'is-done',
        before: tick(app, 'done') }),
      row({ main: ORDER, sub: t('state.cancelled'), tone: 'stopped',
        before: tick(app, 'stopped'), onPress: nothing }),
    ],
  };
}

/** What is read rather than worked on. @param {Translate} t @returns {Record<string, unknown[]>} */
function sheets(t) {
  const app = stub(t);
  return {
    block: [
      block({ now: true, label: t('pick.go'), code: 'A-01-02' }),
      block({ now: true, label: t('putback.lay'), code: 'QUARANTINE' }),
      block({ now: false, label: t('putback.take'), text: app.name(NAME), small: 'PILLOW-K',
        behind: count(0, 2) }),
    ],
    strip: (/** @type {const} */ (['', 'now', 'good', 'bad'])).map((tone) =>
      strip(html`<p class="lead">${t('state.picked')}</p>`, tone)),
    card: [
      card({ title: t('live.alarms'), behind: chip('0', 'good'), body: t('live.no_alarm') }),
      card({ title: t('live.stuck'), tone: 'bad', behind: chip('1', 'bad'),
        body: row({ main: ORDER, onPress: nothing }) }),
    ],
    facts: [facts(app, { order: ORDER, qty: 2, paid_at: 1.77e15, risk_pm: 912, name: NAME })],
    moment: [html`<ol class="moments">${moment(app, { at: 1.77e15, what: t('state.picked'),
      by: app.name(PERSON.name), rules: 'default@1', data: { order: ORDER } })}</ol>`],
    orderLink: [orderLink(app, ORDER)],
    figure: [html`<div class="figures">
      ${figure({ n: 3, text: t('figure.tasks'), onPress: nothing })}
      ${figure({ n: 2, text: t('figure.approvals'), tone: 'bad', onPress: nothing })}</div>`],
    field: [field(t('returns.text'), html`<input type="text" autocomplete="off">`)],
  };
}

/** WCAG contrast of a swatch's two colours, as it is painted. @param {Element} swatch */
function contrast(swatch) {
  const style = getComputedStyle(swatch);
  const [a, b] = [style.color, style.backgroundColor].map((colour) => {
    const [r, g, bl] = (colour.match(/[\d.]+/g) ?? []).map((v) => {
      const c = Number(v) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  });
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

async function paint() {
  const lang = document.documentElement.lang === 'en' ? 'en' : 'zh';
  const files = await Promise.all(
    [`${lang}.start`, lang].map(async (f) => (await fetch(`../locales/${f}.json`)).json()),
  );
  const t = translator(Object.assign({}, ...files), lang);
  const theme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
  const look = (/** @type {string} */ to, /** @type {string} */ as) => {
    floorLook(to, as);
    paint();
  };
  const app = stub(t);
  render(
    html`<div class="gallery"><h1>Floorgate</h1><nav>
        ${action(app, { text: t('act.language'),
          onPress: () => look(lang === 'zh' ? 'en' : 'zh', theme) })}
        ${action(app, { text: t(`set.theme_${theme === 'dark' ? 'light' : 'dark'}`),
          onPress: () => look(lang, theme === 'dark' ? 'light' : 'dark') })}</nav>
      <section class="part"><h2>tokens</h2><div class="swatches">${ROLES.map((role) =>
        html`<div class="swatch" data-role=${role}><b>${role}</b><span></span></div>`)}</div>
      </section>
      ${Object.entries(parts(t)).map(([name, states]) =>
        html`<section class="part" data-part=${name}><h2>${name}</h2><div class="states">${
          states.map((state) => html`<div class="state">${state}</div>`)
        }</div></section>`)}</div>`,
    /** @type {HTMLElement} */ (document.getElementById('main')),
  );
  for (const swatch of document.querySelectorAll('[data-role]')) {
    const { style, dataset } = /** @type {HTMLElement} */ (swatch);
    style.background = `var(--${dataset.role})`;
    style.color = `var(--on-${dataset.role})`;
    const said = /** @type {Element} */ (swatch.lastElementChild);
    said.textContent = `${contrast(swatch).toFixed(1)} : 1`;
  }
  document.documentElement.dataset.ready = '';
}

paint();
