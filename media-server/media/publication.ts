import type { Producer } from 'mediasoup/types';
import type { MediaKind } from '../sdp/offer.ts';
import type { PublishNegotiation } from '../sdp/publish.ts';
import type { PlayableTrack } from '../sdp/play.ts';
import { negotiableParameters } from './codecs.ts';
import type { TransportLeg } from './leg.ts';
import type { Layer, LegFailure, LegMetrics, Publication } from './media.ts';
import type { Seat } from './workers.ts';

/** Media that comes in: a transport with an audio producer, a video producer, or both. */
export class PublicationLeg implements Publication {
  readonly kind = 'publication';
  readonly answer: string;
  readonly #leg: TransportLeg;
  readonly #producers: ReadonlyMap<MediaKind, Producer>;
  readonly #negotiation: PublishNegotiation;
  /** Pipes to other workers, made for the first playback there. */
  readonly #pipes = new Map<Seat, Promise<void>>();

  constructor(
    leg: TransportLeg,
    producers: ReadonlyMap<MediaKind, Producer>,
    negotiation: PublishNegotiation,
    answer: string,
  ) {
    this.#leg = leg;
    this.#producers = producers;
    this.#negotiation = negotiation;
    this.answer = answer;
  }

  get audioCodec(): string {
    return this.#codec('audio');
  }

  get videoCodec(): string {
    return this.#codec('video');
  }

  get seat(): Seat {
    return this.#leg.seat;
  }

  iceUfrag(): string {
    return this.#leg.usernameFragment;
  }

  transport(): string {
    return this.#leg.protocol;
  }

  connected(): boolean {
    return this.#leg.connected;
  }

  onConnected(run: () => void): void {
    this.#leg.onConnected(run);
  }

  onFailure(run: (cause: LegFailure) => void): void {
    this.#leg.onFailure(run);
  }

  fail(cause: LegFailure): void {
    this.#leg.fail(cause);
  }

  addCandidates(fragment: string): void {
    this.#leg.addCandidates(fragment);
  }

  restartIce(fragment: string): Promise<string> {
    return this.#leg.restartIce(fragment);
  }

  metrics(): Promise<LegMetrics> {
    return this.#leg.metrics([...this.#producers.values()]);
  }

  layers(): readonly Layer[] {
    const video = this.#negotiation.tracks.find(({ kind }) => kind === 'video');
    if (!video) return [];
    return video.layers.length > 0 ? video.layers.map((encodingId) => ({ encodingId })) : [{ encodingId: 'default' }];
  }

  /** The tracks as a player may have them. */
  playable(): PlayableTrack[] {
    return [...this.#producers].map(([kind, producer]) => ({
      id: producer.id,
      kind,
      rtpParameters: negotiableParameters(producer.consumableRtpParameters),
    }));
  }

  /** Makes the tracks available on another worker; the pipe goes with the producers. */
  pipeTo(seat: Seat): Promise<void> {
    if (seat === this.#leg.seat) return Promise.resolve();
    const made = this.#pipes.get(seat);
    if (made) return made;
    const pipe = this.#pipe(seat);
    this.#pipes.set(seat, pipe);
    // A failed pipe is tried again by the next playback.
    pipe.catch(() => this.#pipes.delete(seat));
    return pipe;
  }

  close(): Promise<void> {
    return this.#leg.close();
  }

  async #pipe(seat: Seat): Promise<void> {
    for (const { id } of this.#producers.values()) {
      await this.#leg.seat.router.pipeToRouter({ producerId: id, router: seat.router });
    }
  }

  #codec(kind: MediaKind): string {
    return this.#negotiation.tracks.find((track) => track.kind === kind)?.codec ?? '';
  }
}
