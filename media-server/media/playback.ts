import type { Consumer } from 'mediasoup/types';
import type { MediaKind } from '../sdp/offer.ts';
import { OfferError } from '../sdp/offer-error.ts';
import type { PlayNegotiation } from '../sdp/play.ts';
import { apiName } from './codecs.ts';
import { sumMetrics, type TransportLeg } from './leg.ts';
import type { LegFailure, LegMetrics, Playback } from './media.ts';
import type { PublicationLeg } from './publication.ts';

/** Media that goes out: a transport with a consumer per track. Consumers start paused and begin when it connects. */
export class PlaybackLeg implements Playback {
  readonly kind = 'playback';
  readonly answer: string;
  readonly #leg: TransportLeg;
  readonly #consumers: readonly Consumer[];
  readonly #negotiation: PlayNegotiation;
  readonly #publication: PublicationLeg;

  constructor(
    leg: TransportLeg,
    consumers: readonly Consumer[],
    negotiation: PlayNegotiation,
    publication: PublicationLeg,
    answer: string,
  ) {
    this.#leg = leg;
    this.#consumers = consumers;
    this.#negotiation = negotiation;
    this.#publication = publication;
    this.answer = answer;
    leg.onConnected(() => this.#begin());
  }

  get audioCodec(): string {
    return this.#codec('audio');
  }

  get videoCodec(): string {
    return this.#codec('video');
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

  addCandidates(fragment: string): void {
    this.#leg.addCandidates(fragment);
  }

  isRestart(fragment: string): boolean {
    return this.#leg.isRestart(fragment);
  }

  restartIce(fragment: string): Promise<string> {
    return this.#leg.restartIce(fragment);
  }

  /** A consumer's statistics list the stream of its producer as well. */
  async metrics(): Promise<LegMetrics> {
    const stats = await Promise.all(this.#consumers.map((consumer) => consumer.getStats()));
    return sumMetrics(stats.flat().filter(({ type }) => type === 'outbound-rtp'));
  }

  async selectLayer(encodingId: string | null): Promise<void> {
    const layers = this.#publication.layers().map((layer) => layer.encodingId);
    const spatialLayer = encodingId === null ? layers.length - 1 : layers.indexOf(encodingId);
    if (spatialLayer < 0) {
      throw new OfferError('layer_unknown', `encodingId: expected one of ${layers.join(', ')}, got "${encodingId}"`);
    }
    const video = this.#consumers.find(({ kind }) => kind === 'video');
    if (layers.length > 1) await video?.setPreferredLayers({ spatialLayer });
  }

  close(): Promise<void> {
    return this.#leg.close();
  }

  /** A consumer that is resumed asks for a key frame, so that the picture is there at once. */
  #begin(): void {
    for (const consumer of this.#consumers) {
      // One that was closed meanwhile belongs to a playback or publication that has ended, which is told otherwise.
      consumer.resume().catch(() => {});
    }
  }

  #codec(kind: MediaKind): string {
    return apiName(this.#negotiation.tracks.find((track) => track.kind === kind)?.codec ?? '');
  }
}
