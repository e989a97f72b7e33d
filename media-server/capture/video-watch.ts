import { beginsKeyFrame, type RtpHeader, timestampDelta } from './rtp.ts';

/** The clock of H264 (RFC 6184). */
const TICKS_PER_MS = 90;

/** So many frames that go back in time are no accident. */
const B_FRAMES = 3;

/**
 * Watches the video of a capture. Browsers decode no B-frames over WebRTC: frames arrive in decoding order, so the
 * timestamp of a B-frame is before that of the frame that came before it.
 */
export class VideoWatch {
  #newest: number | null = null;
  #current: number | null = null;
  #backwards = 0;
  #keyFrameAt: number | null = null;
  #keyFrameIntervalMs: number | null = null;

  /** Time between the last two key frames, milliseconds; null before the second. */
  get keyFrameIntervalMs(): number | null {
    return this.#keyFrameIntervalMs;
  }

  get hasBFrames(): boolean {
    return this.#backwards >= B_FRAMES;
  }

  /** Called for each packet, in order. */
  see(packet: Buffer, { payloadAt, timestamp }: RtpHeader): void {
    if (timestamp !== this.#current) this.#frame(timestamp);
    if (beginsKeyFrame(packet, payloadAt)) this.#keyFrame(timestamp);
  }

  #frame(timestamp: number): void {
    this.#current = timestamp;
    if (this.#newest === null || timestampDelta(timestamp, this.#newest) > 0) this.#newest = timestamp;
    else this.#backwards += 1;
  }

  /** By the clock of the source: packets come unevenly. */
  #keyFrame(timestamp: number): void {
    // A key frame has several packets that look like its beginning.
    if (timestamp === this.#keyFrameAt) return;
    if (this.#keyFrameAt !== null) {
      this.#keyFrameIntervalMs = Math.round(timestampDelta(timestamp, this.#keyFrameAt) / TICKS_PER_MS);
    }
    this.#keyFrameAt = timestamp;
  }
}
