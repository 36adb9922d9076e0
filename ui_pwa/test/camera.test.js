// The camera as a scanner: off once nobody wants it, patient with a decoder that does not come.
import assert from 'node:assert/strict';
import test from 'node:test';

/** Decoders in the order in which they were made. */
const workers = [];
let allow;
Object.defineProperty(globalThis, 'navigator', {
  configurable: true,
  value: { mediaDevices: { getUserMedia: () => new Promise((resolve) => (allow = resolve)) } },
});
Object.assign(globalThis, {
  document: { createElement: () => ({ readyState: 0, play: async () => undefined }) },
  HTMLMediaElement: { HAVE_CURRENT_DATA: 2 },
  Worker: class {
    constructor() {
      workers.push(this);
    }

    terminate() {}
  },
});
const { Camera } = await import('../src/io/camera.js');

const lit = () => {
  const track = { on: true, stop: () => (track.on = false) };
  return { track, getTracks: () => [track] };
};

test('one that was given up while a person was asked goes off at once (PDA-2)', async () => {
  const camera = new Camera(() => undefined);
  const starting = camera.start();
  camera.stop();
  const stream = lit();
  allow(stream);
  await starting;
  assert.equal(stream.track.on, false);
  assert.equal(camera.timer, undefined);
  assert.equal(workers.length, 0);
});

test('a decoder that does not load is asked for again after a while', async (t) => {
  let nowMs = 1000;
  t.mock.timers.enable({ apis: ['setInterval'] });
  t.mock.method(performance, 'now', () => nowMs);
  const camera = new Camera(() => undefined);
  const starting = camera.start();
  allow(lit());
  await starting;
  workers.at(-1).onerror();
  t.mock.timers.tick(100);
  assert.equal(workers.length, 1);
  nowMs += 4001;
  t.mock.timers.tick(100);
  assert.equal(workers.length, 2);
  camera.stop();
});
