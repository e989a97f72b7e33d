import type { Consumer } from 'mediasoup/types';
import type { PlayNegotiation } from '../sdp/negotiate-play.ts';
import { OfferError } from '../sdp/offer-error.ts';
import type { LegMetrics, Playback } from './media.ts';
import { NegotiatedLeg } from './negotiated-leg.ts';
import type { Source } from './source.ts';
import { sumMetrics, type TransportLeg } from './transport-leg.ts';

/** Outgoing media: a transport with a consumer per track. Consumers start paused and resume when it connects. */
export class PlaybackLeg extends NegotiatedLeg implements Playback {
  readonly kind = 'playback';
  readonly #consumers: readonly Consumer[];
  readonly #source: Source;

  constructor(
    leg: TransportLeg,
    consumers: readonly Consumer[],
    negotiation: PlayNegotiation,
    source: Source,
    answer: string,
  ) {
    super(leg, negotiation, answer);
    this.#consumers = consumers;
    this.#source = source;
    leg.onConnected(() => this.#begin());
  }

  /** Statistics of a consumer also list the stream of its producer. */
  async metrics(): Promise<LegMetrics> {
    const stats = await Promise.all(this.#consumers.map((consumer) => consumer.getStats()));
    return sumMetrics(stats.flat().filter(({ type }) => type === 'outbound-rtp'));
  }

  async selectLayer(encodingId: string | null): Promise<void> {
    const layers = this.#source.layers().map((layer) => layer.encodingId);
    const spatialLayer = encodingId === null ? layers.length - 1 : layers.indexOf(encodingId);
    if (spatialLayer < 0) {
      throw new OfferError('layer_unknown', `encodingId: must be one of ${layers.join(', ')}, got "${encodingId}"`);
    }
    const video = this.#consumers.find(({ kind }) => kind === 'video');
    if (layers.length > 1) await video?.setPreferredLayers({ spatialLayer });
  }

  /** Resuming a consumer requests a key frame, so that the picture appears at once. */
  #begin(): void {
    for (const consumer of this.#consumers) {
      // A consumer that closed meanwhile belongs to an ended playback or publication, which is reported elsewhere.
      consumer.resume().catch(() => {});
    }
  }
}
