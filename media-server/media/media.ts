import type { EndCause } from '../../crds/schema/stream.ts';
import type { Numbering } from '../sdp/numbering.ts';

/**
 * The seam between sessions and mediasoup: what a session may ask of media, and what media may tell a session.
 * Everything behind it lives in this folder, the only one that imports mediasoup.
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
  /** Subset of the server's codecs that the app allows. Among these the client's order of preference counts. */
  readonly codecs: readonly string[];
  /** Incoming (publish) or outgoing (play) limit, bits per second; 0 = none. */
  readonly maxBitrate: number;
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
};
export type PublishRequest = LegRequest;
export type PlayRequest = LegRequest & { readonly publication: Publication };

/** One WebRTC transport with its producers or consumers. */
export type Leg = {
  readonly answer: string;
  /** Negotiated codec names, empty when there is no such track. */
  readonly audioCodec: string;
  readonly videoCodec: string;
  readonly iceUfrag: () => string;
  /** `UDP` or `TCP` once ICE has chosen, else empty. */
  transport(): string;
  /** True once DTLS is connected. */
  connected(): boolean;
  /** True when the worker that carried it has died. */
  workerDied(): boolean;
  /** Called once, when ICE and DTLS are up. */
  onConnected(run: () => void): void;
  /** Called at most once, never after `close()`: 15 s without connection or, once connected, without
   * anything from the client (`ice`, found within half a minute), DTLS failure (`dtls`), no RTP for 30 s (`rtp`), dead worker (`worker_died`), or the client closed its connection (`disconnect`).
   */
  onFailure(run: (cause: LegFailure) => void): void;
  /**
   * Takes what a client sends by PATCH. New credentials restart ICE (RFC 9725 §4.3.3): resolves to the server's own
   * fragment. Anything else is trickle, which mediasoup as ICE-lite has no use for: null. Throws `OfferError`.
   */
  applyFragment(fragment: string): Promise<string | null>;
  metrics(): Promise<LegMetrics>;
  /**
   * Closes the transport: the client gets a DTLS close alert. Idempotent. Resolves when the worker has done it, when the
   * worker is dead, or after 2 s. The JavaScript side is closed synchronously, before the first await.
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
  /** Chooses the highest layer to be sent, `null` = best that the bandwidth allows. Throws `OfferError` for an unknown layer. */
  selectLayer(encodingId: string | null): Promise<void>;
};
export type Layer = { readonly encodingId: string };

/** What a leg has carried since it started. */
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
  /** The worker's executable, null = the one that mediasoup has downloaded. */
  readonly workerBin: string | null;
  readonly workers: number;
  /** Address to bind, `::` for all of both families. */
  readonly listenAddress: string;
  /** Addresses in ICE candidates: one literal IP of each family, or a host name. */
  readonly announcedAddresses: readonly string[];
  /** Worker n listens on `port + n`, UDP and TCP. */
  readonly port: number;
  readonly codecs: readonly string[];
  /** Who numbers the packets of players. Default: the worker if its binary can, else routers. */
  readonly numbering?: Numbering;
  /** A playback goes to another worker when its publication's has this many more transports than that. Default 50. */
  readonly spreadAt?: number;
};

/** Media cannot start a leg right now and will be able to in a moment: 503 at the HTTP edge. */
export class MediaUnavailable extends Error {}
