import { beginsKeyFrame, type RtpHeader, timestampDelta } from './rtp.ts';

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

  /** Called for each packet, in order, at `now` (monotonic milliseconds). */
  see(packet: Buffer, { payloadAt, timestamp }: RtpHeader, now: number): void {
    // A key frame has several packets that look like its beginning.
    const isNewFrame = timestamp !== this.#current;
    this.#current = timestamp;
    if (!isNewFrame) return;
    if (this.#newest === null || timestampDelta(timestamp, this.#newest) > 0) this.#newest = timestamp;
    else this.#backwards += 1;
    if (beginsKeyFrame(packet, payloadAt)) this.#keyFrame(now);
  }

  #keyFrame(now: number): void {
    if (this.#keyFrameAt !== null) this.#keyFrameIntervalMs = Math.round(now - this.#keyFrameAt);
    this.#keyFrameAt = now;
  }
}
