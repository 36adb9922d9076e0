// What is on the screen: the screen's view, and what lies over it, once a frame.

import { html, render } from '../vendor/lit.js';
import { openAlarms } from './core/state.js';
import * as dialogs from './screens/dialogs.js';
import * as signIn from './screens/sign_in.js';

/** The other screens come when first asked for, and all of them after the first paint. */
const LATER = {
  tasks: async () => import('./screens/tasks.js'),
  pick: async () => import('./screens/pick.js'),
  pack: async () => import('./screens/pack.js'),
  status: async () => import('./screens/status.js'),
  asks: async () => import('./screens/asks.js'),
  approvals: async () => (await import('./screens/approvals.js')).approvals,
  approval: async () => (await import('./screens/approvals.js')).approval,
  orders: async () => (await import('./screens/orders.js')).orders,
  order: async () => (await import('./screens/orders.js')).order,
  prints: async () => (await import('./screens/printing.js')).prints,
  fixes: async () => (await import('./screens/printing.js')).fixes,
  counts: async () => (await import('./screens/stockroom.js')).counts,
  lots: async () => (await import('./screens/stockroom.js')).lots,
  live: async () => import('./screens/live.js'),
  devices: async () => (await import('./screens/devices.js')).devices,
  device: async () => (await import('./screens/devices.js')).device,
  handover: async () => (await import('./screens/floor.js')).handover,
  putback: async () => (await import('./screens/floor.js')).putback,
};

export class Painter {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Record<string, ScreenModule>} */
    this.screens = { signin: signIn };
    this.waiting = false;
  }

  /** Paint at the next frame. */
  paint() {
    if (this.waiting) return;
    this.waiting = true;
    if (document.hidden) setTimeout(() => this.render());
    else requestAnimationFrame(() => this.render());
  }

  /** Paint now. */
  render() {
    this.waiting = false;
    const { app } = this;
    const { state } = app;
    const screen = this.screens[state.screen];
    const kind = screen?.wide ? 'page wide' : 'page';
    if (screen) render(html`<div class=${kind}>${screen.view(app)}</div>`, byId('screen'));
    else this.fetch(state.screen);
    const layer = dialogBy('layer');
    const alarm = dialogBy('alarm');
    const ringing = openAlarms(state).length > 0;
    render(dialogs.view(app), bodyOf(layer));
    render(dialogs.alarmView(app), bodyOf(alarm));
    show(layer, state.dialog !== null);
    show(alarm, ringing);
    app.wedge?.moveTo(ringing ? alarm : state.dialog ? layer : byId('main'));
  }

  /** Have every screen at hand before the next hole in the Wi-Fi. */
  fetchAll() {
    return Promise.all(Object.keys(LATER).map((name) => this.fetch(name)));
  }

  /** The screen of a name, fetched if need be. @param {string} name */
  async fetch(name) {
    if (!this.screens[name]) {
      this.screens[name] = await LATER[/** @type {keyof typeof LATER} */ (name)]();
      this.paint();
    }
    return this.screens[name];
  }

  /** The layers that are asked for; null until they have come. */
  asks() {
    if (!this.screens.asks) this.fetch('asks');
    return this.screens.asks ?? null;
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
