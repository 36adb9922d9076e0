// What an alarm says: clips of digits and phrases, which are there in both languages.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';

Object.assign(globalThis, { document: { documentElement: { dataset: {} } } });
Object.defineProperty(globalThis, 'navigator', { configurable: true, value: {} });
const { sentence } = await import('../src/io/voice.js');

const there = (lang) =>
  readdirSync(new URL(`../voice/${lang}/`, import.meta.url)).map((file) => file.split('.')[0]);
const frozen = (category) => ({ code: 'order_frozen', facts: { category, order: 'SO-20041001' } });

test('an alarm names the last four digits of its order, then what happened (FRZ-4)', () => {
  const ends = { cancel: 'cancel', rush: 'rush', address: 'address', lot: 'frozen' };
  for (const [category, end] of Object.entries(ends))
    assert.deepEqual(sentence(frozen(category)), ['order', '1', '0', '0', '1', end]);
  const first = { code: 'prioritised', facts: { order: 'WEB-9' } };
  assert.deepEqual(sentence(first), ['priority', '9']);
  const nameless = [{ code: 'approval_due', facts: { order: '1' } }, { code: 'new', facts: {} }];
  assert.deepEqual(nameless.map(sentence), [['approval'], ['other']]);
});

test('every clip that can be wanted is there in both languages (FRZ-4)', () => {
  const codes = ['order_frozen', 'label_due', 'approval_due', 'conflict', 'prioritised', 'new'];
  const categories = ['cancel', 'address', 'remark', 'return', 'rush', 'breaker', 'lot'];
  const wanted = new Set([
    ...codes.flatMap((code) => sentence({ code, facts: { order: '0123' } })),
    ...categories.flatMap((category) => sentence(frozen(category))),
    ...'0123456789',
  ]);
  for (const lang of ['zh', 'en']) assert.deepEqual([...wanted].sort(), there(lang).sort());
});
