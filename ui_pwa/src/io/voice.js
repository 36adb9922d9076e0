// What an alarm says, put together from recorded clips: no speech engine is needed.

import { sound } from './signals.js';

const DIGITS_MAX = 4;
/** Pause between two clips, s. */
const PAUSE_S = 0.05;

/** @type {Map<string, Promise<AudioBuffer | null>>} */
const clips = new Map();
let spokenUntilS = 0;

/** Categories and codes of alarms, and the clip that says what happened. */
/** @type {Record<string, string>} */
const PHRASES = {
  cancel: 'cancel',
  address: 'address',
  remark: 'remark',
  return: 'return',
  rush: 'rush',
  breaker: 'breaker',
  order_frozen: 'frozen',
  order_frozen_cancel: 'cancel',
  label_due: 'label',
  approval_due: 'approval',
  conflict: 'conflict',
  conflict_some: 'conflict',
  prioritised: 'priority',
};

/**
 * The clips that say an alarm.
 * @param {{code: string, facts: Facts}} alarm
 * @returns {string[]}
 */
export function sentence({ code, facts }) {
  const own = code.startsWith('conflict'); // whatever stopped the order: its scans are what is told
  const phrase = PHRASES[own ? code : facts.category] ?? PHRASES[code] ?? 'other';
  const digits = [...String(facts.order ?? '')].filter((c) => /\d/.test(c)).slice(-DIGITS_MAX);
  const named = !['approval', 'other'].includes(phrase) && digits.length > 0;
  if (phrase === 'priority') return [phrase, ...digits];
  return named ? ['order', ...digits, phrase] : [phrase];
}

/**
 * Have the clips of a language decoded before they are needed.
 * @param {'zh' | 'en'} lang
 */
export async function prepare(lang) {
  const names = ['order', ...'0123456789', ...new Set(Object.values(PHRASES)), 'other'];
  await Promise.all(names.map((name) => clip(lang, name)));
}

/**
 * Say an alarm, unless the last one is still being said.
 * @param {{code: string, facts: Facts}} alarm
 * @param {'zh' | 'en'} lang
 * @returns {Promise<boolean>} whether it is heard
 */
export async function say(alarm, lang) {
  const audio = sound();
  if (!audio || audio.currentTime < spokenUntilS) return audio !== null;
  spokenUntilS = audio.currentTime + PAUSE_S;
  const buffers = await Promise.all(sentence(alarm).map((name) => clip(lang, name)));
  let atS = audio.currentTime;
  for (const buffer of buffers) {
    if (!buffer) continue;
    const source = new AudioBufferSourceNode(audio, { buffer });
    source.connect(audio.destination);
    source.start(atS);
    atS += buffer.duration + PAUSE_S;
  }
  spokenUntilS = atS;
  return buffers.some((buffer) => buffer !== null);
}

/** @param {string} lang @param {string} name @returns {Promise<AudioBuffer | null>} */
function clip(lang, name) {
  const path = `voice/${lang}/${name}.opus`;
  const known = clips.get(path);
  if (known) return known;
  const loading = load(path).catch(() => {
    clips.delete(path);
    return null;
  });
  clips.set(path, loading);
  return loading;
}

/** @param {string} path */
async function load(path) {
  const audio = sound();
  if (!audio) throw new Error('no sound yet');
  return audio.decodeAudioData(await (await fetch(path)).arrayBuffer());
}
