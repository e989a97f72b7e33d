import type { Producer } from 'mediasoup/types';
import type { MediaKind } from '../sdp/offer.ts';
import type { PublishNegotiation } from '../sdp/publish.ts';
import type { PlayableTrack } from '../sdp/track-match.ts';
import { apiName, negotiableParameters } from './codecs.ts';
import { sumMetrics, type TransportLeg } from './leg.ts';
import type { Layer, LegFailure, LegMetrics, Publication } from './media.ts';
import { Pipes } from './pipes.ts';
import type { Seat } from './workers.ts';

/** Media that comes in: a transport with an audio producer, a video producer, or both. */
export class PublicationLeg implements Publication {
  readonly kind = 'publication';
  readonly answer: string;
  readonly #leg: TransportLeg;
  readonly #producers: ReadonlyMap<MediaKind, Producer>;
  readonly #negotiation: PublishNegotiation;
  /** Where playbacks on other routers get the tracks from. */
  readonly pipes: Pipes;

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
    this.pipes = new Pipes(leg.seat.routers.main);
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

  isRestart(fragment: string): boolean {
    return this.#leg.isRestart(fragment);
  }

  restartIce(fragment: string): Promise<string> {
    return this.#leg.restartIce(fragment);
  }

  async metrics(): Promise<LegMetrics> {
    const stats = await Promise.all([...this.#producers.values()].map((producer) => producer.getStats()));
    return sumMetrics(stats.flat());
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

  close(): Promise<void> {
    return this.#leg.close();
  }

  #codec(kind: MediaKind): string {
    return apiName(this.#negotiation.tracks.find((track) => track.kind === kind)?.codec ?? '');
  }
}
