// Alarms: each is told at once to eye, ear and hand, and again until somebody has acknowledged it.

import { openAlarms } from './core/state.js';
import { signal } from './io/signals.js';
import { isCalm } from './screens/dialogs.js';

/** An unacknowledged alarm is signalled again this often, ms. */
const EVERY_MS = 3000;

export class Ringing {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.lastMs = -Infinity;
    /** When each alarm was first shown, ms. @type {Map<string, number>} */
    this.shownMs = new Map();
    /** @type {typeof import('./io/voice.js') | null} */
    this.voice = null;
  }

  /** @param {Alarm} alarm */
  take(alarm) {
    const { app } = this;
    const known = app.state.alarms.some((a) => a.id === alarm.id);
    app.dispatch({ type: 'alarm', alarm });
    if (alarm.facts.message) app.followed((follow) => follow.message(app, alarm.facts.message));
    if (known) return;
    app.save();
    this.#ring();
    app.painter.render(); // not a frame later
    if (app.state.task) app.refresh('task');
  }

  tick() {
    if (performance.now() - this.lastMs >= EVERY_MS) this.#ring();
    this.voice?.prepare(this.app.state.lang);
  }

  /** How long an alarm has been on the screen, ms. @param {string} id */
  shownFor(id) {
    const shownMs = this.shownMs.get(id);
    this.shownMs.delete(id);
    return shownMs === undefined ? null : Math.round(performance.now() - shownMs);
  }

  #ring() {
    const [alarm] = openAlarms(this.app.state);
    if (!alarm) return;
    this.lastMs = performance.now();
    if (!this.shownMs.has(alarm.id)) this.shownMs.set(alarm.id, this.lastMs);
    signal(isCalm(alarm) ? 'good' : 'alarm');
    this.voice?.say(alarm, this.app.state.lang);
  }
}
