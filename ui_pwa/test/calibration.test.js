// What three codes tell of a scanner (PDA-2).
import assert from 'node:assert/strict';
import test from 'node:test';
import { CODES, faultsOf, judge, profileOf } from '../src/core/calibration.js';

const GS = '\x1d';
const keys = (text, gap = 12) =>
  [...text].map((chars, i) => ({ chars, atMs: 1000 + i * gap, via: 'keys' }));
const commit = (text) => [{ chars: text, atMs: 1000, via: 'commit' }];
const all = (make) => Object.keys(CODES).map((name) => judge(name, make(CODES[name])));

test('a well-set scanner: prefix, Enter, gaps, no fault', () => {
  const profile = profileOf(all((code) => keys(`~${code}\n`)));
  assert.deepEqual(profile, {
    via: 'keys', prefix: '~', end: 'Enter', p50: 12, p95: 12, lost: 0, faults: [],
  });
});

test('an input method’s commit is told from keys, and full-width digits from its setting', () => {
  const wide = [...CODES.digits].map((c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join('');
  const reading = judge('digits', commit(`~${wide}\n`));
  assert.deepEqual([reading.via, reading.fullWidth, reading.lost], ['commit', true, []]);
  assert.deepEqual(faultsOf([reading]), ['fullwidth']);
});

test('characters that are lost are named, and blamed on the speed where it is high', () => {
  const holed = CODES.ascii.replace('k', '').replace('7', '');
  const reading = judge('ascii', keys(`~${holed}\n`, 1));
  assert.deepEqual([reading.prefix, reading.lost], ['~', ['7', 'k']]);
  assert.deepEqual(faultsOf([reading]), ['fast']);
  assert.deepEqual(faultsOf([judge('ascii', keys(`~${holed}\n`, 20))]), ['lost']);
});

test('another keyboard, caps lock, no separator, an AIM prefix: each has its setting', () => {
  const azerty = [...CODES.digits].map((d) => '&é"\'(-è_çà'[Number(d)]).join('');
  assert.deepEqual(faultsOf([judge('digits', keys(`~${azerty}\n`))]), ['layout']);
  const german = { y: 'z', z: 'y', Y: 'Z', Z: 'Y' };
  const y = CODES.ascii.replace(/[yzYZ]/g, (c) => german[c]);
  assert.deepEqual(faultsOf([judge('ascii', keys(`~${y}\n`))]), ['layout']);
  const swap = (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase());
  const caps = CODES.ascii.replace(/[a-z]/gi, swap);
  assert.deepEqual(faultsOf([judge('ascii', keys(`~${caps}\n`))]), ['caps']);
  assert.deepEqual(faultsOf([judge('gs1', keys(`~${CODES.gs1.replace(GS, '')}\n`))]), ['gs']);
  assert.deepEqual(faultsOf([judge('gs1', keys(`~]C1${CODES.gs1}\n`))]), ['aim']);
});

test('no end, no prefix and slow typing are named', () => {
  const reading = judge('digits', keys(CODES.digits, 180));
  assert.deepEqual(faultsOf([reading]), ['end', 'slow', 'prefix']);
  assert.equal(profileOf([reading]).prefix, '');
});

test('whatever comes is judged, and nothing is found where nothing came', () => {
  for (const text of ['', '\n', '\t', '\u0000', '好', 'x'.repeat(600), CODES.ascii.repeat(3)]) {
    for (const name of Object.keys(CODES)) {
      const { p50, lost } = judge(name, keys(text));
      assert.ok(p50 >= 0 && lost.length <= CODES[name].length);
    }
  }
});
