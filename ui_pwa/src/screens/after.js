// What follows the box's answer to a command: the next screen, and what the person is told.

/** @typedef {import('../app').App} App */
/** @typedef {import('../types').Kept} Kept */
/** @typedef {import('../types').Answer} Answer */

/** Refusals that mean: hands off this order. */
const STOPS = ['order_frozen', 'order_ended', 'late_scan', 'label_void'];

/** @param {App} app @param {Kept} kept @param {Answer} answer */
export function after(app, kept, answer) {
  if (answer.ok) done(app, kept, answer);
  else refused(app, kept, answer);
}

/** @param {App} app @param {Kept} kept @param {Answer} answer */
function refused(app, kept, answer) {
  const code = answer.code ?? 'internal';
  const told = !kept.said.ok && kept.said.code === code;
  const facts = { ...kept.cmd.data, ...answer.facts };
  const notice = { key: `refusal.${code}`, facts, hint: `hint.${answer.hint ?? code}` };
  const tone = STOPS.includes(code) ? 'stop' : 'wrong';
  if (told) app.dispatch({ type: 'notice', tone, ...notice });
  else app.tell(tone, notice.key, notice.facts, notice.hint);
  if (/^(task|pick|tote)\./.test(kept.cmd.kind) && app.state.task) app.refresh('task');
  if (kept.cmd.kind === 'task.take') app.refresh('tasks');
}

/** @param {App} app @param {Kept} kept @param {Answer} answer */
function done(app, kept, answer) {
  const follow = FOLLOW[kept.cmd.kind];
  if (follow) follow(app, answer.facts ?? {}, kept.cmd.data);
  else if (!kept.said.ok) app.tell('good', 'notice.box_accepts');
}

/** @type {Record<string, (app: App, facts: import('../types').Facts, data: import('../types').Facts) => void>} */
const FOLLOW = {
  'task.take': (app, { task }) => {
    app.go('pick');
    app.tell('good', 'notice.task_taken', { orders: task?.orders.length ?? 1 });
  },
  'task.release': (app) => app.dispatch({ type: 'task_left' }),
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
  'waybill.resolve': (app) => app.tell('kept', 'notice.noted'),
  'waybill.prove': (app, { pack }) => {
    const shipped = pack?.state === 'shipped';
    app.tell(shipped ? 'good' : 'kept', shipped ? 'notice.shipped' : 'notice.proved');
  },
  'handover.scan': (app, facts) => {
    app.dispatch({ type: 'handed', facts });
    app.tell('good', 'notice.handed', facts);
  },
  'putback.scan': (app) => {
    app.tell('kept', 'notice.put_back');
    app.refresh('putbacks');
  },
  'alarm.ack': () => undefined,
};
