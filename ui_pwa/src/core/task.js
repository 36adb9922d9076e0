// A picking task as the PDA sees it between two answers of the box.
//
// The shown task is the box's last TaskView with the commands that are still in the outbox laid
// over it, in order. Only membership in `expect` is tested; every rule is the box's.

/** @type {(code: string, facts?: Facts) => Verdict} */
const yes = (code, facts = {}) => ({ ok: true, code, facts });
/** @type {(code: string, facts?: Facts) => Verdict} */
const no = (code, facts = {}) => ({ ok: false, code, facts });

/**
 * Whether nothing stands against working on the step's order.
 * @param {TaskView} task
 * @param {Step} step
 */
export function isLive(task, step) {
  const order = task.orders.find((o) => o.id === step.order);
  return order !== undefined && !order.frozen && !order.ended;
}

/**
 * The step to work on: the first open one in walk order, skipped ones last; null when none is left.
 * @param {TaskView} task
 * @param {readonly number[]} skipped
 */
export function currentStep(task, skipped = []) {
  const open = task.steps.filter((s) => !s.done && isLive(task, s));
  return open.find((s) => !skipped.includes(s.no)) ?? open[0] ?? null;
}

/**
 * What the step wants next.
 * @param {TaskView} task
 * @param {Step} step
 * @returns {Need}
 */
export function need(task, step) {
  if (wantsTote(task, step)) return 'tote';
  if (!atStep(task, step)) return 'location';
  return step.check === 'confirm' && step.scanned ? 'qty' : 'item';
}

/**
 * The order that a scanned tote is for: the current step's, else the first without one.
 * @param {TaskView} task
 * @param {Step | null} step
 */
export function orderForTote(task, step) {
  const bare = task.orders.filter((o) => o.tote === null && !o.ended && !o.frozen);
  return bare.find((o) => o.id === step?.order) ?? bare[0] ?? null;
}

/**
 * What the PDA itself makes of a command, before the box has seen it.
 * @param {TaskView} task
 * @param {string} kind
 * @param {Facts} data
 * @returns {Verdict}
 */
export function judge(task, kind, data) {
  if (kind === 'tote.bind') return judgeTote(task, data);
  const step = task.steps.find((s) => s.no === data.step);
  if (!step || step.done) return no('step_done');
  if (!isLive(task, step)) return judgeDead(task, step);
  if (kind === 'pick.scan') return judgeScan(task, step, data.code);
  if (kind === 'pick.qty') {
    const expected = step.qty - step.picked;
    if (data.qty !== expected) return no('qty_mismatch', { expected, got: data.qty });
    return yes('item');
  }
  return yes('short', { qty: step.qty - data.found });
}

/**
 * The task with one kept command laid over it; unchanged when the PDA thinks it will be refused.
 * @param {TaskView} task
 * @param {Pick<Command, 'kind' | 'data'>} cmd
 * @returns {TaskView}
 */
export function overlay(task, { kind, data }) {
  if (data.task_id !== task.id) return task;
  const verdict = judge(task, kind, data);
  if (!verdict.ok) return task;
  if (kind === 'tote.bind') {
    const orders = task.orders.map((o) => (o.id === data.order_id ? { ...o, tote: data.code } : o));
    return { ...task, orders };
  }
  const step = /** @type {Step} */ (task.steps.find((s) => s.no === data.step));
  if (kind === 'pick.scan' && verdict.code === 'location') return { ...task, at: data.code };
  return withStep(task, pickedStep(step, kind, data));
}

/**
 * The task with all kept commands laid over it, in order.
 * @param {TaskView} task
 * @param {readonly Pick<Command, 'kind' | 'data'>[]} cmds
 */
export function project(task, cmds) {
  return cmds.filter((c) => c.data.task_id === task.id).reduce(overlay, task);
}

/**
 * Pieces picked and wanted, over the steps that can still be worked on.
 * @param {TaskView} task
 */
export function progress(task) {
  const steps = task.steps.filter((s) => isLive(task, s));
  return {
    done: steps.filter((s) => s.done).length,
    steps: steps.length,
    picked: steps.reduce((n, s) => n + (s.found ?? s.picked), 0),
    pieces: steps.reduce((n, s) => n + s.qty, 0),
  };
}

/** The task with what it does not hold yet laid over it. @param {State} state */
export function shownTask({ task, settled, outbox }) {
  return task && project(task, [...settled, ...outbox.map((k) => k.cmd)]);
}

/** Whether the task is the signed-in person's, and still to be picked. */
/** @param {Pick<State, 'task' | 'session'>} state */
export const isInHand = ({ task, session }) =>
  task?.state === 'taken' && task.picker === session?.person.id;

/** The shown task and its current step. @param {State} state */
export function picking(state) {
  const task = shownTask(state);
  return { task, step: task && isInHand(state) ? currentStep(task, state.skipped) : null };
}

/**
 * What became of each order of a task on which there is nothing left to scan, and so what to do
 * with its goods. `kept` and `kept_short` are what this PDA alone knows: the box has yet to answer.
 * @param {State} state
 * @returns {{order: TaskOrder, ending: Ending}[]}
 */
export function endings(state) {
  const task = shownTask(state);
  return (task?.orders ?? []).map((order) => ({ order, ending: ending(state, task, order) }));
}

/** @type {(state: State, task: TaskView | null, order: TaskOrder) => Ending} */
function ending(state, task, order) {
  if (order.frozen) return 'frozen';
  if (order.goes !== 'pick') return order.goes;
  if (!isInHand(state)) return 'lost';
  const short = task?.steps.some((s) => s.order === order.id && s.found !== null);
  return short ? 'kept_short' : 'kept';
}

/** @type {(task: TaskView, step: Step) => boolean} */
const atStep = (task, step) =>
  !step.location ||
  step.location === task.at ||
  (task.at !== null && step.expect.location.includes(task.at));

/** @type {(task: TaskView, step: Step) => boolean} */
const wantsTote = (task, step) =>
  task.tote_required !== false && task.orders.find((o) => o.id === step.order)?.tote === null;

/** @type {(task: TaskView, data: Facts) => Verdict} */
function judgeTote(task, data) {
  const other = task.orders.find((o) => o.tote === data.code && o.id !== data.order_id);
  return other ? no('tote_in_use', { order: other.id }) : yes('tote');
}

/** @type {(task: TaskView, step: Step) => Verdict} */
function judgeDead(task, step) {
  const order = task.orders.find((o) => o.id === step.order);
  if (order?.frozen) return no('order_frozen', { order: order.id, ...order.frozen });
  return no('order_ended', { order: step.order, state: order?.ended ?? '' });
}

/** @type {(task: TaskView, step: Step, code: string) => Verdict} */
function judgeScan(task, step, code) {
  if (step.expect.location.includes(code)) return yes('location');
  const known = step.expect.codes.includes(code);
  if (!atStep(task, step)) {
    if (known) return no('location_first', { expected: step.location });
    return no('wrong_bin', { expected: step.location, got: code });
  }
  if (!known) return no('wrong_item', { expected: step.sku, got: code, sku: step.sku });
  if (wantsTote(task, step)) return no('tote_first', { order: step.order });
  if (step.check === 'confirm') return yes('need_qty');
  return step.picked < step.qty ? yes('item') : no('surplus', { qty: step.qty });
}

/** @type {(step: Step, kind: string, data: Facts) => Step} */
function pickedStep(step, kind, data) {
  if (kind === 'pick.short') return { ...step, found: data.found, done: true };
  if (kind === 'pick.qty') return { ...step, picked: step.picked + data.qty, done: true };
  if (step.check === 'confirm') return { ...step, scanned: true };
  const picked = step.picked + 1;
  return { ...step, picked, done: picked >= step.qty };
}

/** @type {(task: TaskView, step: Step) => TaskView} */
const withStep = (task, step) => ({
  ...task,
  steps: task.steps.map((s) => (s.no === step.no ? step : s)),
});
