// The page's state and everything that can happen to it. Pure: `reduce(state, event)`.

import { withKept } from './outbox.js';
import { isInHand } from './task.js';

/** Alarms kept and shown one after another. */
export const ALARMS_MAX = 50;
/** Hand-overs listed on the screen. */
const HANDED_SHOWN_MAX = 20;

/** @type {Readonly<State>} */
export const START = Object.freeze({
  screen: 'signin',
  session: null,
  pinAt: 0,
  task: null,
  outbox: [],
  settled: [],
  link: 'connecting',
  hub: 'none',
  hubLag: 0,
  certificate: null,
  disk: 'ok',
  printers: [],
  box: '',
  cursor: 0,
  clockOffsetUs: 0,
  greetedUs: 0,
  tasks: null,
  chosen: [],
  packing: null,
  pack: null,
  shipped: null,
  handed: [],
  held: {},
  given: null,
  seen: {},
  about: '',
  signing: null,
  alarms: [],
  notice: null,
  noticeSeq: 0,
  skipped: [],
  photos: 0,
  refusedPhotos: [],
  urgent: null,
  dialog: null,
  reasons: null,
  station: null,
  shell: { worker: 'none', persisted: null, version: '', secure: true },
  practice: false,
  sound: false,
  newerSinceMs: 0,
  lang: 'zh',
  theme: 'auto',
  prefix: '~',
  intake: 'wedge',
  profile: null,
});

/** What is written to storage and read back at the next start. */
export const SAVED = Object.freeze(
  /** @type {const} */ ([
    'session',
    'pinAt',
    'task',
    'settled',
    'alarms',
    'screen',
    'about',
    'cursor',
    'clockOffsetUs',
    'greetedUs',
    'skipped',
    'station',
    'reasons',
    'pack',
    'box',
    'certificate',
    'newerSinceMs',
    'lang',
    'theme',
    'prefix',
    'intake',
    'profile',
  ]),
);

/**
 * @param {State} state
 * @param {Happening} event
 * @returns {State}
 */
export function reduce(state, event) {
  const handler = HANDLERS[event.type];
  if (!handler) throw new Error(`unknown event ${event.type}`);
  return handler(state, event);
}

/** Begins the id of an alarm that this page raised itself: the box knows nothing of it. */
export const LOCAL = 'local:';

/** @param {string} alarm its id */
export const isLocal = (alarm) => alarm.startsWith(LOCAL);

/** Which of two alarms of one id stands: goods that are to go back come before a word to stop. */
/** @param {Alarm} alarm @param {Alarm} later */
const sterner = (alarm, later) => (later.facts.why === 'late_scan' ? later : alarm);

/**
 * Alarms that nobody has acknowledged, not even offline.
 * @param {State} state
 * @returns {Alarm[]}
 */
export function openAlarms(state) {
  const acked = new Set(
    state.outbox.filter((k) => k.cmd.kind === 'alarm.ack').map((k) => k.cmd.data.alarm_id),
  );
  return state.alarms.filter((a) => !acked.has(a.id));
}

/**
 * The box's time by a clock that may have jumped: one that lost its battery and begins in the past
 * would have what is scanned now refused as too old. It is never before the last greeting.
 * @param {Pick<State, 'clockOffsetUs' | 'greetedUs'>} state
 * @param {number} deviceMs
 */
export const boxTime = ({ clockOffsetUs, greetedUs }, deviceMs) =>
  Math.max(deviceMs * 1000 + clockOffsetUs, greetedUs);

/** Who looks over the floor. */
const DESK_ROLES = ['leader', 'supervisor', 'admin'];

/** The screen a person starts on. @param {State} state @returns {ScreenName} */
export function home(state) {
  const roles = state.session?.person.roles ?? [];
  if (!state.session) return 'signin';
  if (state.task) return 'pick'; // over or not: where its goods go stands there
  if (state.practice) return 'lesson';
  if (state.session.training) return 'training';
  if (roles.includes('packer') && state.session.station) return 'pack';
  return roles.includes('picker') || !roles.some((r) => DESK_ROLES.includes(r)) ? 'tasks' : 'live';
}

/** A tab may die between the answer that brought a task and the screen that it leads to. */
/** @type {(state: State) => State} */
const atHand = (state) =>
  state.screen === 'tasks' && state.task ? { ...state, screen: home(state) } : state;

/** @type {(state: State, id: string) => boolean} */
const isWaiting = (state, id) =>
  state.outbox.some((k) => !k.parked && k.cmd.data.task_id === id);

/** @type {(state: State, task: TaskView | null | undefined) => Partial<State>} */
function taskFrom(state, task) {
  if (!task) return {};
  const known = state.task?.id === task.id ? state.task : null;
  if (!known) // what waited for whoever was here before brings a task of theirs
    return isInHand({ ...state, task }) ? { task, skipped: [], settled: [] } : {};
  if (task.rev < known.rev) return {};
  const newer = known.orders_rev !== undefined && known.orders_rev > task.rev;
  const orders = newer ? { orders: known.orders, orders_rev: known.orders_rev } : {};
  return { task: { ...task, ...orders }, settled: [] };
}

/**
 * What changes by a view that may already hold commands which wait for their answers: one that was
 * read, or came with an answer given before. What waits is laid over the task, so its steps are
 * not taken twice: only what others do to the orders is.
 * @type {(state: State, task: TaskView) => Partial<State>}
 */
function taskInDoubt(state, task) {
  const known = state.task?.id === task.id ? state.task : null;
  if (!known || !isWaiting(state, task.id)) return taskFrom(state, task);
  if (task.rev < (known.orders_rev ?? known.rev)) return {};
  return { task: { ...known, orders: task.orders, orders_rev: task.rev } };
}

/**
 * What an answer changes in the task. One that was lost and is given again brings the view of now:
 * while others wait, its own command is laid over the task as before.
 * @type {(state: State, kept: Kept, answer: Answer) => Partial<State>}
 */
function taskAnswered(state, { cmd }, { facts, repeated }) {
  if (!facts?.task || !repeated || !isWaiting(state, facts.task.id))
    return taskFrom(state, facts?.task);
  return { ...taskInDoubt(state, facts.task), settled: [...state.settled, cmd] };
}

/** @type {(state: State, session: Session) => State} */
function withSession(state, session) {
  const samePerson = state.session?.person.id === session.person.id;
  const now = { ...(samePerson ? state : { ...state, ...OF_ONE_PERSON }), session };
  // Of one that the box has not in this person's hands any more, the screen says what became of it.
  const isTheirs = samePerson || isInHand(now);
  const task = session.task ?? (isTheirs ? now.task : null);
  const next = { ...now, ...(task ? taskInDoubt(now, task) : { task: null }) };
  if (samePerson && state.screen !== 'signin') return next;
  return { ...next, screen: home(next), dialog: null };
}

/**
 * What an answer changes. Only one that agrees brings views: a refusal's facts are words to show,
 * and its `task` is an id.
 * @type {(state: State, kept: Kept, answer: Answer) => Partial<State>}
 */
function factsOf(state, kept, answer) {
  if (!answer.ok) return {};
  const facts = answer.facts ?? {};
  const change = taskAnswered(state, kept, answer);
  if (facts.pack && kept.cmd.session_id === state.session?.id) {
    change.pack = facts.pack;
    if (facts.pack.state === 'shipped') change.shipped = facts.pack.order;
  }
  return change;
}

/** What was read, chosen and begun goes with the person who did. */
const OF_ONE_PERSON = Object.freeze({
  pack: null,
  packing: null,
  shipped: null,
  tasks: null,
  chosen: [],
  skipped: [],
  handed: [],
  held: {},
  given: null,
  seen: {},
  about: '',
  signing: null,
  urgent: null,
  notice: null,
  dialog: null,
});

/** @type {Record<string, (state: State, event: any) => State>} */
const HANDLERS = {
  loaded: (s, e) => atHand({ ...s, ...e.saved, outbox: e.outbox }),
  link: (s, e) => ({ ...s, link: e.link }),
  hello: (s, { frame, receivedUs }) =>
    withSession(
      {
        ...s,
        link: 'up',
        hub: frame.hub,
        hubLag: frame.hub_lag,
        certificate: frame.certificate ?? null,
        disk: frame.disk ?? 'ok',
        printers: frame.printers ?? [],
        box: frame.box,
        clockOffsetUs: frame.now - receivedUs,
        greetedUs: frame.now,
        cursor: s.cursor || frame.seq,
        outbox: s.outbox.map((k) => (k.parked ? { ...k, parked: false, tries: 0 } : k)),
        alarms: s.alarms.filter(({ id }) => isLocal(id) || (frame.alarms?.includes(id) ?? true)),
      },
      frame.session,
    ),
  status: (s, { frame }) => ({
    ...s,
    hub: frame.hub,
    hubLag: frame.hub_lag,
    certificate: frame.certificate ?? s.certificate,
    disk: frame.disk ?? s.disk,
    printers: frame.printers ?? s.printers,
  }),
  entry: (s, { entry }) => ({ ...s, cursor: Math.max(s.cursor, entry.seq) }),
  signed_in: (s, { session, pinAt = null }) => {
    const resumes = s.session?.locked && s.session.person.id === session.person.id;
    const screen = resumes ? s.screen : 'signin';
    return withSession({ ...s, screen, dialog: null, pinAt: pinAt ?? s.pinAt }, session);
  },
  locked: (s) => 
    s.session ? { ...s, session: { ...s.session, locked: true }, notice: null } : s,
  signed_out: (s) => ({
    ...s,
    ...OF_ONE_PERSON,
    session: null,
    link: 'connecting',
    screen: 'signin',
    task: s.outbox.some((k) => k.cmd.data.task_id === s.task?.id) ? s.task : null,
  }),
  go: (s, { screen, about = '' }) => ({
    ...s,
    screen,
    urgent: null,
    about,
    signing: null,
    dialog: null,
    notice: null,
    shipped: null,
    held: {},
    given: null,
    pack: screen === 'pack' ? s.pack : null,
  }),
  kept: (s, { kept }) => ({ ...s, outbox: withKept(s.outbox, kept) }),
  answered: (s, { kept, answer, outcome }) => {
    const outbox = s.outbox.filter((k) => k.seq !== kept.seq);
    if (outcome === 'sign_in' || outcome === 'wait') return s;
    if (outcome === 'retry' || outcome === 'park') {
      const later = { ...kept, tries: kept.tries + 1, parked: outcome === 'park' };
      return { ...s, outbox: withKept(outbox, later) };
    }
    const alarms =
      kept.cmd.kind === 'alarm.ack'
        ? s.alarms.filter((a) => a.id !== kept.cmd.data.alarm_id)
        : s.alarms;
    return { ...s, outbox, alarms, ...factsOf({ ...s, outbox }, kept, answer) };
  },
  notice: (s, { tone, key, facts = {}, hint = '' }) => ({
    ...s,
    noticeSeq: s.noticeSeq + 1,
    notice: { tone, key, facts, hint, seq: s.noticeSeq + 1 },
  }),
  quiet: (s) => ({ ...s, notice: null }),
  alarm: (s, { alarm }) =>
    s.alarms.some((a) => a.id === alarm.id)
      ? { ...s, alarms: s.alarms.map((a) => (a.id === alarm.id ? sterner(a, alarm) : a)) }
      : { ...s, alarms: [...s.alarms, alarm].slice(-ALARMS_MAX) },
  alarm_over: (s, { id }) => ({ ...s, alarms: s.alarms.filter((a) => a.id !== id) }),
  photos: (s, { n, refused }) => ({ ...s, photos: n, refusedPhotos: refused }),
  urgent: (s, { urgent }) => ({ ...s, urgent }),
  task: (s, { task }) => (s.task?.id === task.id ? { ...s, ...taskInDoubt(s, task) } : s),
  task_left: (s) => {
    const tasks = s.tasks?.filter(({ id }) => id !== s.task?.id) ?? null; // of before
    return { ...s, tasks, task: null, skipped: [], screen: 'tasks', dialog: null, notice: null };
  },
  tasks: (s, { tasks }) => ({
    ...s,
    tasks,
    chosen: s.chosen.filter((id) => tasks.some((/** @type {any} */ t) => t.id === id)),
  }),
  choose: (s, { id }) => ({
    ...s,
    chosen: s.chosen.includes(id) ? s.chosen.filter((c) => c !== id) : [...s.chosen, id].slice(-6),
  }),
  skip: (s, { step }) => ({
    ...s,
    notice: null,
    skipped: [...s.skipped.filter((n) => n !== step), step],
  }),
  packing: (s, { orders }) => ({ ...s, packing: orders }),
  // What was asked of a parcel that is no longer on the screen is not laid over the one that is.
  pack: (s, { pack }) =>
    !pack || pack.order === s.pack?.order ? { ...s, pack, shipped: null } : s,
  handed: (s, { facts }) => ({ ...s, handed: [facts, ...s.handed].slice(0, HANDED_SHOWN_MAX) }),
  given: (s, { given }) => ({ ...s, given }),
  held: (s, { held }) => ({ ...s, held, notice: null }),
  seen: (s, { what, value }) => {
    const stale = what === 'approval' && s.signing && value.facts_hash !== s.signing.facts_hash;
    return { ...s, seen: { ...s.seen, [what]: value }, signing: stale ? null : s.signing };
  },
  // What a calibrated scanner begins with is looked for; one that is ill keeps what was set.
  profile: (s, { profile }) => ({ ...s, profile, prefix: profile.prefix || s.prefix }),
  signing: (s, { signing }) => ({ ...s, signing }),
  dialog: (s, { dialog }) => ({
    ...s,
    dialog,
    notice:
      dialog && s.dialog?.kind !== dialog.kind && s.notice?.tone === 'wrong' ? null : s.notice,
  }),
  reasons: (s, { reasons }) => ({ ...s, reasons }),
  station: (s, { station }) => ({ ...s, station }),
  shell: (s, { shell }) => ({ ...s, shell: { ...s.shell, ...shell } }),
  sound: (s) => ({ ...s, sound: true }),
  set: (s, { name, value }) => ({ ...s, [name]: value }),
};
