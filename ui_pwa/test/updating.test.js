// When a newer page takes over (PDA-1).
import assert from 'node:assert/strict';
import test from 'node:test';
import { WAIT_MS_MAX, mayTakeOver } from '../src/core/updating.js';

const at = (screen, more = {}) => ({ screen, outbox: [], dialog: null, ...more });
const kept = { outbox: [{}] };

test('between tasks with nothing kept, and between people', () => {
  assert.equal(mayTakeOver(at('tasks'), false, 0), true);
  assert.equal(mayTakeOver(at('tasks', kept), false, 0), false);
  assert.equal(mayTakeOver(at('signin', kept), false, 0), true);
});

test('in the middle of a pick only after a day', () => {
  assert.equal(mayTakeOver(at('pick'), false, WAIT_MS_MAX - 1), false);
  assert.equal(mayTakeOver(at('pick', kept), false, WAIT_MS_MAX), true);
});

test('never over a dialog or an alarm', () => {
  assert.equal(mayTakeOver(at('signin', { dialog: { kind: 'menu' } }), false, WAIT_MS_MAX), false);
  assert.equal(mayTakeOver(at('tasks'), true, WAIT_MS_MAX), false);
});
