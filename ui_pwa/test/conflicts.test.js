// What was picked without the box and does not count calls its picker (FRZ-4, PDA-1).
import assert from 'node:assert/strict';
import test from 'node:test';
import { conflictOf } from '../src/core/conflicts.js';
import { sampleTask } from './sample.js';

const kept = (code, more = {}) => ({
  seq: 1,
  cmd: { id: 'c1', kind: 'pick.scan', data: { task_id: 't1', step: 2, code: 'x' } },
  said: { ok: true, code, facts: {} },
  tries: 0,
  away: true,
  ...more,
});
const no = (code, facts = {}) => ({ ok: false, id: 'c1', status: 409, code, facts });

test('a piece that does not count calls, whatever the reason, and names its order', () => {
  for (const code of ['task_taken', 'step_done', 'surplus', 'wrong_lot', 'too_old', 'late_scan'])
    assert.deepEqual(
      [conflictOf(kept('item'), no(code), sampleTask())?.facts.order, code],
      ['1002', code],
    );
});

test('of a task that is not known here no order is made up', () => {
  const { of, code, facts } = conflictOf(kept('item'), no('task_taken', { by_name: 'X' }), null);
  assert.deepEqual([of, code, facts.order, facts.by_name], ['t1', 'conflict_some', undefined, 'X']);
});

test('what was scanned behind the end of its session is told as that, not as a sign-in', () => {
  for (const code of ['session_over', 'not_signed_in']) {
    const { facts } = conflictOf(kept('item'), no(code), sampleTask());
    assert.deepEqual([facts.why, facts.hint], ['signed_off', 'not_counted']);
  }
});

test('a bin, what the page itself refused, and what the box judged at once call nobody', () => {
  const refused = { ok: false, code: 'wrong_item', facts: {} };
  const all = [kept('location'), kept('', { said: refused }), kept('item', { away: false })];
  for (const each of all) assert.equal(conflictOf(each, no('step_done'), sampleTask()), null);
  assert.ok(conflictOf(kept('location'), no('order_frozen'), sampleTask()));
});
