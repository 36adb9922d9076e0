// The camera as a witness: a film so short and small that it passes the floor's Wi-Fi.

/** A film ends by itself after so long, s. */
export const FILM_S_MAX = 15;
/** Enough to read a label by; a film of full length stays below 2 MB. */
const BITS_A_SECOND = 1_000_000;
const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15 } };
const TYPES = ['video/webm', 'video/mp4'];

/** One film, from `start` to `stop` or `drop`. */
export class Film {
  constructor() {
    this.video = document.createElement('video');
    this.video.muted = true;
    this.video.playsInline = true;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {MediaRecorder | null} */
    this.recorder = null;
    /** @type {Blob[]} */
    this.pieces = [];
    this.begunMs = 0;
    this.over = false;
  }

  /** Begin, unless it was given up meanwhile; raises what `getUserMedia` raises. */
  async start() {
    const type = TYPES.find((each) => globalThis.MediaRecorder?.isTypeSupported(each));
    if (!type || !navigator.mediaDevices) throw new DOMException('', 'NotFoundError');
    const video = { facingMode: 'environment', ...PICTURE };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: false, video });
    if (this.over) return this.drop(); // a person takes long to allow it
    this.video.srcObject = this.stream;
    await this.video.play();
    if (this.over || !this.stream) return;
    const how = { mimeType: type, videoBitsPerSecond: BITS_A_SECOND };
    this.recorder = new MediaRecorder(this.stream, how);
    this.recorder.ondataavailable = ({ data }) => this.pieces.push(data);
    this.recorder.start();
    this.begunMs = performance.now();
  }

  /** How much more there is room for, s. */
  get leftS() {
    const sinceS = this.begunMs ? (performance.now() - this.begunMs) / 1000 : 0;
    return Math.max(0, Math.ceil(FILM_S_MAX - sinceS));
  }

  /** End it. @returns {Promise<Blob | null>} the film; null where none had begun */
  async stop() {
    const { recorder } = this;
    if (this.over || recorder?.state !== 'recording') return null;
    this.over = true;
    await new Promise((done) => {
      recorder.onstop = done;
      recorder.stop();
    });
    this.drop();
    return new Blob(this.pieces, { type: recorder.mimeType.split(';')[0] });
  }

  /** Let go of the camera; what was filmed is gone. */
  drop() {
    this.over = true;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }
}
