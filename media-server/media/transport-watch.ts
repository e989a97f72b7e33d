import type { Direction } from '../../crds/schema/stream.ts';
import type { Clock, Timer } from '../../process/clock.ts';
import type { TransportLeg } from './transport-leg.ts';

const TICK_MS = 1_000;
/** Interval at which each transport is checked. It is shorter for publications, since they may be idle. */
const LOOK_EVERY_MS: Readonly<Record<Direction, number>> = { publish: 5_000, play: 15_000 };
/**
 * A client that sends no packet for this time is gone. mediasoup's `iceConsentTimeout` cannot detect that: it counts
 * STUN requests only, which clients on libnice (GStreamer in Debian 12) do not send once they are connected.
 */
const SILENT_MS = 15_000;
/** A publication without RTP for this time only blocks its name. */
const IDLE_MS = 30_000;

type Watched = {
  readonly direction: Direction;
  rtpBytes: number;
  /** When RTP was last seen. */
  rtpAt: number;
  bytesReceived: number;
  /** When any incoming packet was last seen. */
  heardAt: number;
  lookAt: number;
};

export type TransportWatchDeps = {
  readonly clock: Clock;
  /** RTP received or sent since the last call. */
  readonly onRtpBytes: (direction: Direction, bytes: number) => void;
};

/** Counts RTP, and ends legs whose client is gone (`ice`) and publications without RTP (`rtp`). Uses one timer. */
export class TransportWatch {
  readonly #deps: TransportWatchDeps;
  readonly #watched = new Map<TransportLeg, Watched>();
  #timer: Timer | null = null;

  constructor(deps: TransportWatchDeps) {
    this.#deps = deps;
  }

  add(leg: TransportLeg, direction: Direction): void {
    if (leg.transport.closed) return;
    const now = this.#deps.clock.monotonic();
    const watched = {
      direction,
      rtpBytes: 0,
      rtpAt: now,
      bytesReceived: 0,
      heardAt: now,
      lookAt: now + LOOK_EVERY_MS[direction],
    };
    this.#watched.set(leg, watched);
    // Request the last statistics before the worker closes the transport.
    leg.onClosing(() => this.#look(leg, watched));
    leg.transport.observer.once('close', () => this.#remove(leg));
    this.#timer ??= this.#later();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#watched.clear();
  }

  #remove(leg: TransportLeg): void {
    this.#watched.delete(leg);
    if (this.#watched.size === 0) this.close();
  }

  #later(): Timer {
    return this.#deps.clock.setTimeout(() => {
      this.#timer = this.#later();
      const now = this.#deps.clock.monotonic();
      for (const [leg, watched] of this.#watched) {
        if (watched.lookAt > now) continue;
        watched.lookAt = now + LOOK_EVERY_MS[watched.direction];
        this.#look(leg, watched);
      }
    }, TICK_MS);
  }

  /** Failures are ignored: the worker of the transport died meanwhile. */
  #look(leg: TransportLeg, watched: Watched): void {
    leg.transport.getStats().then(
      ([stats]) => {
        if (!stats) return;
        this.#count(watched, watched.direction === 'publish' ? stats.rtpBytesReceived : stats.rtpBytesSent);
        this.#hear(watched, stats.bytesReceived);
        this.#judge(leg, watched);
      },
      () => {},
    );
  }

  /** Two simultaneous requests may be answered in either order. */
  #count(watched: Watched, rtpBytes: number): void {
    const more = Math.max(0, rtpBytes - watched.rtpBytes);
    if (more === 0) return;
    watched.rtpBytes = rtpBytes;
    watched.rtpAt = this.#deps.clock.monotonic();
    this.#deps.onRtpBytes(watched.direction, more);
  }

  #hear(watched: Watched, bytesReceived: number): void {
    if (bytesReceived <= watched.bytesReceived) return;
    watched.bytesReceived = bytesReceived;
    watched.heardAt = this.#deps.clock.monotonic();
  }

  /** Skips a leg that is not connected, which has its own timeout. */
  #judge(leg: TransportLeg, watched: Watched): void {
    const now = this.#deps.clock.monotonic();
    if (!leg.connected) watched.rtpAt = watched.heardAt = now;
    else if (now - watched.heardAt >= SILENT_MS) leg.fail('ice');
    else if (watched.direction === 'publish' && now - watched.rtpAt >= IDLE_MS) leg.fail('rtp');
  }
}
