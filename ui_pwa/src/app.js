// The page put together: one state, one queue of scans, one way out for commands.

import { OFFLINE_KINDS, OUTBOX_MAX, VERSION, uuid7 } from './core/outbox.js';
import { Sending } from './core/sending.js';
import { SAVED, START, boxTime, home, reduce } from './core/state.js';
import { translator } from './core/text.js';
import { BoxError, Link, call, part, texts } from './io/box.js';
import * as db from './io/db.js';
import { signal } from './io/signals.js';
import { Painter, byId } from './painter.js';
import { Ringing } from './ringing.js';
import { Scans } from './scans.js';

const SAVE_MS = 50;
/** A cursor that is behind only has entries read again, ms. */
const SAVE_CURSOR_MS = 1000;
const REFRESH_MS = 250;
const SESSION_MS = 4000;
const UPDATE_MS = 4000;

/** Good-byes after which nobody is signed in here; at `replaced` somebody else is. */
const BYES = ['signed_out', 'revoked', 'cut', 'shift_over'];

/** What a locked session still does. */
const WHILE_LOCKED = ['session.open', 'session.close', 'alarm.ack'];

/** Said of a command that only the box can judge. */
const UNJUDGED = Object.freeze({ ok: true, code: '', facts: {} });

export class App {
  /** @param {string} device @param {Partial<State>} saved @param {Kept[]} outbox */
  constructor(device, saved, outbox) {
    this.device = device;
    /** @type {State} */
    this.state = reduce(START, { type: 'loaded', saved, outbox });
    /** @type {Translate} */
    this.t = (key) => key;
    /** What the open dialog's answer goes to. */
    /** @type {(qty: number) => unknown} */
    this.onQty = () => undefined;
    /** @type {(code: string) => unknown} */
    this.onReason = () => undefined;
    /** @type {() => unknown} */
    this.onSure = () => undefined;
    /** @type {import('./io/wedge.js').Wedge | null} */
    this.wedge = null;
    /** @type {(() => unknown) | null} */
    this.keepShell = null;
    /** @type {Promise<typeof import('./screens/follow.js')> | null} */
    this.follow = null;
    /** @type {Promise<unknown>} */
    this.following = Promise.resolve();
    /** @type {(() => void)[]} */
    this.waiters = [];
    /** @type {Map<string, ReturnType<typeof setTimeout>>} */
    this.later = new Map();
    /** @type {Set<string>} */
    this.unsaved = new Set();
    this.painter = new Painter(this);
    this.scans = new Scans(this);
    this.ringing = new Ringing(this);
    this.sending = new Sending({
      state: () => this.state,
      dispatch: (event) => this.dispatch(event),
      keep: db.keep,
      settle: (seq, kept) => db.settle(seq, kept, this.takeUnsaved()),
      put: (cmd) => this.link.send({ t: 'cmd', cmd }),
      nowMs: () => performance.now(),
      later: (ms, work) => setTimeout(work, ms),
    });
    /** @type {Link} */
    this.link = new Link({
      since: () => this.state.cursor,
      onFrame: (frame) => this.onFrame(frame),
      onDown: () => this.onDown(),
    });
  }

  // ---- state and painting

  /** @param {Happening} event */
  dispatch(event) {
    const before = this.state;
    this.state = reduce(before, event);
    const changed = SAVED.filter((name) => before[name] !== this.state[name]);
    for (const name of changed) this.unsaved.add(name);
    if (changed.some((name) => name !== 'cursor')) this.soon('save', SAVE_MS, () => this.save());
    else if (changed.length) this.soon('save cursor', SAVE_CURSOR_MS, () => this.save());
    const { screen, about } = this.state;
    if (before.screen !== screen || before.about !== about) this.entered(screen);
    for (const go of this.waiters.splice(0)) go();
    if (event.type !== 'entry') this.paint(); // an entry moves the cursor, which nobody sees
  }

  /** What has changed since the last write, by name. */
  takeUnsaved() {
    const values = Object.fromEntries(
      [...this.unsaved].map((name) => [name, this.state[/** @type {keyof State} */ (name)]]),
    );
    this.unsaved.clear();
    return values;
  }

  async save() {
    if (this.unsaved.size) await db.save(this.takeUnsaved());
  }

  /** @param {string} name @param {number} ms @param {() => void} work */
  soon(name, ms, work) {
    if (this.later.has(name)) return;
    this.later.set(
      name,
      setTimeout(() => {
        this.later.delete(name);
        work();
      }, ms),
    );
  }

  paint() {
    this.painter.paint();
  }

  // ---- what screens ask for

  /** The box's time by this PDA's clock, however far that is off, µs. */
  nowUs() {
    return boxTime(this.state, Date.now());
  }

  /** @param {any} name a text in both languages */
  name(name) {
    return typeof name === 'object' && name ? name[this.state.lang] || name.zh : String(name ?? '');
  }

  /**
   * Tell an outcome to eye, ear and hand.
   * @param {Tone} tone
   * @param {string} key
   * @param {Facts} [facts]
   * @param {string} [hint]
   */
  tell(tone, key, facts = {}, hint = '') {
    this.dispatch({ type: 'notice', tone, key, facts, hint });
    signal(tone);
  }

  /** Say why not. @param {Refusal} why */
  refuse(why) {
    this.tell('wrong', `refusal.${why.code}`, why.facts, `hint.${why.hint ?? why.code}`);
  }

  /** Why a command cannot be given now, or null. @param {string} kind @returns {Refusal | null} */
  why(kind) {
    const { session, link } = this.state;
    if (session?.locked && !WHILE_LOCKED.includes(kind)) return { code: 'session_locked' };
    if (OFFLINE_KINDS.includes(kind) || link === 'up') return null;
    if (kind === 'session.open' && !session) return null; // the box itself says yes or no
    return { code: 'box_away' };
  }

  /** @param {Dialog} dialog */
  open(dialog) {
    this.dispatch({ type: 'dialog', dialog });
  }

  /**
   * Ask for a quantity; `preset` is what OK means before a digit is typed.
   * @param {{title: string, label: string, max: number, preset: number}} of
   * @param {(qty: number) => unknown} then
   */
  askQty(of, then) {
    this.onQty = then;
    this.open({ kind: 'qty', text: '', ...of });
  }

  /** @param {keyof Reasons} list @param {(code: string) => unknown} then */
  askReason(list, then) {
    this.onReason = then;
    this.open({ kind: 'reason', list });
  }

  /**
   * Ask whether somebody means it.
   * @param {{title: string, text: string}} of
   * @param {() => unknown} then
   */
  askSure(of, then) {
    this.onSure = then;
    this.dispatch({ type: 'quiet' });
    this.open({ kind: 'sure', ...of });
  }

  close() {
    this.dispatch({ type: 'dialog', dialog: null });
  }

  /** @param {ScreenName} screen @param {string} [about] what the screen is of, such as an order */
  go(screen, about = '') {
    this.dispatch({ type: 'go', screen, about });
  }

  goHome() {
    this.go(home(this.state));
  }

  /** @param {Setting} name @param {string} value */
  async set(name, value) {
    this.dispatch({ type: 'set', name, value });
    await this.dress();
  }

  /**
   * Load the language's texts and put language and theme on.
   * @param {boolean} [whole] false: only the texts of the first paint
   */
  async dress(whole = true) {
    const { lang, theme } = this.state;
    floorLook(lang, theme);
    const files = whole ? [`${lang}.start`, lang] : [`${lang}.start`];
    const dicts = await Promise.all(files.map(texts));
    this.t = translator(Object.assign({}, ...dicts), lang);
    byId('sink').setAttribute('aria-label', this.t('word.scan_field'));
    this.paint();
  }

  /**
   * Give a command: keep it on the disk, then send it until the box has answered.
   * @param {string} kind
   * @param {Facts} data
   * @param {Verdict} [said] what the page itself made of it
   * @param {Origin} [of] where it was done before, in another session perhaps
   * @returns {Promise<boolean>} whether it was kept
   */
  async send(kind, data, said = UNJUDGED, of) {
    const { session, outbox } = this.state;
    const why = this.why(kind) ?? (outbox.length >= OUTBOX_MAX ? { code: 'outbox_full' } : null);
    if (why || !session) {
      this.refuse(why ?? { code: 'not_signed_in' });
      return false;
    }
    /** @type {Command} */
    const cmd = {
      v: VERSION,
      id: newId(),
      kind,
      device: this.device,
      session_id: session.id,
      captured_at: this.nowUs(),
      ...of,
      data,
    };
    if (await this.sending.keep(cmd, said)) return true;
    this.tell('stop', 'refusal.storage_full', {}, 'hint.storage_full');
    return false;
  }

  /** Fetch what a screen shows, at most a few times a second. @param {Readable} what */
  refresh(what) {
    this.soon(`refresh ${what}`, REFRESH_MS, () =>
      this.followed((follow) => follow.read(this, what)),
    );
  }

  /**
   * Do what follows from something the box said; in the order in which it was said.
   * @param {(follow: typeof import('./screens/follow.js')) => unknown} work
   */
  followed(work) {
    this.follow ??= part(() => import('./screens/follow.js'));
    this.following = this.follow.then(work);
  }

  // ---- people

  async signOut() {
    const { session, practice } = this.state;
    try {
      await call('DELETE', practice ? '' : '/session');
      this.signedOut(session);
    } catch (error) {
      if (!(error instanceof BoxError)) throw error;
      if (error.status === 401) this.signedOut(session);
      else this.refuse(error.refusal);
    }
  }

  /** The card for the next person: the task in hand stays its picker's own. */
  async switchUser() {
    if (!this.state.session) return;
    const why = this.why('session.close');
    if (why) this.refuse(why);
    else await this.signOut();
  }

  /** The box locked the session: the screen stays, and waits for a badge. */
  locked() {
    this.dispatch({ type: 'locked' });
    signal('stop');
  }

  /**
   * Nobody is signed in; who was training is back at the door.
   * @param {Session | null} [whose] the session that is over; the next person may be here already
   */
  signedOut(whose = this.state.session) {
    if (this.state.session?.id !== whose?.id) return;
    this.link.stop();
    if (this.state.practice) location.replace('/');
    this.sending.forget();
    this.dispatch({ type: 'signed_out' });
    import('./screens/sign_in.js').then((door) => door.lookAtDoorstep(this));
  }

  /** Take up the session that this PDA remembers, with the box or without it. */
  async resume() {
    const { session, practice } = this.state;
    if (!session && !practice) return;
    try {
      const answer = await call('GET', '/session');
      const now = answer.session ?? answer;
      if (practice) this.device = now.device;
      this.dispatch({ type: 'signed_in', session: now });
      this.link.start();
    } catch (error) {
      if (!(error instanceof BoxError)) throw error;
      if (error.status === 401 || error.status === 404) this.signedOut();
      else {
        this.dispatch({ type: 'link', link: 'down' });
        this.link.start();
      }
    }
  }

  // ---- the box

  /** @param {any} frame */
  onFrame(frame) {
    if (frame.t === 'hello') this.onHello(frame);
    else if (frame.t === 'answer') this.onAnswer(frame);
    else if (frame.t === 'entry') this.followed((follow) => follow.entry(this, frame.entry));
    else if (frame.t === 'alarm') this.ringing.take(frame.alarm);
    else if (frame.t === 'alarm_over') this.dispatch({ type: 'alarm_over', id: frame.id });
    else if (frame.t === 'status') this.onStatus(frame);
    else if (frame.t === 'scan') this.scans.fromStation(frame);
    else if (frame.t === 'lock') this.locked();
    else if (frame.t === 'bye' && BYES.includes(frame.code)) this.signedOut();
    else if (frame.t === 'bye' && frame.code === 'page_old')
      part(() => import('./renewal.js')).then((renewal) => renewal.tooOld(this));
  }

  /** @param {any} frame */
  onHello(frame) {
    this.dispatch({ type: 'hello', frame, receivedUs: Date.now() * 1000 });
    this.sending.forget();
    this.sending.pump();
    if (!this.state.reasons) this.refresh('reasons');
    this.entered(this.state.screen);
    if (this.keepShell) this.soon('worker', REFRESH_MS, () => this.keepShell?.());
  }

  /** @param {any} frame */
  onStatus(frame) {
    this.dispatch({ type: 'status', frame });
    this.followed((follow) => follow.heard(this, 'status'));
  }

  onDown() {
    this.sending.forget();
    if (this.state.link !== 'down') this.dispatch({ type: 'link', link: 'down' });
    if (this.state.session) this.soon('session', SESSION_MS, () => this.checkSession());
  }

  /** A link that does not come up may mean that the session has ended. */
  async checkSession() {
    const { session, link } = this.state;
    if (!session || link === 'up') return;
    const error = await call('GET', '/session').catch((e) => e);
    if (error instanceof BoxError && error.status === 401) this.signedOut(session);
  }

  /** @param {Answer} answer */
  onAnswer(answer) {
    const taken = this.sending.take(answer);
    if (taken?.result === 'sign_in') this.signedOut();
    else if (taken) this.followed((follow) => follow.answered(this, taken.kept, answer));
  }

  /** A screen was entered, or the link came back. @param {ScreenName} screen */
  entered(screen) {
    if (this.wedge && screen !== 'calibrate') this.wedge.tap = null;
    if (this.state.link !== 'up') return;
    if (this.state.practice) this.refresh('lesson');
    if (screen === 'tasks') this.refresh('tasks');
    if (screen === 'pick' && this.state.task) this.refresh('task');
    if (screen === 'pack') this.refresh(this.state.pack ? 'pack' : 'packing');
    this.followed((follow) => follow.read(this, 'seen'));
    if (screen === 'tasks' || screen === 'signin')
      this.soon('update', UPDATE_MS, () => this.update());
  }

  /** Let a newer page take over, if one waits and now is a good time. */
  async update() {
    (await part(() => import('./renewal.js'))).update(this);
  }

  tick() {
    this.ringing.tick();
    if (this.sending.isOverdue()) {
      this.link.stop();
      this.onDown();
      this.link.start();
    }
    this.sending.pump();
  }

  /** Scans wait for each other; none is dropped. @param {string} code */
  onScan(code) {
    this.scans.take(code);
  }
}

export const newId = () => uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
