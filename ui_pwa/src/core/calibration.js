// What a scanner does to three known codes, and which of its settings to change. Pure.
//
// It types or commits, adds a prefix and an end, loses characters when it is too fast, types for
// another keyboard, or drops the group separator of GS1. Each shows in what arrives.

const GS = '\x1d';
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');

/** The codes of the sheet `calibration`, in their order; GS1's FNC1 arrives as GS. */
export const CODES = Object.freeze({
  digits: '0123456789',
  ascii: ASCII,
  gs1: `010200009910000910AB12${GS}217`,
});
/** @typedef {keyof typeof CODES} CodeName */

/** Nothing came for so long: the code is whole, ms. */
export const SILENCE_MS = 600;
/** A calibration is asked for again after so many rejects within so many ms. */
export const REJECTS_MAX = 3;
export const REJECTS_MS = 600_000;
const SLOW_MS = 150;
const FAST_MS = 5;
const ENDS = new Map([['\n', 'Enter'], ['\r', 'Enter'], ['\t', 'Tab']]);
/** What a French keyboard types for the digits (ISO/IEC 9995 layouts; AZERTY). */
const AZERTY = '&é"\'(-è_çà';

/** @typedef {{chars: string, atMs: number, via: 'keys' | 'commit'}} Piece */

/**
 * What became of one code.
 * @param {CodeName} name
 * @param {readonly Piece[]} pieces in the order they came
 * @returns {Reading}
 */
export function judge(name, pieces) {
  const raw = pieces.map((p) => p.chars).join('');
  const end = ENDS.get(raw.slice(-1)) ?? '';
  const body = raw.replace(/[\r\n\t]+$/, '');
  const gaps = gapsOf(pieces);
  const folded = body.normalize('NFKC');
  const { prefix, lost, swapped } = align(CODES[name], folded);
  const at = (/** @type {number} */ share) => gaps[Math.floor(gaps.length * share)] ?? 0;
  return {
    name,
    via: pieces.some((p) => p.via === 'commit') ? 'commit' : 'keys',
    prefix,
    end,
    p50: Math.round(at(0.5)),
    p95: Math.round(at(0.95)),
    lost,
    swapped,
    fullWidth: folded !== body,
  };
}

/**
 * What the PDA keeps of its scanner.
 * @param {readonly Reading[]} readings
 * @returns {ScannerProfile}
 */
export function profileOf(readings) {
  const prefixes = new Set(readings.map((r) => r.prefix));
  const [prefix] = prefixes.size === 1 ? [...prefixes] : [''];
  return {
    via: readings.some((r) => r.via === 'commit') ? 'commit' : 'keys',
    prefix: prefix.length === 1 ? prefix : '',
    end: readings[0]?.end ?? '',
    p50: Math.max(0, ...readings.map((r) => r.p50)),
    p95: Math.max(0, ...readings.map((r) => r.p95)),
    lost: readings.reduce((n, r) => n + r.lost.length, 0),
    faults: faultsOf(readings),
  };
}

/** The settings to change, the worst first; none where all is well. */
/** @param {readonly Reading[]} readings @returns {string[]} */
export function faultsOf(readings) {
  const any = (/** @type {(r: Reading) => boolean} */ holds) => readings.some(holds);
  const digits = readings.find((r) => r.name === 'digits');
  const lost = (/** @type {Reading} */ r) => r.lost.filter((c) => c !== GS).length > 0;
  const swaps = readings.flatMap((r) => r.swapped);
  const isCase = ([a, b] = ['', '']) => a !== b && a.toLowerCase() === b.toLowerCase();
  const azerty = digits?.swapped.some(([was, got]) => AZERTY[Number(was)] === got);
  const cased = swaps.length > 0 && swaps.every(isCase);
  /** @type {[string, unknown][]} */
  const found = [
    ['fullwidth', any((r) => r.fullWidth)],
    ['caps', cased],
    ['layout', azerty || (swaps.length > 0 && !cased)],
    ['lost', any(lost)],
    ['gs', any((r) => r.lost.includes(GS) || r.swapped.some(([was]) => was === GS))],
    ['aim', any((r) => /\][A-Za-z]\d$/.test(r.prefix))],
    ['end', any((r) => r.end === '')],
    ['slow', any((r) => r.p95 > SLOW_MS)],
    ['prefix', any((r) => r.prefix === '')],
  ];
  const faults = found.filter(([, holds]) => holds).map(([name]) => name);
  return faults.includes('lost') && any((r) => r.p50 < FAST_MS)
    ? faults.map((each) => (each === 'lost' ? 'fast' : each))
    : faults;
}

/** @param {readonly Piece[]} pieces */
function gapsOf(pieces) {
  const gaps = pieces.slice(1).map((p, i) => Math.max(0, p.atMs - pieces[i].atMs));
  return gaps.sort((a, b) => a - b);
}

/**
 * The cheapest way from what was printed to what came: what stands before is the prefix.
 * @param {string} wanted @param {string} got
 * @returns {{prefix: string, lost: string[], swapped: [string, string][]}}
 */
function align(wanted, got) {
  const start = got.indexOf(wanted);
  if (start >= 0) return { prefix: got.slice(0, start), lost: [], swapped: [] };
  const cost = costs(wanted, got);
  /** @type {string[]} */
  const lost = [];
  /** @type {[string, string][]} */
  const swapped = [];
  let [i, j] = [wanted.length, got.length];
  while (i > 0) {
    const same = j > 0 && wanted[i - 1] === got[j - 1];
    if (j > 0 && cost[i][j] === cost[i - 1][j - 1] + (same ? 0 : 1)) {
      if (!same) swapped.unshift([wanted[i - 1], got[j - 1]]);
      [i, j] = [i - 1, j - 1];
    } else if (cost[i][j] === cost[i - 1][j] + 1) {
      lost.unshift(wanted[i - 1]);
      i -= 1;
    } else j -= 1;
  }
  return { prefix: got.slice(0, j), lost, swapped };
}

/** Edit distances; what stands before the first wanted character costs nothing. */
/** @param {string} wanted @param {string} got */
function costs(wanted, got) {
  const cost = [Array(got.length + 1).fill(0)];
  for (let i = 1; i <= wanted.length; i += 1) {
    cost.push([i]);
    for (let j = 1; j <= got.length; j += 1) {
      const swap = cost[i - 1][j - 1] + (wanted[i - 1] === got[j - 1] ? 0 : 1);
      cost[i].push(Math.min(swap, cost[i - 1][j] + 1, cost[i][j - 1] + 1));
    }
  }
  return cost;
}
