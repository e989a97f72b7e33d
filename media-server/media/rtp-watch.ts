import type { WebRtcTransport } from 'mediasoup/types';
import type { Clock, Timer } from '../clock.ts';
import type { PublicationLeg } from './publication.ts';

const LOOK_EVERY_MS = 5_000;
/** A publication without RTP for so long holds its name for nothing. */
const IDLE_MS = 30_000;

type Watched = { readonly transport: WebRtcTransport; packets: number; changedAt: number };

/** Ends publications that send nothing (`rtp`): one timer for all of them. */
export class RtpWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<PublicationLeg, Watched>();
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(publication: PublicationLeg, transport: WebRtcTransport): void {
    this.#watched.set(publication, { transport, packets: 0, changedAt: this.#clock.monotonic() });
    transport.observer.once('close', () => this.#remove(publication));
    this.#timer ??= this.#later();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#watched.clear();
  }

  #remove(publication: PublicationLeg): void {
    this.#watched.delete(publication);
    if (this.#watched.size === 0) this.close();
  }

  #later(): Timer {
    return this.#clock.setTimeout(() => {
      this.#timer = null;
      void this.#look().finally(() => {
        if (this.#watched.size > 0) this.#timer ??= this.#later();
      });
    }, LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    await Promise.all([...this.#watched].map(([publication, watched]) => this.#check(publication, watched)));
  }

  async #check(publication: PublicationLeg, watched: Watched): Promise<void> {
    // A transport that is closing under our hands is not idle, and has left the map.
    const metrics = await publication.metrics().catch(() => null);
    if (!metrics || watched.transport.closed) return;
    const now = this.#clock.monotonic();
    if (metrics.packets !== watched.packets || !publication.connected()) {
      watched.packets = metrics.packets;
      watched.changedAt = now;
    } else if (now - watched.changedAt >= IDLE_MS) {
      publication.fail('rtp');
    }
  }
}
