// The page's state: one reducer for everything that happens.
import assert from 'node:assert/strict';
import test from 'node:test';
import { LOCAL, START, boxTime, home, openAlarms, reduce } from '../src/core/state.js';
import { picking } from '../src/core/task.js';
import { sampleTask } from './sample.js';

const session = {
  id: 's1',
  person: { id: 'P-01', name: { zh: '王', en: 'W' }, roles: ['picker'] },
  device: 'd',
  station: null,
  opened_at: 0,
  task: null,
};
const run = (state, ...events) => events.reduce(reduce, state);
const kept = (seq, kind, data) => ({
  seq,
  cmd: { id: `c${seq}`, kind, data },
  said: { ok: true, code: '', facts: {} },
  tries: 0,
});
const withTask = () =>
  run(START, { type: 'signed_in', session: { ...session, task: sampleTask() } });

test('a person with a task in hand starts on it', () => {
  assert.equal(withTask().screen, 'pick');
  assert.equal(home(run(START, { type: 'signed_in', session })), 'tasks');
  const packer = {
    ...session,
    station: { id: 'S1' },
    person: { ...session.person, roles: ['packer'] },
  };
  assert.equal(home(run(START, { type: 'signed_in', session: packer })), 'pack');
});

test('a tab that died before it showed the task it was given starts on it (PDA-1)', () => {
  const saved = { ...withTask(), screen: 'tasks' };
  assert.equal(run(START, { type: 'loaded', saved, outbox: [] }).screen, 'pick');
});

const hello = (task) => ({ type: 'hello', frame: { now: 0, session: { ...session, task } } });

test('where the goods of a task go stands there until its picker leaves it (PDA-1)', () => {
  const done = { ...withTask(), task: sampleTask({ state: 'done' }), screen: 'pick' };
  const back = run(done, { type: 'signed_in', session }, hello(null));
  assert.deepEqual([back.screen, back.task?.state], ['pick', 'done']);
  const left = run(back, { type: 'task_left' }, hello(null));
  assert.deepEqual([left.screen, left.task], ['tasks', null]);
});

test('what was asked of a task that was left meanwhile does not bring it back', () => {
  const late = { type: 'task', task: sampleTask({ rev: 9 }) };
  assert.equal(run(withTask(), { type: 'task_left' }, late).task, null);
});

const other = { ...session, id: 's2', person: { ...session.person, id: 'P-02' } };

test('answers to what one person left here bring the next one no task (SEC-2)', () => {
  const mine = sampleTask({ id: 't2', picker: 'P-02' });
  for (const task of [null, mine]) {
    const cmd = kept(1, 'pick.scan', { task_id: 't1', step: 1, code: 'A-01-01' });
    const events = [{ type: 'kept', kept: cmd }, { type: 'signed_out' }];
    const next = run(withTask(), ...events, { type: 'signed_in', session: { ...other, task } });
    assert.deepEqual([next.task?.id, next.screen], task ? ['t2', 'pick'] : [undefined, 'tasks']);
    const answer = { ok: true, id: 'c1', facts: { task: sampleTask({ rev: 6 }) } };
    const after = run(next, { type: 'answered', kept: cmd, answer, outcome: 'done' });
    assert.deepEqual([after.outbox.length, after.task?.id], [0, task?.id]);
  }
});

test('who signs in by badge alone sees nothing that the one before has read (SEC-3)', () => {
  const before = run(
    { ...START, screen: 'person' },
    { type: 'signed_in', session },
    { type: 'seen', what: 'people', value: { people: [{ id: 'P-77' }] } },
    { type: 'handed', facts: { order_id: '1001', waybill: 'SF1' } },
    { type: 'choose', id: 't1' },
  );
  const next = run(before, { type: 'signed_in', session: other });
  assert.deepEqual([next.seen, next.handed, next.chosen], [{}, [], []]);
  const same = run(before, { type: 'signed_in', session: { ...session, id: 's9' } });
  assert.deepEqual(same.seen, before.seen);
});

test('a task that was left is not offered again by the list of before (PICK-1)', () => {
  const tasks = [{ id: 't1' }, { id: 't2' }];
  const said = { type: 'notice', tone: 'good', key: 'said.short' };
  const { task, ...left } = run(withTask(), { type: 'tasks', tasks }, said, { type: 'task_left' });
  assert.deepEqual([task, left.screen, left.tasks], [null, 'tasks', [{ id: 't2' }]]);
  assert.equal(left.notice, null);
});

test('what is kept shows at once, and the answer replaces it (PDA-1)', () => {
  const cmd = kept(1, 'pick.scan', { task_id: 't1', step: 1, code: 'A-01-01' });
  const state = run(withTask(), { type: 'kept', kept: cmd });
  assert.equal(picking(state).task?.at, 'A-01-01');
  assert.equal(state.task?.at, null);
  const task = sampleTask({ rev: 6, at: 'A-01-01' });
  const after = run(state, {
    type: 'answered',
    kept: cmd,
    answer: { ok: true, id: 'c1', facts: { task } },
    outcome: 'done',
  });
  assert.deepEqual([after.outbox.length, after.task?.rev], [0, 6]);
});

test('an older view of the task never replaces a newer one', () => {
  const state = run(withTask(), { type: 'task', task: sampleTask({ rev: 4, at: 'X' }) });
  assert.equal(state.task?.rev, 5);
});

const inDoubt = () => {
  const step = { task_id: 't1', step: 1 };
  const cmds = [
    kept(1, 'pick.scan', { ...step, code: 'A-01-01' }),
    kept(2, 'pick.scan', { ...step, code: '6900000000001' }),
  ];
  const state = run(withTask(), ...cmds.map((cmd) => ({ type: 'kept', kept: cmd })));
  const [first, ...rest] = sampleTask().steps;
  const steps = [{ ...first, picked: 1 }, ...rest];
  return { state, cmds, read: sampleTask({ rev: 7, at: 'A-01-01', steps }) };
};
const picked = (state) => picking(state).task.steps[0].picked;

test('a piece whose answer was lost is not counted twice (PICK-5)', () => {
  const { state, read } = inDoubt();
  assert.equal(picked(state), 1);
  assert.equal(picked(run(state, hello(read))), 1);
  assert.equal(picked(run(state, { type: 'task', task: read })), 1);
});

test('an answer given again counts its own command, and none that waits (PICK-5)', () => {
  const { state, cmds, read } = inDoubt();
  let now = state;
  for (const { cmd, seq } of cmds) {
    const answer = { ok: true, id: cmd.id, repeated: true, facts: { task: read } };
    const waiting = now.outbox.find((k) => k.seq === seq);
    now = run(now, { type: 'answered', kept: waiting, answer, outcome: 'done' });
    assert.equal(picking(now).task.at, 'A-01-01');
    assert.equal(picked(now), 1);
  }
  assert.deepEqual([now.task.rev, now.outbox.length], [7, 0]);
});

test('a freeze shows before the lost answers have come again, and stays (FRZ-2)', () => {
  const { state, cmds, read } = inDoubt();
  const [order, ...others] = read.orders;
  const stopped = { ...order, frozen: { category: 'cancel' } };
  const frozen = { ...read, rev: 8, orders: [stopped, ...others] };
  let now = run(state, hello(frozen));
  assert.equal(now.task.orders[0].frozen.category, 'cancel');
  for (const [at, cmd] of cmds.entries()) {
    const answer = { ok: true, id: cmd.cmd.id, facts: { task: { ...read, rev: 6 + at } } };
    now = run(now, { type: 'answered', kept: cmd, answer, outcome: 'done' });
    assert.equal(now.task.orders[0].frozen.category, 'cancel');
  }
  assert.equal(now.task.steps[0].picked, 1);
  now = run(now, { type: 'task', task: { ...read, rev: 9 } });
  assert.equal(now.task.orders[0].frozen, null);
});

test('a command that is to be sent again stays in its place; a full disk counts as no try', () => {
  const cmd = kept(1, 'pick.scan', { task_id: 't1' });
  const statuses = { retry: 503, wait: 507 };
  for (const [outcome, status] of Object.entries(statuses)) {
    const state = run(
      withTask(),
      { type: 'kept', kept: cmd },
      { type: 'answered', kept: cmd, answer: { ok: false, id: 'c1', status }, outcome },
    );
    assert.deepEqual(
      state.outbox.map((k) => [k.seq, k.tries]),
      [[1, outcome === 'retry' ? 1 : 0]],
    );
  }
});

test('a refusal names a task by its id: the shown one is not replaced by it (PICK-6)', () => {
  const cmd = kept(1, 'task.take', { task_ids: ['t2'] });
  const facts = { task: 't2', by: 'p2' };
  const answer = { ok: false, id: 'c1', status: 409, code: 'task_taken', facts };
  const state = run(
    withTask(),
    { type: 'kept', kept: cmd },
    { type: 'answered', kept: cmd, answer, outcome: 'refused' },
  );
  assert.deepEqual([state.outbox.length, state.task?.id], [0, 't1']);
});

test('signing out keeps what waits, and the task it belongs to', () => {
  const state = run(
    withTask(),
    { type: 'kept', kept: kept(1, 'pick.scan', { task_id: 't1' }) },
    { type: 'signed_out' },
  );
  assert.deepEqual([state.screen, state.outbox.length, state.task?.id], ['signin', 1, 't1']);
  assert.equal(run(withTask(), { type: 'signed_out' }).task, null);
});

test('an alarm stays until acknowledged, offline too, and is not raised twice (FRZ-4)', () => {
  const alarm = { id: 'a1', code: 'order_frozen_cancel', facts: {}, raised_at: 0 };
  const state = run(withTask(), { type: 'alarm', alarm }, { type: 'alarm', alarm });
  assert.equal(openAlarms(state).length, 1);
  const ack = kept(1, 'alarm.ack', { alarm_id: 'a1' });
  const acked = run(state, { type: 'kept', kept: ack });
  assert.equal(openAlarms(acked).length, 0);
  const done = run(acked, {
    type: 'answered',
    kept: ack,
    answer: { ok: true, id: 'c1' },
    outcome: 'done',
  });
  assert.deepEqual([done.alarms.length, done.outbox.length], [0, 0]);
});

test('an alarm that somebody else answered is over, also while this PDA was away (FRZ-4)', () => {
  const alarm = { id: 'a1', code: 'order_frozen_cancel', facts: {}, raised_at: 0 };
  const ringing = run(withTask(), { type: 'alarm', alarm });
  assert.equal(openAlarms(run(ringing, { type: 'alarm_over', id: 'a1' })).length, 0);
  const back = (/** @type {string[]} */ alarms) => {
    const { type, frame } = hello(sampleTask());
    return run(ringing, { type, frame: { ...frame, alarms } });
  };
  assert.deepEqual([openAlarms(back(['a1'])).length, openAlarms(back([])).length], [1, 0]);
});

test('an alarm that the page raised itself stays until it is acknowledged (FRZ-4)', () => {
  const alarm = { id: `${LOCAL}1001`, code: 'conflict', facts: {}, raised_at: 0 };
  const { type, frame } = hello(sampleTask());
  const back = run(withTask(), { type: 'alarm', alarm }, { type, frame: { ...frame, alarms: [] } });
  assert.deepEqual(openAlarms(back), [alarm]);
  assert.deepEqual(openAlarms(run(back, { type: 'alarm_over', id: alarm.id })), []);
});

test('scans of one order that did not count ring once, and say where its goods go', () => {
  const ring = (/** @type {string} */ why) => {
    const alarm = { id: `${LOCAL}1001`, code: 'conflict', facts: { why }, raised_at: 0 };
    return { type: 'alarm', alarm };
  };
  const told = run(withTask(), ring('order_frozen'), ring('late_scan'), ring('order_frozen'));
  assert.deepEqual(openAlarms(told).map(({ facts }) => facts.why), ['late_scan']);
});

test('an unknown event is a fault of the page', () => {
  assert.throws(() => reduce(START, { type: 'nonsense' }));
});

test('a PIN that was given out is gone when its screen is left, or its giver (SEC-2)', () => {
  const given = { person: 'P-77', badge: null, pin: '481205' };
  const shown = reduce({ ...START, screen: 'person', about: 'P-77' }, { type: 'given', given });
  assert.equal(shown.given, given);
  assert.equal(reduce(shown, { type: 'go', screen: 'people' }).given, null);
  assert.equal(reduce(shown, { type: 'signed_out' }).given, null);
});

test('a clock that falls back dates nothing before the last greeting of the box (PDA-1)', () => {
  const now = 1_800_000_000_000_000;
  const frame = { now, session: { ...session, task: null } };
  const state = reduce(START, { type: 'hello', frame, receivedUs: now - 5_000_000 });
  assert.equal(boxTime(state, now / 1000), now + 5_000_000);
  assert.equal(boxTime(state, 0), now);
  assert.equal(boxTime({ ...START, greetedUs: now }, 0), now);
});

test('a parcel that was asked about before is not laid over the one in hand', () => {
  const state = reduce({ ...START, pack: { order: '1' } }, { type: 'pack', pack: { order: '2' } });
  assert.equal(state.pack.order, '1');
  assert.equal(reduce(state, { type: 'pack', pack: null }).pack, null);
});
