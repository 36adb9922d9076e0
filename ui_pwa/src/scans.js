// Scans one after another: whatever was read goes to what lies on top, or to where its kind leads.

import { classify, normalise } from './core/codes.js';
import { OFFLINE_KINDS } from './core/outbox.js';
import { openAlarms } from './core/state.js';
import { part } from './io/box.js';
import * as dialogs from './screens/dialogs.js';
import * as signIn from './screens/sign_in.js';

/** The card for the next person. */
const SWITCH = '@C:USER';

export class Scans {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Promise<unknown>} */
    this.last = Promise.resolve();
    /** When something came that is no code, ms. @type {number[]} */
    this.rejects = [];
  }

  /** Scans wait for each other; none is dropped. @param {string} code */
  take(code) {
    const scan = classify(code);
    this.between(async () => {
      await this.linked(scan);
      await this.route(scan);
      await this.settled();
    });
  }

  /** Do something while no scan is under way; the next ones wait. @param {() => unknown} work */
  between(work) {
    this.last = this.last.then(work).catch((error) => {
      this.app.tell('stop', 'refusal.internal');
      reportError(error);
    });
  }

  /** A fixed scanner of this station read something. @param {{code?: string}} frame */
  fromStation({ code = '' }) {
    const read = normalise(code);
    if (read.ok) this.take(read.code);
    else this.app.tell('wrong', 'notice.scanner_unread', {}, 'hint.scanner_unread');
  }

  /** What arrived is no code; where that happens often, the scanner is to be calibrated. */
  /** @param {string} why */
  async reject(why) {
    const { app } = this;
    app.tell('wrong', `reject.${why}`, {}, `hint.${why}`);
    const { REJECTS_MAX, REJECTS_MS } = await part(() => import('./core/calibration.js'));
    const now = performance.now();
    this.rejects = [...this.rejects, now].filter((ms) => now - ms < REJECTS_MS);
    if (this.rejects.length < REJECTS_MAX) return;
    this.rejects = [];
    app.tell('wrong', 'notice.calibrate', {}, 'hint.calibrate');
    if (!app.state.task && !app.state.dialog) app.go('calibrate');
  }

  /** Wait for answers that only the box can give: they may change what the next scan means. */
  async settled() {
    const { app } = this;
    const asked = () =>
      app.sending.keeping > 0 ||
      (app.state.link === 'up' &&
        app.state.outbox.some((k) => !k.parked && !OFFLINE_KINDS.includes(k.cmd.kind)));
    while (asked()) await this.news();
    await app.following;
  }

  /** Wait until something has happened. */
  news() {
    return new Promise((resolve) => {
      this.app.waiters.push(() => resolve(null));
    });
  }

  /** Wait for a link that is coming up: work that only the box can do is not refused meanwhile. */
  /** @param {Scan} scan */
  async linked(scan) {
    const { app } = this;
    const coming = () =>
      app.state.session &&
      app.state.link === 'connecting' &&
      (app.state.screen !== 'pick' || scan.code === SWITCH) &&
      !openAlarms(app.state).length;
    while (coming()) await this.news();
  }

  /** @param {Scan} scan */
  async route(scan) {
    const { app } = this;
    const { state } = app;
    if (openAlarms(state).length) {
      if (scan.type === 'command' && scan.name === 'OK') dialogs.ackAlarm(app);
      else app.tell('stop', 'notice.alarm_first');
    } else if (scan.type === 'badge') await signIn.takeBadge(app, scan.code);
    else if (dialogs.isLocked(state) && state.dialog?.kind !== 'pin') dialogs.refuseScan(app);
    else if (scan.type === 'command' && scan.name === 'USER') await app.switchUser();
    else if (state.dialog) {
      if (state.dialog.kind === 'pin' || (await app.painter.fetchAsks())) dialogs.scan(app, scan);
      else this.missed();
    } else if (scan.type === 'station') signIn.takeStation(app, scan.code);
    else if (scan.type === 'sticker') await this.lead('device', scan);
    else if (scan.type === 'command' && scan.name === 'HELP') app.open({ kind: 'help' });
    else if (scan.type === 'command' && scan.name === 'UNDO') app.tell('wrong', 'notice.undo');
    else await this.lead(state.screen, scan);
  }

  /** @param {ScreenName} name @param {Scan} scan */
  async lead(name, scan) {
    const screen = await this.app.painter.fetch(name);
    if (screen) await screen.scan?.(this.app, scan);
    else this.missed();
  }

  /** What would take the scan has not come from the box yet. */
  missed() {
    this.app.tell('stop', 'notice.part_missing', {}, 'hint.part_missing');
  }
}
