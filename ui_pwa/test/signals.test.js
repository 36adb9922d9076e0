// What the eye is told of an outcome: a flash, and then no more of it.
import assert from 'node:assert/strict';
import test from 'node:test';

/** Frames that the browser owes. */
const frames = [];
const { dataset } = Object.assign(globalThis, {
  document: { documentElement: { dataset: {} } },
  requestAnimationFrame: (paint) => frames.push(paint),
}).document.documentElement;
Object.defineProperty(globalThis, 'navigator', { configurable: true, value: {} });
const { FLASH_MS_MIN, signal } = await import('../src/io/signals.js');

test('a flash whose frame comes late, as behind another app, ends as well (FRZ-4)', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  signal('stop');
  t.mock.timers.tick(10 * FLASH_MS_MIN);
  frames.shift()();
  assert.equal(dataset.flash, 'stop');
  t.mock.timers.tick(FLASH_MS_MIN);
  assert.equal(dataset.flash, undefined);
});
