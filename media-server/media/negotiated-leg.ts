import type { MediaKind } from '../sdp/offered-media.ts';
import { apiName } from './codecs.ts';
import type { Leg, LegFailure, LegMetrics } from './media.ts';
import type { TransportLeg } from './transport-leg.ts';

/** The result of a negotiation, in lower-case codec names. */
type Negotiation = { readonly tracks: readonly { readonly kind: MediaKind; readonly codec: string }[] };

/** The common answer of publications and playbacks: a transport and the answer that was negotiated for it. */
export abstract class NegotiatedLeg implements Leg {
  readonly answer: string;
  readonly audioCodec: string;
  readonly videoCodec: string;
  readonly #leg: TransportLeg;

  constructor(leg: TransportLeg, { tracks }: Negotiation, answer: string) {
    const codecOf = (kind: MediaKind): string => apiName(tracks.find((track) => track.kind === kind)?.codec ?? '');
    this.#leg = leg;
    this.answer = answer;
    this.audioCodec = codecOf('audio');
    this.videoCodec = codecOf('video');
  }

  abstract metrics(): Promise<LegMetrics>;

  iceUfrag(): string {
    return this.#leg.usernameFragment;
  }

  transport(): string {
    return this.#leg.protocol;
  }

  connected(): boolean {
    return this.#leg.connected;
  }

  workerDied(): boolean {
    return this.#leg.seat.worker.died;
  }

  onConnected(run: () => void): void {
    this.#leg.onConnected(run);
  }

  onFailure(run: (cause: LegFailure) => void): void {
    this.#leg.onFailure(run);
  }

  applyFragment(fragment: string): Promise<string | null> {
    return this.#leg.applyFragment(fragment);
  }

  close(): Promise<void> {
    return this.#leg.close();
  }
}
