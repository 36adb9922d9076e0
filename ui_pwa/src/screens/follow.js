// What follows from what the box says: to an answer, the next screen and a word to the person; to
// an entry, fresh reads.

import { conflictOf } from '../core/conflicts.js';
import { LOCAL } from '../core/state.js';
import { BoxError, call } from '../io/box.js';
import { attached } from '../io/photos.js';
import { signal } from '../io/signals.js';

/** Refusals that mean: hands off this order. */
const STOPS = ['order_frozen', 'order_ended', 'late_scan', 'label_void'];
/** How long a priority order stands over the screen, ms. */
const URGENT_MS = 30_000;
/** An entry this old, read after a hole in the Wi-Fi, calls nobody any more, µs. */
const URGENT_AGE_US_MAX = 600_000_000;

/** @param {App} app @param {Kept} kept @param {Answer} answer */
export function answered(app, kept, answer) {
  if (app.state.practice) app.refresh('lesson');
  if (kept.cmd.kind === 'evidence.attach') {
    attached(app, kept.cmd.data, answer);
    return;
  }
  const isOwn = kept.cmd.session_id === app.state.session?.id; // whoever was here before has gone
  if (answer.ok && isOwn) done(app, kept, answer);
  else if (!answer.ok) refused(app, kept, answer, isOwn);
}

/** @param {App} app @param {Kept} kept @param {Answer} answer @param {boolean} isOwn */
function refused(app, kept, answer, isOwn) {
  const raised = conflict(app, kept, answer);
  if (!isOwn) return;
  const code = answer.code ?? 'internal';
  const told = !kept.said.ok && kept.said.code === code;
  const facts = { ...kept.cmd.data, ...answer.facts };
  const notice = { key: `refusal.${code}`, facts, hint: `hint.${answer.hint ?? code}` };
  const tone = STOPS.includes(code) ? 'stop' : 'wrong';
  if (told || raised) app.dispatch({ type: 'notice', tone, ...notice });
  else app.tell(tone, notice.key, notice.facts, notice.hint);
  if (/^(task|pick|tote)\./.test(kept.cmd.kind) && app.state.task) app.refresh('task');
  if (kept.cmd.kind === 'task.take') app.refresh('tasks');
}

/** What was picked without the box does not count: once per order, until acknowledged. */
/** @param {App} app @param {Kept} kept @param {Answer} answer */
function conflict(app, kept, answer) {
  const found = conflictOf(kept, answer, app.state.task);
  if (!found) return false;
  const { of, code, facts } = found;
  app.ringing.take({ id: `${LOCAL}${of}`, code, facts, raised_at: app.nowUs() });
  return true;
}

/** @param {App} app @param {Kept} kept @param {Answer} answer */
function done(app, kept, answer) {
  const follow = FOLLOW[kept.cmd.kind];
  if (follow) follow(app, answer.facts ?? {}, kept.cmd.data);
  else if (!kept.said.ok) app.tell('good', 'notice.box_accepts');
}

/** @param {App} app */
function saved(app) {
  app.tell('good', 'notice.saved');
  app.refresh('seen');
}

/** @type {Record<string, (app: App, facts: Facts, data: Facts) => void>} */
const FOLLOW = {
  'task.take': (app, { task }) => {
    app.go('pick');
    app.tell('good', 'notice.task_taken', { orders: task?.orders.length ?? 1 });
  },
  'task.release': (app) => {
    app.dispatch({ type: 'task_left' });
    app.tell('good', 'notice.released');
  },
  'pack.open': (app) => {
    app.go('pack');
    app.tell('good', 'notice.pack_open');
  },
  'pack.scan': (app, { pack }) => {
    const ready = pack?.missing.length === 0;
    app.tell(ready ? 'good' : 'kept', ready ? 'notice.pack_ready' : 'notice.checked');
  },
  'pack.finish': (app, _, { order_id: order }) => {
    app.tell('good', 'notice.pack_finished');
    if (!app.state.pack?.parcel.job) app.send('waybill.print', { order_id: order });
  },
  'waybill.print': (app) => app.tell('kept', 'notice.printing'),
  'waybill.reprint': (app) => app.tell('kept', 'notice.printing'),
  'slip.scan': (app) => app.tell('kept', 'notice.printing'),
  'waybill.resolve': (app) => app.tell('kept', 'notice.noted'),
  'waybill.prove': (app, { pack }) => {
    const shipped = pack?.state === 'shipped';
    app.tell(shipped ? 'good' : 'kept', shipped ? 'notice.shipped' : 'notice.proved');
  },
  'handover.scan': (app, facts) => {
    app.dispatch({ type: 'handed', facts });
    app.tell('good', 'notice.handed', facts);
  },
  'putback.scan': (app, { order }, data) => {
    app.dispatch({ type: 'held', held: { at: data.location ?? '' } });
    app.dispatch({ type: 'seen', what: 'order', value: order });
    app.tell('good', 'notice.put_back', data);
  },
  'return.scan': (app, { order, location }, { order_id: id, qty }) => {
    if (!id) app.go('returns', order.id);
    app.dispatch({ type: 'held', held: {} });
    app.dispatch({ type: 'seen', what: 'order', value: order });
    const back = order.returns.every((/** @type {ReturnLine} */ each) => each.done >= each.qty);
    const said = back ? 'returned' : id ? 'return_in' : 'return_open';
    app.tell('good', `notice.${said}`, { order: order.id, location, qty });
  },
  'return.close': (app, { order_id: order }) => {
    app.go('returns');
    app.tell('good', 'notice.return_closed', { order });
  },
  'count.scan': (app, { state }) =>
    app.tell('good', state === 'waiting' ? 'notice.count_waiting' : 'notice.counted'),
  'lot.scan': (app, facts, { frozen }) =>
    app.tell('good', frozen === false ? 'notice.lot_free' : 'notice.lot_frozen', facts),
  'gift.substitute': (app, { approval }) => {
    if (app.state.screen === 'order') app.go('approval', approval);
    app.tell('good', 'notice.asked');
  },
  'device.add': (app, { device }) => {
    app.go('device', device);
    app.tell('good', 'notice.device_adopted');
  },
  'device.adopt': (app) => app.tell('good', 'notice.device_adopted'),
  'device.bind': (app, facts) => app.tell('good', 'notice.device_bound', facts),
  'device.unbind': (app, _, data) => app.tell('good', 'notice.device_unbound', data),
  'device.test': (app) => app.tell('kept', 'notice.device_test'),
  'device.label': (app) => app.tell('kept', 'notice.device_label'),
  'device.prove': (app) => app.tell('good', 'notice.device_proved'),
  'device.forget': (app) => {
    app.go('devices');
    app.tell('good', 'notice.device_forgotten');
  },
  'training.assign': (app) => app.tell('good', 'notice.training_assigned'),
  'person.add': (app, { person }) => {
    app.go('person', person);
    app.tell('good', 'notice.person_added');
  },
  'person.rename': saved,
  'person.roles': saved,
  'person.disable': saved,
  'badge.revoke': saved,
  'badge.unlock': saved,
  'alarm.ack': () => undefined,
};

/** Whether who asked is still there. @param {App} app @param {Session} asked */
const isReader = ({ state }, asked) => state.session?.person.id === asked.person.id;

/** Fetch what a screen shows. @param {App} app @param {Readable} what */
export async function read(app, what) {
  const { session, task, pack } = app.state;
  if (!session) return; // what was asked for has gone with its reader
  const ask = async (/** @type {string} */ path, /** @type {(found: any) => Happening} */ of) => {
    const found = await call('GET', path);
    if (isReader(app, session)) app.dispatch(of(found));
  };
  try {
    if (what === 'lesson') await app.painter.practice()?.look(app);
    if (what === 'tasks') await ask('/tasks?state=open', (found) => ({ type: 'tasks', ...found }));
    if (what === 'task' && task)
      await ask(`/tasks/${task.id}`, (found) => ({ type: 'task', task: found }));
    if (what === 'packing') await ask('/packing', (found) => ({ type: 'packing', ...found }));
    if (what === 'pack' && pack)
      await ask(`/packing/${pack.order}`, (found) => ({ type: 'pack', pack: found }));
    if (what === 'seen') await look(app, session);
    if (what === 'reasons') await ask('/reasons', (found) => ({ type: 'reasons', reasons: found }));
  } catch (error) {
    if (!(error instanceof BoxError)) throw error;
    if (error.status === 401) app.signedOut(session);
  }
}

/** Read what the hub has to say; it is kept nowhere on the PDA. */
/** @param {App} app @param {string} id */
export async function message(app, id) {
  const what = `message:${id}`;
  if (app.state.seen[what]) return;
  const value = await call('GET', `/messages/${encodeURIComponent(id)}`).catch(() => null);
  if (value) app.dispatch({ type: 'seen', what, value });
}

/** An order goes before others: said over whatever is on the screen, without stopping it. */
/** @param {App} app @param {BoxEntry} happened */
function prioritised(app, { at, data }) {
  const { lang } = app.state;
  if (app.nowUs() - at > URGENT_AGE_US_MAX) return;
  const urgent = { order: data.order, priority: data.priority };
  app.dispatch({ type: 'urgent', urgent });
  signal('good');
  app.ringing.voice?.say({ code: 'prioritised', facts: urgent }, lang);
  setTimeout(() => {
    if (app.state.urgent === urgent) app.dispatch({ type: 'urgent', urgent: null });
  }, URGENT_MS);
}

/** Show what was read; a choice made on other facts is not signed, and that is said at once. */
/** @param {App} app @param {string} what @param {any} value */
function show(app, what, value) {
  const { dialog, signing } = app.state;
  const pad = dialog?.kind === 'pin' ? dialog : null;
  app.dispatch({ type: 'seen', what, value });
  if (!signing || app.state.signing || pad?.busy) return; // one that was sent has its own answer
  if (pad) app.close();
  app.refuse({ code: value.state === 'open' ? 'approval_stale' : 'approval_closed' });
}

/** Read what the screen says that it shows. @param {App} app @param {Session} session */
async function look(app, session) {
  const { screen, about } = app.state;
  const module = await app.painter.fetch(screen);
  if (!module) return;
  const reads = Object.entries(module.reads?.(app) ?? {});
  const found = await Promise.allSettled(reads.map(([, path]) => call('GET', path)));
  if (app.state.screen !== screen || app.state.about !== about) return;
  if (!isReader(app, session)) return;
  found.forEach((read, i) => {
    const what = reads[i][0];
    if (read.status === 'fulfilled') show(app, what, read.value);
    else if (!(read.reason instanceof BoxError) || read.reason.status === 401) throw read.reason;
    else if (i === 0 && read.reason.status) app.refuse(read.reason.refusal);
  });
  module.seen?.(app);
}

/** Read anew where the screen shows what has changed. @param {App} app @param {string} kind */
export function heard(app, kind) {
  if (app.painter.screens[app.state.screen]?.hears?.test(kind)) app.refresh('seen');
}

/** Something happened on the floor. @param {App} app @param {BoxEntry} happened */
export function entry(app, happened) {
  app.dispatch({ type: 'entry', entry: happened });
  if (app.state.practice) app.refresh('lesson');
  const { screen, task, pack } = app.state;
  const { kind } = happened;
  if (kind === 'order.prioritised') prioritised(app, happened);
  const about = [happened.subject, ...happened.refs];
  const orders = new Set(task?.orders.map((o) => `order:${o.id}`));
  const own = happened.device === app.device && /^(pick|tote)\./.test(kind);
  if (task && !own && about.some((ref) => ref === `task:${task.id}` || orders.has(ref)))
    app.refresh('task');
  if (pack && about.includes(`order:${pack.order}`)) app.refresh('pack');
  if (screen === 'tasks' && /^(task|order|freeze)\./.test(kind)) app.refresh('tasks');
  if (screen === 'pack' && !pack && /^(order|task|pack|pick|freeze)\./.test(kind))
    app.refresh('packing');
  heard(app, kind);
}
