import type { Producer, RtpParameters } from 'mediasoup/types';
import { type Clock, sleep } from '../../process/clock.ts';
import type { PlayableTrack } from '../sdp/track-match.ts';
import {
  type Layer,
  MediaUnavailable,
  type PipedPublication,
  type PipeEnd,
  type PipeOffer,
  type PipePeer,
  type PortRange,
  type Receiving,
} from './media.ts';
import type { PipeTransportLease, PipeTransports } from './pipe-transports.ts';
import { Pipes } from './pipes.ts';
import { playableTracks, type Source } from './source.ts';
import { sumMetrics } from './transport-leg.ts';
import type { Seat } from './workers.ts';

/** A live publication sends packets all the time. */
const ARRIVES_MS = 3_000;
const LOOK_EVERY_MS = 20;
const NEVER = new AbortController().signal;

export type ReceiverDeps = {
  readonly transports: PipeTransports;
  readonly clock: Clock;
  readonly pipePorts: PortRange;
};

/** Receives one publication of another pod on a worker. */
export class Receiver implements Receiving {
  readonly shared: readonly string[];
  readonly #seat: Seat;
  readonly #holder: PipePeer;
  readonly #deps: ReceiverDeps;
  readonly #leases: PipeTransportLease[];
  readonly #producers: Producer[] = [];
  #layers: readonly string[] = [];

  constructor(seat: Seat, holder: PipePeer, deps: ReceiverDeps) {
    this.#seat = seat;
    this.#holder = holder;
    this.#deps = deps;
    // In use until the holder has chosen, so that none of them is closed meanwhile.
    this.#leases = deps.transports.between(seat, holder);
    this.shared = this.#leases.map(({ end }) => end.id);
  }

  async accept({ end, layers, tracks, transport: id }: PipeOffer): Promise<PipeEnd | null> {
    const { transports } = this.#deps;
    const shared = transports.share(this.#seat, [id]);
    const lease = shared ?? (await transports.open(this.#seat, this.#holder, id));
    for (const other of this.#leases.splice(0, this.#leases.length, lease)) other.release();
    if (!shared) await lease.end.connect(end);
    for (const { kind, rtpParameters } of tracks) {
      this.#producers.push(await lease.end.transport.produce({ kind, rtpParameters: rtpParameters as RtpParameters }));
    }
    this.#layers = layers;
    return shared ? null : lease.end.own;
  }

  async arrived(): Promise<PipedPublication> {
    const [lease] = this.#leases;
    if (!lease) throw new Error('no offer has been accepted');
    const { clock, pipePorts } = this.#deps;
    const until = clock.monotonic() + ARRIVES_MS;
    while (!lease.end.isProven) {
      const [stats] = await lease.end.transport.getStats();
      lease.end.isProven = (stats?.rtpBytesReceived ?? 0) > 0;
      if (lease.end.isProven) break;
      if (clock.monotonic() >= until) {
        const ports = `UDP ports ${pipePorts.port} to ${pipePorts.endPort}`;
        throw new MediaUnavailable(`no packets arrive from the other pod; ${ports} must be open between pods`);
      }
      await sleep(clock, LOOK_EVERY_MS, NEVER);
    }
    return new PipedSource(this.#seat, this.#producers, this.#layers);
  }

  close(): void {
    for (const producer of this.#producers) producer.close();
    for (const lease of this.#leases.splice(0)) lease.release();
  }
}

/** A publication of another pod, as playbacks consume it. */
export class PipedSource implements PipedPublication, Source {
  readonly kind = 'piped';
  readonly seat: Seat;
  readonly pipes: Pipes;
  readonly #producers: readonly Producer[];
  readonly #playable: readonly PlayableTrack[];
  readonly #layers: readonly string[];

  constructor(seat: Seat, producers: readonly Producer[], layers: readonly string[]) {
    this.seat = seat;
    this.pipes = new Pipes(seat.routers.main);
    this.#producers = producers;
    this.#playable = playableTracks(producers);
    this.#layers = layers;
  }

  playable(): readonly PlayableTrack[] {
    return this.#playable;
  }

  layers(): readonly Layer[] {
    return this.#layers.map((encodingId) => ({ encodingId }));
  }

  async packets(): Promise<number> {
    const stats = await Promise.all(this.#producers.map((producer) => producer.getStats()));
    return sumMetrics(stats.flat()).packets;
  }

  onLost(run: () => void): void {
    const { worker } = this.seat;
    if (worker.died) run();
    else for (const producer of this.#producers.slice(0, 1)) producer.on('transportclose', () => worker.died && run());
  }
}
