import type { Producer } from 'mediasoup/types';
import type { PublishNegotiation } from '../sdp/negotiate-publish.ts';
import type { MediaKind } from '../sdp/offered-media.ts';
import type { PlayableTrack } from '../sdp/track-match.ts';
import type { Layer, LegMetrics, Publication } from './media.ts';
import { NegotiatedLeg } from './negotiated-leg.ts';
import { Pipes } from './pipes.ts';
import { playableTracks, type Source } from './source.ts';
import { sumMetrics, type TransportLeg } from './transport-leg.ts';
import type { Seat } from './workers.ts';

/** Incoming media: a transport with an audio producer, a video producer, or both. */
export class PublicationLeg extends NegotiatedLeg implements Publication, Source {
  readonly kind = 'publication';
  readonly seat: Seat;
  /** Pipes to the routers of playbacks. */
  readonly pipes: Pipes;
  readonly #producers: ReadonlyMap<MediaKind, Producer>;
  readonly #negotiation: PublishNegotiation;
  readonly #playable: readonly PlayableTrack[];

  constructor(
    leg: TransportLeg,
    producers: ReadonlyMap<MediaKind, Producer>,
    negotiation: PublishNegotiation,
    answer: string,
  ) {
    super(leg, negotiation, answer);
    this.seat = leg.seat;
    this.pipes = new Pipes(leg.seat.routers.main);
    this.#producers = producers;
    this.#negotiation = negotiation;
    // mediasoup copies the parameters for each reader.
    this.#playable = playableTracks(producers.values());
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

  playable(): readonly PlayableTrack[] {
    return this.#playable;
  }
}
