// The way out for commands, on a disk, a wire and a clock that do what a test says (PICK-5).
import assert from 'node:assert/strict';
import test from 'node:test';
import { TRIES_MAX, WINDOW_MAX } from '../src/core/outbox.js';
import { ANSWER_MS_MAX, RETRY_MS, Sending } from '../src/core/sending.js';
import { START, reduce } from '../src/core/state.js';

const said = { ok: true, code: '', facts: {} };
const yes = (id) => ({ ok: true, id, status: 200 });
const no = (id, status) => ({ ok: false, id, status, code: 'x' });

/** A page with a link that is up. */
function rig() {
  const on = { disk: [], wire: [], timers: [], nowMs: 0, full: false, up: true };
  let state = { ...START, link: 'up' };
  on.state = () => state;
  on.dispatch = (event) => {
    state = reduce(state, event);
  };
  const ways = {
    state: on.state,
    dispatch: on.dispatch,
    keep: async (kept) => {
      if (on.full) throw new Error('full');
      return on.disk.push(kept);
    },
    settle: (seq, kept) => {
      on.disk[seq - 1] = kept;
    },
    put: (cmd) => on.up && on.wire.push(cmd.id) > 0,
    nowMs: () => on.nowMs,
    later: (ms, work) => on.timers.push({ ms, work }),
  };
  on.sending = new Sending(ways);
  on.give = async (n) => {
    const ids = Array.from({ length: n }, (_, i) => `c${on.disk.length + i + 1}`);
    for (const id of ids) await on.sending.keep({ id, kind: 'pick.scan', data: {} }, said);
    return ids;
  };
  on.wait = () => {
    assert.deepEqual(on.timers.map(({ ms }) => ms), [RETRY_MS]);
    on.timers.pop().work();
  };
  return on;
}

test('a command is on the disk before it is on the wire; its answer takes it away', async () => {
  const on = rig();
  const [id] = await on.give(1);
  assert.deepEqual([on.disk.length, on.wire], [1, [id]]);
  assert.equal(on.sending.take(yes(id))?.result, 'done');
  assert.deepEqual([on.disk, on.state().outbox], [[null], []]);
  assert.equal(on.sending.take(yes(id)), null);
});

test('what the disk does not take is not sent, and the next is', async () => {
  const on = rig();
  on.full = true;
  assert.equal(await on.sending.keep({ id: 'c1', kind: 'pick.scan', data: {} }, said), false);
  assert.deepEqual([on.sending.keeping, on.wire, on.state().outbox], [0, [], []]);
  on.full = false;
  assert.deepEqual(await on.give(1), on.wire);
});

test('a burst goes out in order, a window at a time', async () => {
  const on = rig();
  const ids = await on.give(WINDOW_MAX + 4);
  assert.deepEqual(on.wire, ids.slice(0, WINDOW_MAX));
  for (const id of ids) on.sending.take(yes(id));
  assert.deepEqual(on.wire, ids);
});

test('what was on a wire that broke is sent again, oldest first', async () => {
  const on = rig();
  const ids = await on.give(3);
  on.sending.take(yes(ids[0]));
  on.up = false;
  on.sending.forget();
  on.sending.pump();
  on.up = true;
  on.sending.pump();
  assert.deepEqual(on.wire.slice(3), ids.slice(1));
});

test('nothing passes a command that the box put off; none is given up for it', async () => {
  const on = rig();
  const ids = await on.give(3);
  for (let tries = 0; tries <= TRIES_MAX; tries += 1) {
    for (const id of ids) assert.equal(on.sending.take(no(id, 507)), null);
    on.wire.length = 0;
    await on.sending.keep({ id: `late${tries}`, kind: 'pick.scan', data: {} }, said);
    assert.deepEqual(on.wire, []);
    on.wait();
    assert.deepEqual(on.wire.slice(0, 4), [...ids, 'late0']);
  }
  assert.equal(on.state().outbox.some((kept) => kept.parked || kept.tries), false);
});

test('one that fails in the box is tried again, and then left to a person', async () => {
  const on = rig();
  const [id] = await on.give(1);
  for (let tries = 1; tries < TRIES_MAX; tries += 1) {
    assert.equal(on.sending.take(no(id, 500)), null);
    assert.equal(on.disk[0].tries, tries);
    on.wait();
  }
  assert.equal(on.sending.take(no(id, 500))?.result, 'park');
  assert.equal(on.disk[0].parked, true);
  assert.deepEqual(await on.give(1), on.wire.slice(-1));
});

test('what was left to a person is tried anew when the box greets again', async () => {
  const on = rig();
  const [id] = await on.give(1);
  for (let tries = 1; tries < TRIES_MAX; tries += 1) {
    on.sending.take(no(id, 500));
    on.wait();
  }
  on.sending.take(no(id, 500));
  const session = { id: 's', person: { id: 'P', roles: [] }, task: null };
  on.dispatch({ type: 'hello', frame: { now: 0, session }, receivedUs: 0 });
  on.wire.length = 0;
  on.sending.pump();
  assert.deepEqual([on.wire, on.state().outbox[0].tries], [[id], 0]);
});

test('an answer that does not come is noticed; one that needs a sign-in stays', async () => {
  const on = rig();
  const [id] = await on.give(1);
  on.nowMs = ANSWER_MS_MAX;
  assert.equal(on.sending.isOverdue(), false);
  on.nowMs += 1;
  assert.equal(on.sending.isOverdue(), true);
  on.dispatch({ type: 'signed_in', session: { id: 's1', person: { id: 'P', roles: [] } } });
  const late = { id: 'late', kind: 'pick.scan', session_id: 's1', data: {} };
  await on.sending.keep(late, said);
  assert.equal(on.sending.take(no('late', 401))?.result, 'sign_in');
  on.dispatch({ type: 'signed_out' });
  assert.equal(on.state().outbox.length, 2);
  assert.equal(on.sending.take(no('late', 401))?.result, 'refused');
  assert.equal(on.state().outbox.length, 1);
});
