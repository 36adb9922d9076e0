// The camera as a scanner: frames go to a worker, what it reads goes the way of every scan.

import { scriptUrl } from './shell.js';

/** Frames a second that are looked at. */
const FPS = 15;
/** Each of so many frames is looked at as a whole and thoroughly, the others at their middle. */
const WHOLE_EVERY = 5;
/** The middle of a frame, px. */
const CROP = { width: 640, height: 360 };
/** A code counts again after it was out of sight for so long, ms. */
const AWAY_MS = 1200;
/** A worker that owes an answer for so long is made anew, ms. */
const ANSWER_MS_MAX = 4000;

/** Whether this device has a camera that a page may use. */
export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

/** A camera that reads codes from its making until `stop`. */
export class Camera {
  /** @param {(text: string) => void} onCode */
  constructor(onCode) {
    this.onCode = onCode;
    this.video = document.createElement('video');
    this.video.muted = true;
    this.video.playsInline = true;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {Worker | null} */
    this.worker = null;
    this.frames = 0;
    this.askedMs = 0;
    this.torch = false;
    this.stopped = false;
    /** @type {Map<string, number>} code → when it was last in sight, ms */
    this.sight = new Map();
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  /** Begin to read, unless it was stopped meanwhile; raises what `getUserMedia` raises. */
  async start() {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    this.stream = stream;
    if (this.stopped) return this.stop(); // a person takes long to allow it
    this.video.srcObject = stream;
    await this.video.play();
    if (this.stopped) return;
    this.#work();
    this.timer = setInterval(() => this.#look(), 1000 / FPS);
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
    this.worker?.terminate();
    this.worker = null;
  }

  /** Whether the light can be switched. */
  get hasTorch() {
    const able = /** @type {any} */ (this.stream?.getVideoTracks()[0]?.getCapabilities?.() ?? {});
    return Boolean(able.torch);
  }

  /** Switch the light. */
  async toggleTorch() {
    const [track] = this.stream?.getVideoTracks() ?? [];
    this.torch = !this.torch;
    await track?.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: this.torch }] }));
  }

  #work() {
    this.worker?.terminate();
    this.askedMs = 0;
    this.worker = new Worker(scriptUrl('/src/io/decoder.js'), { type: 'module' });
    this.worker.onmessage = ({ data }) => {
      this.askedMs = 0;
      for (const code of data) this.#saw(code);
    };
    this.worker.onerror = () => {
      this.askedMs ||= performance.now(); // it did not come: it owes every answer
    };
  }

  async #look() {
    const { video, worker } = this;
    const now = performance.now();
    if (this.askedMs && now - this.askedMs > ANSWER_MS_MAX) this.#work();
    if (!worker || this.askedMs || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.askedMs = now;
    this.frames += 1;
    const whole = this.frames % WHOLE_EVERY === 0;
    const { videoWidth, videoHeight } = video;
    const width = whole ? videoWidth : Math.min(CROP.width, videoWidth);
    const height = whole ? videoHeight : Math.min(CROP.height, videoHeight);
    const [x, y] = [(videoWidth - width) / 2, (videoHeight - height) / 2];
    try {
      const frame = await createImageBitmap(video, x, y, width, height);
      worker.postMessage({ frame, whole }, [frame]);
    } catch {
      this.askedMs = 0; // the video was taken away meanwhile
    }
  }

  /** @param {string} code */
  #saw(code) {
    const now = performance.now();
    const last = this.sight.get(code) ?? -Infinity;
    this.sight.set(code, now);
    for (const [each, ms] of this.sight) if (now - ms > AWAY_MS) this.sight.delete(each);
    if (now - last > AWAY_MS) this.onCode(code);
  }
}
