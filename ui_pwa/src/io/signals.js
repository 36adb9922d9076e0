// Right, wrong and stop, each told to ear, hand and eye in its own way.

/** Two flashes of the screen are never closer than this (at most 3 a second), ms. */
export const FLASH_MS_MIN = 400;

/**
 * Notes are [frequency Hz, start ms, length ms, wave].
 * @type {Record<Tone, {notes: [number, number, number, OscillatorType][], buzz: number[]}>}
 */
const SIGNALS = {
  kept: { notes: [[1760, 0, 50, 'sine']], buzz: [30] },
  good: {
    notes: [
      [1175, 0, 70, 'sine'],
      [1760, 80, 110, 'sine'],
    ],
    buzz: [50],
  },
  wrong: {
    notes: [
      [220, 0, 170, 'square'],
      [220, 230, 220, 'square'],
    ],
    buzz: [120, 80, 120],
  },
  stop: {
    notes: [
      [880, 0, 220, 'sawtooth'],
      [587, 230, 220, 'sawtooth'],
      [880, 460, 220, 'sawtooth'],
      [587, 690, 320, 'sawtooth'],
    ],
    buzz: [400, 120, 400, 120, 600],
  },
  alarm: { notes: [[880, 0, 200, 'sawtooth']], buzz: [400, 120, 400, 120, 600] },
  info: { notes: [], buzz: [] },
};

/** @type {AudioContext | null} */
let audio = null;
let lastFlashMs = -Infinity;

/** Make sound possible; browsers want a first key or touch. @returns {boolean} whether it is */
export function unlockSound() {
  if (typeof AudioContext === 'undefined') return false;
  audio ??= new AudioContext();
  if (audio.state === 'suspended') audio.resume().catch(() => undefined);
  return true;
}

/** @param {Tone} tone */
export function signal(tone) {
  const { notes, buzz } = SIGNALS[tone];
  for (const [hz, startMs, lengthMs, wave] of notes) play(hz, startMs, lengthMs, wave);
  if (buzz.length) navigator.vibrate?.(buzz);
  flash(tone);
}

/** Where sound goes, once it is possible; a voice speaks there. */
export function sound() {
  return audio?.state === 'running' ? audio : null;
}

/** @type {(hz: number, startMs: number, lengthMs: number, wave: OscillatorType) => void} */
function play(hz, startMs, lengthMs, wave) {
  if (!sound() || !audio) return;
  const from = audio.currentTime + startMs / 1000;
  const to = from + lengthMs / 1000;
  const tone = new OscillatorNode(audio, { type: wave, frequency: hz });
  const volume = new GainNode(audio, { gain: wave === 'sine' ? 0.5 : 0.35 });
  volume.gain.setValueAtTime(volume.gain.value, to - 0.01);
  volume.gain.linearRampToValueAtTime(0, to);
  tone.connect(volume).connect(audio.destination);
  tone.start(from);
  tone.stop(to);
}

/** With the frame that shows the outcome: changed before it, the page would be styled twice. */
/** @param {Tone} tone */
function flash(tone) {
  const now = performance.now();
  if (tone === 'info' || now - lastFlashMs < FLASH_MS_MIN) return;
  lastFlashMs = now;
  const root = document.documentElement;
  requestAnimationFrame(() => {
    root.dataset.flash = tone === 'alarm' ? 'stop' : tone;
    setTimeout(() => {
      if (lastFlashMs === now) delete root.dataset.flash;
    }, FLASH_MS_MIN / 2);
  });
}
