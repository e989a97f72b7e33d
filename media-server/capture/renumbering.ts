import type { RtpHeader } from './rtp.ts';

/**
 * Gives the packets of one track numbers that go on when their source starts anew: a camera that was away begins with
 * numbers of its own, and players would take its packets for old ones.
 */
export class Renumbering {
  readonly #clockRate: number;
  #sequenceOffset = 0;
  #timestampOffset = 0;
  #last: { readonly sequence: number; readonly timestamp: number; readonly at: number } | null = null;
  #isNew = true;

  /** `clockRate` is that of the track's timestamps, in hertz. */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** The next packet comes from a new source. */
  restart(): void {
    this.#isNew = true;
  }

  /** Writes the numbers into a packet that arrives `now` (monotonic milliseconds). Returns its timestamp. */
  apply(packet: Buffer, { sequence, timestamp }: RtpHeader, now: number): number {
    if (this.#isNew) this.#goOn(sequence, timestamp, now);
    const ours = {
      sequence: (sequence + this.#sequenceOffset) & 0xffff,
      timestamp: (timestamp + this.#timestampOffset) >>> 0,
      at: now,
    };
    packet.writeUInt16BE(ours.sequence, 2);
    packet.writeUInt32BE(ours.timestamp, 4);
    this.#last = ours;
    return ours.timestamp;
  }

  /** Time goes on by what has passed since the last packet. */
  #goOn(sequence: number, timestamp: number, now: number): void {
    this.#isNew = false;
    if (!this.#last) return;
    const elapsed = Math.round(((now - this.#last.at) / 1000) * this.#clockRate);
    this.#sequenceOffset = this.#last.sequence + 1 - sequence;
    this.#timestampOffset = this.#last.timestamp + elapsed - timestamp;
  }
}
