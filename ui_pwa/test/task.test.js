// The task between two answers of the box: membership, overlay, order (PDA-1, PICK-7).
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  currentStep,
  endings,
  judge,
  need,
  orderForTote,
  overlay,
  picking,
  progress,
  project,
} from '../src/core/task.js';
import { sampleTask } from './sample.js';

const scan = (step, code) => ({ kind: 'pick.scan', data: { task_id: 't1', step, code } });
const walk = (task, ...cmds) => project(task, cmds);

test('location, then pieces, then the next step', () => {
  const task = sampleTask();
  assert.equal(need(task, task.steps[0]), 'location');
  const there = walk(task, scan(1, 'A-01-01'));
  assert.equal(need(there, there.steps[0]), 'item');
  const one = walk(there, scan(1, '6900000000001'));
  assert.equal(one.steps[0].picked, 1);
  const two = walk(one, scan(1, 'SKU-1'));
  assert.equal(two.steps[0].done, true);
  assert.equal(currentStep(two)?.no, 2);
  assert.equal(need(two, two.steps[1]), 'tote');
});

test('each wrong scan is named as the box would name it', () => {
  const task = sampleTask();
  const there = walk(task, scan(1, 'A-01-01'));
  const said = (t, step, code) => judge(t, 'pick.scan', scan(step, code).data).code;
  assert.equal(said(task, 1, 'A-09-09'), 'wrong_bin');
  assert.equal(said(task, 1, '6900000000001'), 'location_first');
  assert.equal(said(there, 1, '6900000000002'), 'wrong_item');
  assert.equal(said(there, 9, 'x'), 'step_done');
  const at2 = { ...task, at: 'A-01-02' };
  assert.equal(said(at2, 2, '6900000000002'), 'tote_first');
});

test('a refused scan changes nothing', () => {
  const task = sampleTask();
  assert.equal(overlay(task, scan(1, 'A-09-09')), task);
});

test('a counted step wants one scan and the right number', () => {
  const at3 = { ...sampleTask(), at: 'A-01-03' };
  const scanned = walk(at3, scan(3, 'SKU-3'));
  assert.equal(need(scanned, scanned.steps[2]), 'qty');
  const qty = (n) => ({ kind: 'pick.qty', data: { task_id: 't1', step: 3, qty: n } });
  assert.equal(judge(scanned, 'pick.qty', qty(599).data).code, 'qty_mismatch');
  assert.equal(walk(scanned, qty(600)).steps[2].done, true);
});

test('a short pick closes its step with what was found', () => {
  const task = walk(sampleTask(), {
    kind: 'pick.short',
    data: { task_id: 't1', step: 1, found: 1, reason: 'missing' },
  });
  assert.equal(task.steps[0].found, 1);
  assert.equal(progress(task).picked, 1);
});

test('a tote goes to the order that has none, and not to two', () => {
  const task = sampleTask();
  assert.equal(orderForTote(task, task.steps[0])?.id, '1002');
  const bind = (code) => ({ task_id: 't1', order_id: '1002', code });
  assert.equal(judge(task, 'tote.bind', bind('T-1')).code, 'tote_in_use');
  assert.equal(walk(task, { kind: 'tote.bind', data: bind('T-2') }).orders[1].tote, 'T-2');
});

test('steps of a frozen or ended order are passed over and refused', () => {
  const task = sampleTask();
  task.orders[0].frozen = { category: 'cancel', due_at: 1 };
  assert.equal(currentStep(task)?.no, 2);
  assert.equal(judge(task, 'pick.scan', scan(1, 'A-01-01').data).code, 'order_frozen');
  task.orders[0] = { ...task.orders[0], frozen: null, ended: 'cancelled' };
  assert.equal(judge(task, 'pick.scan', scan(1, 'A-01-01').data).code, 'order_ended');
});

test('skipped steps come last', () => {
  assert.equal(currentStep(sampleTask(), [1, 2])?.no, 3);
  assert.equal(currentStep(sampleTask(), [1, 2, 3])?.no, 1);
});

test('scans one by one or all at once give the same task', () => {
  const cmds = [
    scan(1, 'A-01-01'),
    scan(1, 'SKU-1'),
    scan(1, 'x'),
    scan(1, 'SKU-1'),
    scan(2, 'A-01-02'),
  ];
  const all = project(sampleTask(), cmds);
  assert.deepEqual(
    cmds.reduce((t, c) => project(t, [c]), sampleTask()),
    all,
  );
});

test('a command of another task lies over nothing', () => {
  const task = sampleTask();
  const other = { kind: 'pick.scan', data: { task_id: 't2', step: 1, code: 'A-01-01' } };
  assert.equal(project(task, [other]), task);
});

const held = (task, ...cmds) => ({
  task,
  session: { person: { id: 'P-01' } },
  settled: [],
  skipped: [],
  outbox: cmds.map((cmd, seq) => ({ seq, cmd })),
});
const ends = (state) => endings(state).map(({ ending }) => ending);

test('a task without a step left says of each order where its goods go (PICK-8, FRZ-5)', () => {
  const [one, two] = sampleTask().orders;
  const of = (change) => sampleTask({ orders: [{ ...one, ...change }, two] });
  for (const goes of ['pack', 'aside', 'back', 'none'])
    assert.deepEqual(ends(held(of({ goes }))), [goes, 'kept']);
  const frozen = { category: 'cancel', due_at: 0 };
  assert.deepEqual(ends(held(of({ goes: 'pack', frozen }))), ['frozen', 'kept']);
});

test('what is short is no complete pick, also before the box has said so (PDA-1, PICK-8)', () => {
  const short = { kind: 'pick.short', data: { task_id: 't1', step: 1, found: 1, reason: 'x' } };
  assert.deepEqual(ends(held(sampleTask(), short)), ['kept_short', 'kept']);
});

test('a task that was taken back is no longer picked', () => {
  for (const change of [{ state: 'open', picker: null }, { picker: 'P-02' }]) {
    const state = held(sampleTask(change));
    assert.deepEqual([picking(state).step, ...ends(state)], [null, 'lost', 'lost']);
  }
});
