import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { Numbering } from '../sdp/numbering.ts';

/**
 * The interface between sessions and mediasoup: what a session may request, and what media reports to a session.
 * The implementation is in this folder, the only one that imports mediasoup.
 */
export type Media = {
  /** Answers a WHIP offer (RFC 9725). Throws `OfferError` for an offer that cannot be answered. */
  publish(request: PublishRequest): Promise<Publication>;
  /** Answers a WHEP offer with the media of a publication. Throws `OfferError`. */
  play(request: PlayRequest): Promise<Playback>;
  workers(): Promise<WorkerInfo[]>;
  close(): Promise<void>;
};

/** Why media ends a leg by itself. */
export type LegFailure = Extract<EndCause, 'ice' | 'dtls' | 'rtp' | 'worker_died' | 'disconnect'>;

export type LegRequest = {
  /** Stream id, for logs and for mediasoup's `appData`. */
  readonly id: string;
  readonly offer: string;
  /** Subset of the server's codecs that the app allows. Within it, the client's order of preference decides. */
  readonly codecs: readonly string[];
  /** Incoming (publish) or outgoing (play) limit in bits per second; 0 = none. */
  readonly maxBitrate: number;
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
};
export type PublishRequest = LegRequest;
export type PlayRequest = LegRequest & { readonly publication: Publication };

/** One WebRTC transport with its producers or consumers. */
export type Leg = {
  readonly answer: string;
  /** Negotiated codec names; empty without such a track. */
  readonly audioCodec: string;
  readonly videoCodec: string;
  readonly iceUfrag: () => string;
  /** `UDP` or `TCP` once ICE has selected a candidate pair, empty before. */
  transport(): string;
  /** True once DTLS is connected. */
  connected(): boolean;
  /** True when its worker has died. */
  workerDied(): boolean;
  /** Calls back once, when ICE and DTLS are up. */
  onConnected(run: () => void): void;
  /**
   * Calls back at most once, never after `close()`: not connected after 15 s or, once connected, 15 s without any
   * packet from the client (`ice`, detected within half a minute), DTLS failure (`dtls`), no RTP for 30 s (`rtp`), dead
   * worker (`worker_died`), or the client closed its connection (`disconnect`).
   */
  onFailure(run: (cause: LegFailure) => void): void;
  /**
   * Handles the body of a PATCH. New credentials restart ICE (RFC 9725 §4.3.3), and the result is the server's
   * fragment. Anything else is trickle ICE, which mediasoup does not need as ICE-lite; the result is null. Throws
   * `OfferError`.
   */
  applyFragment(fragment: string): Promise<string | null>;
  metrics(): Promise<LegMetrics>;
  /**
   * Closes the transport and sends the client a DTLS close alert. Idempotent. Resolves when the worker has closed it,
   * when the worker is dead, or after 2 s. The JavaScript side is closed synchronously, before the first await.
   */
  close(): Promise<void>;
};
export type Publication = Leg & {
  readonly kind: 'publication';
  /** Simulcast layers of the video track, lowest first; one entry without simulcast, none without video. */
  layers(): readonly Layer[];
};
export type Playback = Leg & {
  readonly kind: 'playback';
  /** Selects the highest layer to send; `null` = as bandwidth allows. Throws `OfferError` for an unknown layer. */
  selectLayer(encodingId: string | null): Promise<void>;
};
export type Layer = { readonly encodingId: string };

/** Statistics of a leg since it started. */
export type LegMetrics = {
  readonly bytes: number;
  readonly packets: number;
  readonly packetsLost: number;
  /** bits per second, over the last seconds */
  readonly bitrate: number;
  /** Round-trip time in milliseconds, 0 = unknown. */
  readonly rttMs: number;
};

export type WorkerInfo = {
  readonly index: number;
  readonly pid: number;
  readonly legs: number;
  readonly cpuSeconds: number;
};

export type MediaOptions = {
  /** The worker's executable; null = the one that mediasoup downloaded. */
  readonly workerBin: string | null;
  readonly workers: number;
  /** Address to bind; `::` = all addresses of both families. */
  readonly listenAddress: string;
  /** Addresses in ICE candidates: one literal IP of each family, or a host name. */
  readonly announcedAddresses: readonly string[];
  /** Worker n listens on `port + n`, UDP and TCP. */
  readonly port: number;
  readonly codecs: readonly string[];
  /** What numbers the packets of players. Default: the worker if its binary supports it, else routers. */
  readonly numbering?: Numbering;
  /** A playback uses another worker if that has this many fewer transports than its publication's. Default 50. */
  readonly spreadAt?: number;
};

/** Media temporarily cannot start a leg; the HTTP layer answers 503. */
export class MediaUnavailable extends Error {}
