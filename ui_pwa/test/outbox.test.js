// The outbox: ids, order, what an answer settles (PICK-5, PDA-1).
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  OFFLINE_KINDS,
  TRIES_MAX,
  WINDOW_MAX,
  outcome,
  toSend,
  uuid7,
  withKept,
} from '../src/core/outbox.js';

const kept = (seq, more = {}) => ({
  seq,
  cmd: { id: `c${seq}` },
  said: { ok: true, code: '', facts: {} },
  tries: 0,
  ...more,
});

test('a PDA alone picks, binds totes and answers alarms; all else needs the box (PDA-4)', () => {
  const alone = ['alarm.ack', 'pick.qty', 'pick.scan', 'pick.short', 'tote.bind'];
  assert.deepEqual([...OFFLINE_KINDS].sort(), alone);
});

test('an id is a UUIDv7 of its time, and sorts by it', () => {
  const random = new Uint8Array(10).fill(255);
  assert.equal(uuid7(0x018cc251f400, random), '018cc251-f400-7fff-bfff-ffffffffffff');
  assert.ok(uuid7(1, random) < uuid7(2, new Uint8Array(10)));
});

test('commands go out in order, a window at a time, each once', () => {
  const outbox = Array.from({ length: 40 }, (_, i) => kept(i));
  const first = toSend(outbox, new Set());
  assert.deepEqual(
    first.map((k) => k.seq),
    [...Array(WINDOW_MAX).keys()],
  );
  assert.deepEqual(toSend(outbox, new Set(first.map((k) => k.cmd.id))), []);
  assert.deepEqual(toSend(outbox, new Set(['c0'])).map((k) => k.seq)[0], 1);
});

test('what a person has to look at is not sent again', () => {
  assert.deepEqual(
    toSend([kept(1, { parked: true }), kept(2)], new Set()).map((k) => k.seq),
    [2],
  );
});

test('each answer settles, keeps or parks its command', () => {
  const is = (answer, tries = 0) => outcome(kept(1, { tries }), { id: 'c1', ...answer });
  assert.equal(is({ ok: true }), 'done');
  assert.equal(is({ ok: false, status: 422 }), 'refused');
  assert.equal(is({ ok: false, status: 409 }), 'refused');
  const own = kept(1, { cmd: { id: 'c1', session_id: 's1' } });
  const no = { ok: false, id: 'c1', status: 401 };
  assert.deepEqual(['s1', 's2'].map((at) => outcome(own, no, at)), ['sign_in', 'refused']);
  for (const status of [500, 502]) assert.equal(is({ ok: false, status }), 'retry');
  assert.equal(is({ ok: false, status: 500 }, TRIES_MAX - 1), 'park');
  for (const status of [429, 503, 507])
    assert.equal(is({ ok: false, status }, TRIES_MAX - 1), 'wait');
});

test('the outbox stays in order whatever comes when', () => {
  const outbox = [3, 1, 2, 1].reduce((box, seq) => withKept(box, kept(seq)), []);
  assert.deepEqual(
    outbox.map((k) => k.seq),
    [1, 2, 3],
  );
});

/** A small seeded generator, so that a failure can be seen again. */
function seeded(seed) {
  let x = seed;
  return () => {
    x = (x * 1664525 + 1013904223) % 4294967296;
    return x / 4294967296;
  };
}

test('10,000 scans through holes, kills and lost answers: none lost, none doubled (PICK-5)', () => {
  const random = seeded(3);
  const scans = 10_000;
  const box = { answers: new Map(), order: [] };
  const serve = ({ id }) => {
    const known = box.answers.has(id);
    if (!known) box.order.push(id);
    const answer = { id, ok: random() < 0.9, status: 422 };
    if (!known) box.answers.set(id, answer);
    return box.answers.get(id);
  };
  // The disk outlives a kill; the rest of the page is made anew from it.
  let disk = [];
  let page = { outbox: [], inflight: new Set() };
  const lost = () => {
    page.inflight.clear();
  };
  for (let made = 0, turns = 0; made < scans || disk.length; turns += 1) {
    assert.ok(turns < 40 * scans, `stuck at ${made} with ${disk.length}`);
    for (let n = Math.floor(random() * 4); n > 0 && made < scans; n -= 1) {
      const entry = kept(made);
      disk = withKept(disk, entry);
      page.outbox = withKept(page.outbox, entry);
      made += 1;
    }
    const luck = random();
    if (luck < 0.05) page = { outbox: [...disk], inflight: new Set() };
    if (luck < 0.2) continue;
    const sent = toSend(page.outbox, page.inflight);
    for (const { cmd } of sent) page.inflight.add(cmd.id);
    for (const one of sent) {
      const answer = random() < 0.05 ? { id: one.cmd.id, ok: false, status: 503 } : serve(one.cmd);
      if (answer.status === 503 || random() < 0.3) {
        lost(); // the connection breaks: what was sent behind it never arrives
        break;
      }
      assert.ok(['done', 'refused'].includes(outcome(one, answer)));
      disk = disk.filter((k) => k.seq !== one.seq);
      page.outbox = page.outbox.filter((k) => k.seq !== one.seq);
      page.inflight.delete(one.cmd.id);
    }
  }
  assert.deepEqual(
    box.order,
    Array.from({ length: scans }, (_, i) => `c${i}`),
  );
});

test('1,000 scans at a box that puts some off: those behind wait, in order (PICK-4)', () => {
  const random = seeded(7);
  const done = [];
  const putOff = new Set();
  /** As docs/PDA_PROTOCOL.md has it: until one comes again, what comes behind is put off too. */
  const serve = ({ id }) => {
    const began = putOff.size > 0;
    if (putOff.has(id)) putOff.clear();
    if (putOff.size || random() < 0.05) {
      putOff.add(id);
      return { id, ok: false, status: began ? 429 : [429, 503, 507][done.length % 3] };
    }
    done.push(id);
    return { id, ok: true };
  };
  let outbox = Array.from({ length: 1_000 }, (_, i) => kept(i));
  while (outbox.length) {
    for (const one of toSend(outbox, new Set())) {
      const result = outcome(one, serve(one.cmd));
      assert.ok(['done', 'wait'].includes(result)); // nothing is given up
      if (result === 'done') outbox = outbox.filter((k) => k !== one);
    }
  }
  assert.deepEqual(
    done,
    Array.from({ length: 1_000 }, (_, i) => `c${i}`),
  );
});
