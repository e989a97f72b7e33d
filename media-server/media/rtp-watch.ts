import type { Direction } from '../../crds/schema/stream.ts';
import type { Clock, Timer } from '../clock.ts';
import type { TransportLeg } from './leg.ts';

const TICK_MS = 1_000;
/** Each transport is looked at so often, at moments of its own; publications more often, since they may be idle. */
const LOOK_EVERY_MS: Readonly<Record<Direction, number>> = { publish: 5_000, play: 15_000 };
/** A publication without RTP for so long holds its name for nothing. */
const IDLE_MS = 30_000;

type Watched = { readonly direction: Direction; rtpBytes: number; changedAt: number; lookAt: number };

export type RtpWatchDeps = {
  readonly clock: Clock;
  /** RTP that has come in or gone out since the last time. */
  readonly onRtpBytes: (direction: Direction, bytes: number) => void;
};

/** Counts RTP, and ends publications that send nothing (`rtp`): one timer for all transports. */
export class RtpWatch {
  readonly #deps: RtpWatchDeps;
  readonly #watched = new Map<TransportLeg, Watched>();
  #timer: Timer | null = null;

  constructor(deps: RtpWatchDeps) {
    this.#deps = deps;
  }

  add(leg: TransportLeg, direction: Direction): void {
    if (leg.transport.closed) return;
    const now = this.#deps.clock.monotonic();
    const watched = { direction, rtpBytes: 0, changedAt: now, lookAt: now + LOOK_EVERY_MS[direction] };
    this.#watched.set(leg, watched);
    // The last look is asked for before the worker hears of the close.
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

  /** A transport whose worker dies under our hands has nothing to say any more. */
  #look(leg: TransportLeg, watched: Watched): void {
    leg.transport.getStats().then(
      ([stats]) => {
        if (stats)
          this.#count(leg, watched, watched.direction === 'publish' ? stats.rtpBytesReceived : stats.rtpBytesSent);
      },
      () => {},
    );
  }

  #count(leg: TransportLeg, watched: Watched, rtpBytes: number): void {
    const now = this.#deps.clock.monotonic();
    // Two looks at the same time may be answered in either order.
    const more = Math.max(0, rtpBytes - watched.rtpBytes);
    if (more > 0) {
      watched.rtpBytes = rtpBytes;
      this.#deps.onRtpBytes(watched.direction, more);
    }
    if (more > 0 || !leg.connected) watched.changedAt = now;
    else if (watched.direction === 'publish' && now - watched.changedAt >= IDLE_MS) leg.fail('rtp');
  }
}
