import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { Numbering } from '../sdp/numbering.ts';
import type { MediaKind } from '../sdp/offered-media.ts';

/**
 * The interface between sessions and mediasoup: what a session may request, and what media reports to a session.
 * The implementation is in this folder, the only one that imports mediasoup.
 */
export type Media = {
  /** Answers a WHIP offer (RFC 9725). Throws `OfferError` for an offer that cannot be answered. */
  publish(request: PublishRequest): Promise<Publication>;
  /** Answers a WHEP offer with the media of a publication. Throws `OfferError`. */
  play(request: PlayRequest): Promise<Playback>;
  /** Sends a publication to another pod. */
  send(request: SendRequest): Promise<Sending>;
  /** Prepares to receive a publication of another pod. */
  receive(holder: PipePeer): Receiving;
  workers(): Promise<WorkerInfo[]>;
  /** Packets that were lost because a worker did not read them in time. */
  receiveDrops(): Promise<number>;
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
  /** The only protocol of the candidates in the answer; absent = UDP and TCP. */
  readonly protocol?: MediaProtocol;
  /** The address in the candidates of the answer; absent = the announced ones. */
  readonly candidateAddress?: string | undefined;
};
export type MediaProtocol = 'udp' | 'tcp';
export type PublishRequest = LegRequest;
export type PlayRequest = LegRequest & { readonly publication: Publication | PipedPublication };

/** The pod at the other end of a pipe. */
export type PipePeer = { readonly uid: string; readonly address: string };

export type SendRequest = {
  readonly publication: Publication;
  readonly to: PipePeer;
  /** Ids of transports of that pod that work and may be shared. */
  readonly shared: readonly string[];
};
/** One end of the transports between two workers: a UDP port, and the SRTP key (RFC 7714) in base64. */
export type PipeEnd = { readonly port: number; readonly key: string };
/** What a pod needs in order to receive a publication. */
export type PipeOffer = {
  /** The id of the transports. */
  readonly transport: string;
  readonly end: PipeEnd;
  readonly tracks: readonly { readonly kind: MediaKind; readonly rtpParameters: Readonly<Record<string, unknown>> }[];
  readonly layers: readonly string[];
};
/** A publication on its way to another pod. */
export type Sending = {
  readonly offer: PipeOffer;
  /** Connects new transports to the other end. */
  connect(end: PipeEnd): Promise<void>;
  close(): void;
};
/** A worker that is to receive a publication. */
export type Receiving = {
  /** For `SendRequest`. */
  readonly shared: readonly string[];
  /** Accepts an offer. The result is this end of new transports; null = the transports are shared and connected. */
  accept(offer: PipeOffer): Promise<PipeEnd | null>;
  /** Waits for the first packet of new transports. Throws `MediaUnavailable` if none arrives. */
  arrived(): Promise<PipedPublication>;
  close(): void;
};
/** A publication of another pod, on a worker of this one. */
export type PipedPublication = {
  readonly kind: 'piped';
  layers(): readonly Layer[];
  /** Number of packets that have arrived. */
  packets(): Promise<number>;
  /** Calls back once when its worker dies. */
  onLost(run: () => void): void;
};

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

/** Ports from `port` to `endPort`, both included. */
export type PortRange = { readonly port: number; readonly endPort: number };

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
  /** UDP ports of pipes between pods. */
  readonly pipePorts: PortRange;
  readonly codecs: readonly string[];
  /** Whether packets of a player leave together, with UDP GSO. Default true. */
  readonly udpGso?: boolean;
  /** What numbers the packets of players. Default: the worker if its binary supports it, else routers. */
  readonly numbering?: Numbering;
  /** A playback uses another worker if that has this many fewer transports than its publication's. Default 50. */
  readonly spreadAt?: number;
};

/** Media temporarily cannot start a leg; the HTTP layer answers 503. */
export class MediaUnavailable extends Error {}
