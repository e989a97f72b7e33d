import { type RtpHeader, timestampDelta } from './rtp.ts';
import { CLOCK_RATES, type TrackKind } from './tracks.ts';

/** Packets with the timestamp `rtp` are presented at `ms` of a clock that both tracks of a source share. */
export type Presented = { readonly rtp: number; readonly ms: number };

/** The clocks of cameras are wrong by less than this share: a delay that seems to grow more slowly is none. */
const DRIFT = 0.001;

class Track {
  readonly ticksPerMs: number;
  /** What the source says; null before its first packet. */
  clock: Presented | null = null;
  /** Where its timestamps, as they are sent, were on our clock when the source before ended. */
  before: Presented | null = null;
  lastSequence: number | null = null;
  sequenceOffset = 0;
  timestampOffset = 0;
  isNew = true;

  constructor(kind: TrackKind) {
    this.ticksPerMs = CLOCK_RATES[kind] / 1_000;
  }
}

/**
 * Gives packets numbers that go on when their source starts anew: a camera that was away begins with numbers of its own,
 * and players would take its packets for old ones. Both tracks move together, so that sound and picture stay as far from
 * each other as the source has them. Packets may arrive late, and those of one track later than those of the other: the
 * sender reports go by the packets that are least late.
 */
export class Timeline {
  readonly #tracks: Readonly<Record<TrackKind, Track>> = { video: new Track('video'), audio: new Track('audio') };
  #isNew = true;
  /** Added to the clock of this source, it goes on from that of the source before: our clock, milliseconds. */
  #shiftMs = 0;
  /** The packet that is presented last, on our clock, and when a packet arrived last. */
  #newest: { readonly ms: number; readonly at: number } | null = null;
  /** How much later than on our clock it is when a packet arrives that is not late. */
  #delayMs = Number.POSITIVE_INFINITY;

  /** The next packets come from a new source. */
  restart(): void {
    for (const track of Object.values(this.#tracks)) {
      if (track.clock && !track.isNew) {
        track.before = { rtp: track.clock.rtp + track.timestampOffset, ms: track.clock.ms + this.#shiftMs };
      }
      track.clock = null;
      track.isNew = true;
    }
    this.#isNew = true;
    this.#delayMs = Number.POSITIVE_INFINITY;
  }

  /** The source says when packets are presented; it does before the first one of each track, and from time to time. */
  says(kind: TrackKind, clock: Presented): void {
    this.#tracks[kind].clock = clock;
  }

  /** Writes the numbers into a packet that arrives `now` (monotonic milliseconds). */
  apply(kind: TrackKind, packet: Buffer, { sequence, timestamp }: RtpHeader, now: number): void {
    const track = this.#tracks[kind];
    // A source that says nothing about a track presents it with what arrives beside it.
    track.clock ??= { rtp: timestamp, ms: (this.#newest?.ms ?? 0) - this.#shiftMs };
    const theirMs = track.clock.ms + timestampDelta(timestamp, track.clock.rtp) / track.ticksPerMs;
    if (this.#isNew) this.#goOn(theirMs, now);
    const ms = theirMs + this.#shiftMs;
    if (track.isNew) begin(track, sequence, timestamp, ms);
    track.lastSequence = (sequence + track.sequenceOffset) & 0xffff;
    packet.writeUInt16BE(track.lastSequence, 2);
    packet.writeUInt32BE((timestamp + track.timestampOffset) >>> 0, 4);
    this.#arrived(ms, now);
  }

  /** The timestamp of a packet that would be presented `now`; for sender reports. */
  presentedAt(kind: TrackKind, now: number): number {
    const { clock, ticksPerMs, timestampOffset } = this.#tracks[kind];
    if (!clock || this.#newest === null) return 0;
    const theirMs = now - this.#delayMs - this.#shiftMs;
    return Math.round(clock.rtp + timestampOffset + (theirMs - clock.ms) * ticksPerMs) >>> 0;
  }

  /** Our clock goes on by what has passed since the last packet. */
  #goOn(theirMs: number, now: number): void {
    this.#isNew = false;
    if (this.#newest) this.#shiftMs = this.#newest.ms + (now - this.#newest.at) - theirMs;
  }

  #arrived(ms: number, now: number): void {
    const passed = now - (this.#newest?.at ?? now);
    this.#delayMs = Math.min(this.#delayMs + DRIFT * passed, now - ms);
    this.#newest = { ms: Math.max(ms, this.#newest?.ms ?? ms), at: now };
  }
}

/** The first packet of a source, at this time of our clock. */
function begin(track: Track, sequence: number, timestamp: number, ms: number): void {
  track.isNew = false;
  if (track.lastSequence !== null) track.sequenceOffset = track.lastSequence + 1 - sequence;
  const { before } = track;
  if (before) track.timestampOffset = Math.round(before.rtp + (ms - before.ms) * track.ticksPerMs) - timestamp;
}
