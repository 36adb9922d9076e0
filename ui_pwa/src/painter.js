// What is on the screen: the screen's view, and what lies over it, once a frame.

import { html, nothing, render } from '../vendor/lit.js';
import { openAlarms } from './core/state.js';
import { part, pause } from './io/box.js';
import { action, footer, header, notice } from './parts/parts.js';
import * as dialogs from './screens/dialogs.js';
import { SCREENS } from './screens/registry.js';
import * as signIn from './screens/sign_in.js';

export class Painter {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Record<string, ScreenModule>} */
    this.screens = { signin: signIn };
    /** @type {typeof import('./screens/asks.js') | null} */
    this.layers = null;
    /** @type {typeof import('./screens/lesson.js') | null} */
    this.coach = null;
    /** @type {typeof import('./screens/intake.js') | null} */
    this.intake = null;
    /** Parts of the page that did not come: the box or the Wi-Fi was away. @type {Set<string>} */
    this.missing = new Set();
    this.waiting = false;
    this.opened = false;
  }

  /** Paint at the next frame. */
  paint() {
    if (this.waiting) return;
    this.waiting = true;
    const render = () => this.waiting && this.render();
    if (document.hidden) setTimeout(render);
    else requestAnimationFrame(render);
  }

  /** Paint now. */
  render() {
    this.waiting = false;
    const { app } = this;
    const { state } = app;
    const screen = this.screens[state.screen];
    const kind = screen?.wide ? 'page wide' : 'page';
    const intake = state.intake === 'wedge' && !this.intake ? nothing : this.codes()?.strip(app);
    const strip = state.practice ? this.practice()?.strip(app) : nothing;
    if (!screen) this.fetch(state.screen);
    if (screen || this.missing.has(state.screen)) {
      if (!this.opened) byId('screen').replaceChildren(); // what index.html shows until now
      this.opened = true;
      const view = screen ? screen.view(app) : awaited(app);
      render(html`<div class=${kind}>${strip}${intake}${view}</div>`, byId('screen'));
    }
    const layer = dialogBy('layer');
    const alarm = dialogBy('alarm');
    const lock = dialogBy('lock');
    const ringing = openAlarms(state).length > 0;
    const asking = state.dialog?.kind === 'pin';
    const locked = dialogs.isLocked(state) && !ringing && !asking;
    render(dialogs.view(app), bodyOf(layer));
    render(dialogs.alarmView(app), bodyOf(alarm));
    render(dialogs.lockView(app), bodyOf(lock));
    // The newest dialog lies on top: nothing is opened over an alarm, it waits until that is over.
    show(layer, state.dialog !== null && (layer.open || !ringing));
    show(lock, locked);
    show(alarm, ringing);
    const top = ringing ? alarm : locked ? lock : state.dialog ? layer : byId('main');
    app.wedge?.moveTo(top);
  }

  /** Have every screen at hand before the next hole in the Wi-Fi. */
  async fetchAll() {
    await Promise.all([...Object.keys(SCREENS).map((id) => this.fetch(id)), this.fetchAsks()]);
    while (this.missing.size) await pause();
  }

  /** The screen of a name, fetched if need be; undefined while it does not come. */
  /** @param {ScreenName} name */
  async fetch(name) {
    const load = () => SCREENS[name].load();
    const take = (/** @type {ScreenModule} */ module) => (this.screens[name] = module);
    if (!this.screens[name]) await this.#bring(name, load, take);
    return this.screens[name];
  }

  /** The layers that are asked for; null until they have come. */
  asks() {
    if (!this.layers) this.fetchAsks();
    return this.layers;
  }

  /** What stands above every screen of a practice floor; null until it has come. */
  practice() {
    const load = () => import('./screens/lesson.js');
    if (!this.coach) this.#bring('coach', load, (module) => (this.coach = module));
    return this.coach;
  }

  /** Where codes come from while the scanner is not trusted; null until it has come. */
  codes() {
    const load = () => import('./screens/intake.js');
    if (!this.intake) this.#bring('codes', load, (module) => (this.intake = module));
    return this.intake;
  }

  async fetchAsks() {
    const load = () => import('./screens/asks.js');
    if (!this.layers) await this.#bring('asks', load, (module) => (this.layers = module));
    return this.layers;
  }

  /**
   * Load a part of the page. One that does not come is missing, and asked for until it does.
   * @template T
   * @param {string} name @param {() => Promise<T>} load @param {(module: T) => unknown} take
   */
  async #bring(name, load, take) {
    if (this.missing.has(name)) return;
    try {
      take(await load());
    } catch {
      this.missing.add(name);
      part(load).then((module) => {
        this.missing.delete(name);
        take(module);
        this.app.refresh('seen');
        this.paint();
      });
    }
    this.paint();
  }
}

/** In place of what has not come: that it comes by itself, and the way back. @param {App} app */
export const awaited = (app) => html`${header(app, app.t('notice.part_missing'))}
  <section class="fill centre"><p class="lead">${app.t('hint.part_missing')}</p></section>
  ${notice(app)}
  ${footer(action(app, { text: app.t('act.back'), onPress: () => app.goHome() }))}`;

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
export const dialogBy = (id) => /** @type {HTMLDialogElement} */ (byId(id));
/** @param {HTMLDialogElement} dialog */
const bodyOf = (dialog) => /** @type {HTMLElement} */ (dialog.firstElementChild);

/** @param {HTMLDialogElement} dialog @param {boolean} wanted */
function show(dialog, wanted) {
  if (wanted && !dialog.open) dialog.showModal();
  if (!wanted && dialog.open) dialog.close();
}
