// Framing and classification: what is a scan, and of what (PDA-2).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Framer, SCAN, classify, normalise, saneTime } from '../src/core/codes.js';

/** Type `text` with `gapMs` between characters, then Enter. */
function type(text, gapMs, { prefix = '~', start = 1000 } = {}) {
  const framer = new Framer(prefix);
  const frames = [];
  let at = start;
  for (const char of text) {
    frames.push(framer.push(char, at));
    at += gapMs;
  }
  frames.push(framer.end(at));
  return frames.filter(Boolean);
}

/** A small seeded generator, so that a failure can be seen again. */
function seeded(seed) {
  let x = seed;
  return () => {
    x = (x * 1664525 + 1013904223) % 4294967296;
    return x / 4294967296;
  };
}

test('a wedge at 0 to 30 ms is a scan', () => {
  for (const gap of [0, 5, 20, 30]) {
    assert.deepEqual(
      type('6901234567892', gap).map((f) => [f.kind, f.text]),
      [['scan', '6901234567892']],
    );
  }
});

test('a person at 110 ms is not a scan', () => {
  assert.deepEqual(
    type('482913', 110).map((f) => f.kind),
    ['typed'],
  );
});

test('ten thousand entries of a person at 110 ms hold no scan (PDA-2)', () => {
  const random = seeded(11);
  for (let run = 0; run < 10_000; run += 1) {
    const framer = new Framer(run % 2 ? '~' : '');
    let at = 0;
    const frames = [];
    for (let i = 2 + Math.floor(random() * 8); i > 0; i -= 1) {
      at += 60 + random() * 100;
      frames.push(framer.push(String(i % 10), at));
    }
    frames.push(run % 3 ? framer.end(at + 60 + random() * 100) : framer.idle());
    assert.ok(frames.every((f) => f === null || f.kind === 'typed'));
  }
});

test('every gap up to 30 ms, jitter and a scanner that sends no Enter are scans (PDA-2)', () => {
  const random = seeded(5);
  for (let run = 0; run < 2_000; run += 1) {
    const framer = new Framer('');
    let at = 0;
    for (const char of 'A-01-02') {
      at += random() * 30;
      framer.push(char, at);
    }
    const frame = run % 2 ? framer.end(at + random() * 30) : framer.idle();
    assert.deepEqual([frame?.kind, frame?.text], ['scan', 'A-01-02']);
  }
});

test('three fast digits are a person on a keypad, three other characters a short code', () => {
  const [fast] = type('123', 20, { prefix: '' });
  assert.deepEqual([fast.kind, fast.byHand], ['typed', false]);
  assert.equal(type('123', 110, { prefix: '' })[0].byHand, true);
  assert.equal(type('T-1', 20, { prefix: '' })[0].kind, 'scan');
});

test('in a field a completed word is a person’s, unless an Enter follows at once', () => {
  const word = (end) => {
    const framer = new Framer('~');
    framer.inField = true;
    framer.push('damaged', 0);
    return end(framer)?.kind;
  };
  assert.equal(
    word((f) => f.idle()),
    'typed',
  );
  assert.equal(
    word((f) => f.end(400)),
    'typed',
  );
  assert.equal(
    word((f) => f.end(20)),
    'scan',
  );
  const framer = new Framer('~');
  framer.inField = true;
  framer.push('~A-01-02', 0);
  assert.equal(framer.idle()?.text, 'A-01-02');
});

test('with its prefix a scan is sure even at 100 ms, and the prefix is not part of it', () => {
  assert.deepEqual(
    type('~A-01-02', 100).map((f) => [f.kind, f.text]),
    [['scan', 'A-01-02']],
  );
});

test('a stall within a prefixed scan does not break it, and the next scan is its own', () => {
  const framer = new Framer('~');
  [...'~@B:'].forEach((char, i) => framer.push(char, i));
  assert.equal(framer.patienceMs, SCAN.prefixGapMsMax);
  assert.equal(framer.push('1', 1200), null);
  assert.deepEqual(framer.push('~', 2400), { kind: 'typed', text: '@B:1', byHand: false });
  [...'@B:2~'].forEach((char, i) => framer.push(char, 2401 + i));
  assert.equal(framer.end(2407)?.text, '@B:2~', 'a prefix within a code is the code’s');
  framer.endless = true;
  framer.push('~@B', 3000);
  framer.bulk = false;
  assert.equal(framer.patienceMs, SCAN.endlessSilenceMs);
});

test('one stall within a scan does not break it', () => {
  const framer = new Framer('~');
  [0, 10, 20, 200, 210, 220].forEach((at, i) => framer.push('A-0102'[i], at));
  assert.equal(framer.end(230)?.kind, 'scan');
});

test('text committed at once by an input method is a scan, with or without Enter', () => {
  const framer = new Framer('~');
  framer.push('A-01-02', 50);
  assert.deepEqual(framer.idle(), { kind: 'scan', text: 'A-01-02', gapMs: 0 });
  framer.push('A-01-02', 90);
  assert.equal(framer.end(95)?.kind, 'scan');
});

test('half a code is never taken for a whole one where the scanner ends its codes (PICK-4)', () => {
  const framer = new Framer('~');
  const put = (chars, start) => [...chars].forEach((char, i) => framer.push(char, start + i));
  put('~@C:OK', 0);
  assert.equal(framer.end(10)?.text, '@C:OK');
  put('~@C:O', 1000);
  assert.deepEqual(framer.idle(), { kind: 'half', text: '@C:O' });
  put('~@C:OK', 20_000);
  assert.equal(framer.idle()?.kind, 'scan'); // it was set to send no end
});

test('what was typed before a prefix is set apart from the scan', () => {
  const framer = new Framer('~');
  framer.push('4', 0);
  assert.deepEqual(framer.push('~', 120), { kind: 'typed', text: '4', byHand: true });
  framer.push('A-01', 130);
  assert.equal(framer.end(140)?.text, 'A-01');
});

test('an Enter with nothing before it is nobody’s scan', () => {
  assert.equal(new Framer('~').end(5), null);
});

test('no text is ever longer than the limit, and a framer can always be used again', () => {
  const random = seeded(7);
  for (let run = 0; run < 300; run += 1) {
    const framer = new Framer(random() < 0.5 ? '~' : '');
    let at = 0;
    for (let i = 0; i < 40; i += 1) {
      at += random() * 300;
      const many = random() < 0.05 ? 400 : 1 + Math.floor(random() * 3);
      const frame =
        random() < 0.2
          ? framer.end(at)
          : framer.push(String.fromCharCode(32 + Math.floor(random() * 95)).repeat(many), at);
      assert.ok(frame === null || frame.text.length <= SCAN.charsMax);
    }
    framer.idle();
    framer.push('A-01-02', at + 9000);
    assert.equal(framer.end(at + 9001)?.text, 'A-01-02');
  }
});

test('full-width digits of an input method are folded, Han is refused with its reason', () => {
  assert.deepEqual(normalise('１２３４'), { ok: true, code: '1234' });
  assert.deepEqual(normalise('一二三'), { ok: false, reason: 'not_ascii' });
  assert.deepEqual(normalise(' \r\n'), { ok: false, reason: 'empty' });
  assert.deepEqual(normalise('x'.repeat(600)), { ok: false, reason: 'too_long' });
});

test('the group separator of GS1 codes stays', () => {
  assert.deepEqual(normalise('0106901234567892\x1d10L1'), {
    ok: true,
    code: '0106901234567892\x1d10L1',
  });
});

test('a key’s time is taken only when it can be right', () => {
  assert.equal(saneTime(500, 510), 500);
  assert.equal(saneTime(1_700_000_000_000, 510), 510);
  assert.equal(saneTime(0, 510), 510);
});

test('codes are told apart by their form', () => {
  assert.equal(classify('@B:1001').type, 'badge');
  assert.equal(classify('B-01-02').type, 'code');
  assert.equal(classify('B-1001').type, 'code');
  assert.equal(classify('@B:').type, 'code');
  assert.equal(classify('BIB-01').type, 'code');
  assert.equal(classify('T-17').type, 'tote');
  assert.equal(classify('FG1:SF123:abc').type, 'label');
  assert.deepEqual(classify('@S:S1'), { type: 'station', code: 'S1' });
  assert.deepEqual(classify('@D:d-1:7'), { type: 'sticker', code: '@D:d-1:7' });
  assert.deepEqual(classify('@C:QTY:600'), {
    type: 'command',
    code: '@C:QTY:600',
    name: 'QTY',
    qty: 600,
    digit: null,
    nth: 600,
  });
  const card = { type: 'command', qty: null, digit: null, nth: 0 };
  assert.deepEqual(classify('@C:OK'), { ...card, code: '@C:OK', name: 'OK' });
  assert.deepEqual(classify('@C:0'), { ...card, code: '@C:0', name: 'DIGIT', digit: '0' });
  const three = { ...card, code: '@C:3', name: 'DIGIT', digit: '3', nth: 3 };
  assert.deepEqual(classify('@C:3'), three);
  assert.equal(classify('@C:10').type, 'code');
  assert.equal(classify('@C:NONSENSE').type, 'code');
});

test('every printed command card is understood', () => {
  const deck = new URL('../../drivers/labels/templates/cards.sample.json', import.meta.url);
  for (const { code } of JSON.parse(readFileSync(deck)).cards)
    assert.equal(classify(code).type, 'command', code);
});
