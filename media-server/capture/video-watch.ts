import { beginsKeyFrame, type RtpHeader, timestampDelta } from './rtp.ts';

/** The clock of H264 (RFC 6184). */
const TICKS_PER_MS = 90;
/** Frames were behind so often within the window that it is no accident. */
const TIMES = 3;
const WINDOW_FRAMES = 100;
/** More frames in a row are not B-frames: the clock of the camera was set back. */
const MOST_IN_A_ROW = 16;

/**
 * Watches the video of a capture. Browsers decode no B-frames over WebRTC: frames arrive in decoding order, so a B-frame
 * is before a frame that has come already, and a newer one follows.
 */
export class VideoWatch {
  #newest: number | null = null;
  #current: number | null = null;
  #frames = 0;
  /** Frames that came after the newest one and are before it. */
  #behind = 0;
  /** When frames had been behind, as numbers of frames; those of the window. */
  #times: number[] = [];
  #keyFrameAt: number | null = null;
  #keyFrameIntervalMs: number | null = null;

  /** Time between the last two key frames, milliseconds; null before the second. */
  get keyFrameIntervalMs(): number | null {
    return this.#keyFrameIntervalMs;
  }

  get hasBFrames(): boolean {
    return this.#times.length >= TIMES;
  }

  /** Called for each packet, in order. */
  see(packet: Buffer, { payloadAt, timestamp }: RtpHeader): void {
    if (timestamp !== this.#current) this.#frame(timestamp);
    if (beginsKeyFrame(packet, payloadAt)) this.#keyFrame(timestamp);
  }

  #frame(timestamp: number): void {
    this.#current = timestamp;
    this.#frames += 1;
    this.#times = this.#times.filter((frame) => this.#frames - frame < WINDOW_FRAMES);
    const isNewer = this.#newest === null || timestampDelta(timestamp, this.#newest) > 0;
    if (isNewer && this.#behind > 0) this.#times.push(this.#frames);
    if (!isNewer) this.#behind += 1;
    if (!isNewer && this.#behind <= MOST_IN_A_ROW) return;
    this.#newest = timestamp;
    this.#behind = 0;
  }

  /** By the clock of the source, which may be set back: packets come unevenly. */
  #keyFrame(timestamp: number): void {
    // A key frame has several packets that look like its beginning.
    if (timestamp === this.#keyFrameAt) return;
    const ticks = this.#keyFrameAt === null ? 0 : timestampDelta(timestamp, this.#keyFrameAt);
    if (ticks > 0) this.#keyFrameIntervalMs = Math.round(ticks / TICKS_PER_MS);
    this.#keyFrameAt = timestamp;
  }
}
