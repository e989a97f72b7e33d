import type { WebRtcTransport } from 'mediasoup/types';
import type { Clock, Timer } from '../clock.ts';
import type { PublicationLeg } from './publication.ts';

const TICK_MS = 1_000;
/** Each publication is looked at so often, at moments of its own. */
const LOOK_EVERY_MS = 5_000;
/** A publication without RTP for so long holds its name for nothing. */
const IDLE_MS = 30_000;

type Watched = { readonly transport: WebRtcTransport; rtpBytes: number; changedAt: number; lookAt: number };

/** Ends publications that send nothing (`rtp`): one timer for all of them. */
export class RtpWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<PublicationLeg, Watched>();
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(publication: PublicationLeg, transport: WebRtcTransport): void {
    if (transport.closed) return;
    const now = this.#clock.monotonic();
    this.#watched.set(publication, { transport, rtpBytes: 0, changedAt: now, lookAt: now + LOOK_EVERY_MS });
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
      this.#timer = this.#later();
      const now = this.#clock.monotonic();
      for (const [publication, watched] of this.#watched) {
        if (watched.lookAt > now) continue;
        watched.lookAt = now + LOOK_EVERY_MS;
        // A transport that is closing under our hands is not idle, and has left the map.
        this.#look(publication, watched).catch(() => {});
      }
    }, TICK_MS);
  }

  async #look(publication: PublicationLeg, watched: Watched): Promise<void> {
    const [stats] = await watched.transport.getStats();
    if (!stats || watched.transport.closed) return;
    const now = this.#clock.monotonic();
    if (stats.rtpBytesReceived !== watched.rtpBytes || !publication.connected()) {
      watched.rtpBytes = stats.rtpBytesReceived;
      watched.changedAt = now;
    } else if (now - watched.changedAt >= IDLE_MS) {
      publication.fail('rtp');
    }
  }
}
