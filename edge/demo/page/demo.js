// The demo page: two PDAs in frames, and everything around them that a floor has.

import { ask, byId, h } from './dom.js';
import * as panels from './panels.js';
import { named, t } from './texts.js';

const POLL_MS = 700;
const TOAST_MS = 3000;
/** A code clicked without effect may be clicked again after so long. */
const AGAIN_MS = 2500;
/** @type {Door[]} */
const DOORS = ['pda', 'station'];

class Page {
  /** @param {Site} site @param {DemoState} state */
  constructor(site, state) {
    this.site = site;
    this.state = state;
    this.tab = 'codes';
    /** @type {Door | null} */
    this.aimed = null;
    /** @type {string | null} */
    this.chosen = null;
    /** @type {Story | null} */
    this.story = null;
    /** @type {Record<string, number>} */
    this.rule = {};
    this.clicked = 0;
    this.clickedMs = 0;
    this.drawn = new Map();
  }

  // ---- scanning

  /** @returns {Door} where a code goes that says nothing of it */
  target() { return this.aimed ?? this.state.step.door ?? 'pda'; }

  /** @param {Door} door */
  aim(door) { this.aimed = door; this.draw(); }

  /** @param {string} code @param {Door | null} [door] */
  scan(code, door = null) {
    this.send(door ?? this.target(), { text: code });
    const next = this.sequence()[this.turn()];
    if (next && next.code === code) this.clicked += 1;
    this.clickedMs = performance.now();
    this.draw();
  }

  /** @param {string} digits @param {Door | null} door */
  type(digits, door) {
    this.send(door ?? this.target(), { text: digits, typed: true });
    const next = this.sequence()[this.turn()];
    if (next && next.pin === digits) this.clicked += 1;
    this.clickedMs = performance.now();
    this.draw();
  }

  /** @param {Door} door @param {{text: string, typed?: boolean}} what */
  send(door, what) {
    const phone = byId(door);
    const frame = /** @type {HTMLIFrameElement} */ (phone.querySelector('iframe'));
    frame.contentWindow?.postMessage(what, this.origin(door));
    phone.classList.remove('beam');
    phone.getBoundingClientRect();
    phone.classList.add('beam');
  }

  /** @param {Door} door */
  origin(door) { return `${location.protocol}//${location.hostname}:${this.site.doors[door]}`; }

  /** The codes of the next step in turn; a PIN is typed before the last. */
  sequence() {
    const { codes, pin } = this.state.step;
    /** @type {{code: string, pin: string}[]} */
    const turns = codes.map((code) => ({ code, pin: '' }));
    if (pin) turns.splice(-1, 0, { code: '', pin });
    return turns;
  }

  /** Which of them is due. */
  turn() { return this.clicked; }

  /** Whether a code is the one to click now. @param {string} code */
  hot(code) { return this.sequence()[this.turn()]?.code === code; }

  // ---- doing

  /** @param {string} path @param {unknown} body */
  async act(path, body) {
    try {
      await ask(path, body);
      this.toast(t('done_toast'));
    } catch (error) {
      this.toast(String(/** @type {Error} */ (error).message), true);
    }
    await this.look();
  }

  /** @param {string | null} order */
  async choose(order) {
    this.chosen = order;
    this.story = null;
    await this.look();
  }

  /** @param {string} text @param {boolean} [isBad] */
  toast(text, isBad = false) {
    const toast = byId('toast');
    toast.textContent = text;
    toast.classList.toggle('bad', isBad);
    toast.hidden = false;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => { toast.hidden = true; }, TOAST_MS);
  }

  // ---- looking

  async look() {
    try {
      const state = await ask('state');
      const isNew = JSON.stringify(state.step) !== JSON.stringify(this.state.step);
      const isIdle = performance.now() - this.clickedMs > AGAIN_MS;
      if (isNew || (isIdle && this.turn() >= this.sequence().length)) this.clicked = 0;
      this.state = state;
      if (this.chosen) this.story = await ask(`orders/${encodeURIComponent(this.chosen)}`);
      this.problem = '';
    } catch (error) {
      this.problem = String(/** @type {Error} */ (error).message);
    }
    this.draw();
  }

  /**
   * Replace what changed.
   * @param {string} id
   * @param {unknown} key
   * @param {() => (Node | null)[]} make
   */
  part(id, key, make) {
    const text = JSON.stringify([document.documentElement.lang, key]);
    if (this.drawn.get(id) === text) return;
    this.drawn.set(id, text);
    const at = byId(id);
    const { scrollTop } = at;
    at.replaceChildren(.../** @type {Node[]} */ (make().filter(Boolean)));
    at.scrollTop = scrollTop;
  }

  draw() {
    const { state } = this;
    const due = this.sequence()[this.turn()];
    this.part('coach', [state.step, this.clicked, state.bots.at_work], () => panels.coach(this));
    this.part('labels', [state.labels, due], () => panels.labels(this));
    this.part('panel', {
      codes: [this.tab, this.target(), due],
      trouble: [this.tab, state.switches, state.bots, state.rules],
      orders: [this.tab, this.chosen, this.chosen ? this.story : state.orders],
    }[this.tab], () => /** @type {any} */ (panels)[this.tab](this));
    this.part('status', [state.hub, state.counts, this.problem], () => this.status());
    for (const name of ['codes', 'trouble', 'orders']) {
      byId(`tab-${name}`).setAttribute('aria-selected', String(this.tab === name));
    }
    for (const door of DOORS) {
      const phone = byId(door);
      const person = state.people[door];
      phone.classList.toggle('next', state.step.door === door);
      phone.classList.toggle('cut', !state.switches.wifi);
      const who = /** @type {HTMLElement} */ (phone.querySelector('.who'));
      who.textContent = person ? named(person.name) : t('nobody');
    }
  }

  /** @param {string} state */
  nameOf(state) {
    const name = this.state.orders.find((order) => order.state === state)?.state_name;
    return name ? named(name) : state;
  }

  status() {
    const { hub, counts } = this.state;
    if (this.problem) return [h('span.chip.stop', {}, t('lost', { problem: this.problem }))];
    return [
      h('span.chip', { class: hub.up ? 'good' : 'stop' }, t(hub.up ? 'hub_up' : 'hub_down')),
      hub.lag ? h('span.chip.wait', {}, t('lag', hub)) : null,
      ...Object.entries(counts).map(([state, n]) => (
        h('span.count', {}, `${this.nameOf(state)} ${n}`))),
    ];
  }

  dress() {
    for (const node of document.querySelectorAll('[data-t]')) {
      node.textContent = t(node.getAttribute('data-t') ?? '');
    }
    byId('lang').textContent = t('other_lang');
  }
}

/** @param {Page} page */
function wire(page) {
  const root = document.documentElement;
  const keep = () => localStorage.setItem('demo.look', JSON.stringify({
    lang: root.lang, theme: root.dataset.theme,
  }));
  byId('lang').addEventListener('click', () => {
    root.lang = root.lang === 'en' ? 'zh-CN' : 'en';
    keep(); page.dress(); page.draw();
  });
  byId('theme').addEventListener('click', () => {
    root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    keep();
  });
  for (const tab of ['codes', 'trouble', 'orders']) {
    byId(`tab-${tab}`).addEventListener('click', () => { page.tab = tab; page.draw(); });
  }
  byId('hub-link').setAttribute('href', page.site.hub);
  for (const door of DOORS) {
    const frame = /** @type {HTMLIFrameElement} */ (byId(door).querySelector('iframe'));
    frame.src = `${page.origin(door)}/demo/wedge.html`;
  }
}

async function start() {
  const [site, state] = await Promise.all([ask('site'), ask('state')]);
  const page = new Page(site, state);
  page.dress();
  wire(page);
  page.draw();
  document.documentElement.dataset.ready = '';
  for (;;) {
    if (!document.hidden) await page.look();
    await new Promise((done) => { setTimeout(done, POLL_MS); });
  }
}

start();
