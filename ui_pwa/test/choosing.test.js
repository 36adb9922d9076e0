import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pageOf, turns } from '../src/core/choosing.js';
import { classify } from '../src/core/codes.js';

const TWELVE = Array.from({ length: 12 }, (_, i) => i + 1);

test('nine are on a page, and behind the last page comes the first', () => {
  assert.deepEqual(pageOf(TWELVE).shown, TWELVE.slice(0, 9));
  assert.deepEqual(pageOf(TWELVE, 1), { shown: [10, 11, 12], page: 2, pages: 2 });
  assert.deepEqual(pageOf(TWELVE, 2), pageOf(TWELVE));
  assert.deepEqual(pageOf(TWELVE.slice(3)), { shown: TWELVE.slice(3), page: 1, pages: 1 });
  assert.deepEqual(pageOf([]), { shown: [], page: 1, pages: 1 });
});

test('every entry of a list is reached by printed digit cards alone', () => {
  for (let length = 1; length < 40; length += 1) {
    const list = Array.from({ length }, (_, i) => i);
    const cards = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => classify(`@C:${n}`));
    const reached = Array.from({ length: pageOf(list).pages }, (_, turned) =>
      cards.map(({ nth }) => pageOf(list, turned).shown[nth - 1]),
    ).flat();
    assert.deepEqual(reached.filter((each) => each !== undefined), list);
  }
});

test('the card 0 turns the page, and no other does', () => {
  assert.ok(turns(classify('@C:0')) && turns(classify('@C:QTY:0')));
  for (const code of ['@C:OK', '@C:1', '@C:QTY:10', '@C:SKIP', 'A-01-01'])
    assert.equal(turns(classify(code)), false);
});
