// What is on the screen: the screen's view, and what lies over it, once a frame.

import { html, nothing, render } from '../vendor/lit.js';
import { openAlarms } from './core/state.js';
import * as dialogs from './screens/dialogs.js';
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
    this.waiting = false;
    /** What the eye need not wait for. @type {(() => void)[]} */
    this.afterwards = [];
    this.opened = false;
  }

  /** Paint at the next frame. */
  paint() {
    if (this.waiting) return;
    this.waiting = true;
    if (document.hidden) setTimeout(() => this.render());
    else requestAnimationFrame(() => this.render());
  }

  /** Do something when the next frame has been painted. @param {() => void} work */
  afterPaint(work) {
    this.afterwards.push(work);
    this.paint();
  }

  /** Paint now. */
  render() {
    this.waiting = false;
    for (const work of this.afterwards.splice(0)) setTimeout(work); // runs behind this frame
    const { app } = this;
    const { state } = app;
    const screen = this.screens[state.screen];
    const kind = screen?.wide ? 'page wide' : 'page';
    const intake = state.intake === 'wedge' && !this.intake ? nothing : this.codes()?.strip(app);
    const strip = state.practice ? this.practice()?.strip(app) : nothing;
    if (screen) {
      if (!this.opened) byId('screen').replaceChildren(); // what index.html shows until now
      this.opened = true;
      render(html`<div class=${kind}>${strip}${intake}${screen.view(app)}</div>`, byId('screen'));
    } else this.fetch(state.screen);
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
    const { SCREENS } = await import('./screens/registry.js');
    await Promise.all([...Object.keys(SCREENS).map((id) => this.fetch(id)), this.fetchAsks()]);
  }

  /** The screen of a name, fetched if need be. @param {ScreenName} name */
  async fetch(name) {
    if (name !== 'signin' && !this.screens[name]) {
      const { SCREENS } = await import('./screens/registry.js');
      this.screens[name] = await SCREENS[name].load();
      this.paint();
    }
    return this.screens[name];
  }

  /** The layers that are asked for; null until they have come. */
  asks() {
    if (!this.layers) this.fetchAsks();
    return this.layers;
  }

  /** What stands above every screen of a practice floor; null until it has come. */
  practice() {
    if (!this.coach) this.fetchCoach();
    return this.coach;
  }

  /** Where codes come from while the scanner is not trusted; null until it has come. */
  codes() {
    if (!this.intake) import('./screens/intake.js').then((module) => this.#has(module));
    return this.intake;
  }

  /** @param {typeof import('./screens/intake.js')} module */
  #has(module) {
    this.intake = module;
    this.paint();
  }

  async fetchCoach() {
    this.coach = await import('./screens/lesson.js');
    this.paint();
  }

  async fetchAsks() {
    this.layers = await import('./screens/asks.js');
    this.paint();
  }
}

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
