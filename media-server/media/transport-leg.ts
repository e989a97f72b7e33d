import type { DtlsState, IceState, RtpStreamRecvStats, RtpStreamSendStats, WebRtcTransport } from 'mediasoup/types';
import type { Clock, Timer } from '../../process/clock.ts';
import type { ServerCandidate, ServerTransport } from '../sdp/answer.ts';
import { candidatesAt } from '../sdp/candidates.ts';
import type { IceCredentials, Offer } from '../sdp/offer.ts';
import { OfferError } from '../sdp/offer-error.ts';
import { newCredentials, parseFragment, writeFragment } from '../sdp/trickle.ts';
import type { LegFailure, LegMetrics, LegRequest } from './media.ts';
import type { RouterLease } from './routers.ts';
import type { Seat, Workers } from './workers.ts';

/** A transport that is not connected after this time never connects. */
const CONNECT_MS = 15_000;

/** Bits per second at which simulcast starts before the bandwidth is known; mediasoup's 600000 shows a thumbnail. */
const INITIAL_OUTGOING_BITRATE = 1_500_000;

type Opening = {
  readonly seat: Seat;
  readonly lease: RouterLease;
  readonly offer: Offer;
  readonly request: Pick<LegRequest, 'candidateAddress' | 'id' | 'protocol'>;
};

export type LegDeps = { readonly workers: Workers; readonly clock: Clock };

/** The common part of publications and playbacks: one WebRTC transport, from the offer to the close. */
export class TransportLeg {
  readonly transport: WebRtcTransport;
  readonly seat: Seat;
  readonly #deps: LegDeps;
  readonly #offer: Offer;
  readonly #candidateAddress: string | undefined;
  readonly #connectTimer: Timer;
  #clientIce: IceCredentials;
  #connected = false;
  #failed = false;
  readonly #onConnected: (() => void)[] = [];
  #onFailure: ((cause: LegFailure) => void) | null = null;
  #onClosing: (() => void) | null = null;
  #pendingFailure: LegFailure | null = null;
  #closing: Promise<void> | null = null;

  private constructor(transport: WebRtcTransport, { offer, request, seat }: Opening, deps: LegDeps) {
    this.transport = transport;
    this.seat = seat;
    this.#offer = offer;
    this.#candidateAddress = request.candidateAddress;
    this.#clientIce = offer.ice;
    this.#deps = deps;
    this.#connectTimer = deps.clock.setTimeout(() => this.fail('ice'), CONNECT_MS);
    transport.on('icestatechange', (state) => this.#iceChanged(state));
    transport.on('dtlsstatechange', (state) => this.#dtlsChanged(state));
    transport.on('routerclose', () => this.#workerClosed());
    transport.on('listenserverclose', () => this.#workerClosed());
  }

  /** Opens a transport, which must be connected. Releases the lease at the end. */
  static async open(opening: Opening, deps: LegDeps): Promise<TransportLeg> {
    const { lease, request, seat } = opening;
    const { id, protocol } = request;
    // Count before the first await, so that simultaneous requests spread over the workers.
    seat.legs++;
    seat.toldErrors.clear();
    const leave = (): void => {
      seat.legs--;
      lease.release();
    };
    const transport = await lease.router
      .createWebRtcTransport({
        webRtcServer: seat.webRtcServer,
        enableUdp: protocol !== 'tcp',
        enableTcp: protocol !== 'udp',
        preferUdp: true,
        initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE,
        // Off: transport-watch.ts detects a client that is gone by all its packets, not by consent checks alone.
        iceConsentTimeout: 0,
        appData: { id },
      })
      .catch((error: unknown) => {
        leave();
        throw error;
      });
    transport.observer.once('close', leave);
    return new TransportLeg(transport, opening, deps);
  }

  /** Gives the worker the client's DTLS parameters; ICE-lite needs nothing else. */
  async connect(): Promise<void> {
    const role = this.#offer.setup === 'passive' ? 'server' : 'client';
    await this.transport.connect({ dtlsParameters: { role, fingerprints: [fingerprintOf(this.#offer)] } });
  }

  /** The server's parameters for the answer. */
  get server(): ServerTransport {
    const { dtlsParameters, iceParameters } = this.transport;
    const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
    if (!fingerprint) throw new Error('mediasoup returned no SHA-256 fingerprint');
    return { sessionId: this.#deps.clock.now(), ice: iceParameters, candidates: this.#candidates, fingerprint };
  }

  get #candidates(): ServerTransport['candidates'] {
    const { iceCandidates } = this.transport;
    return this.#candidateAddress === undefined ? iceCandidates : candidatesAt(this.#candidateAddress, iceCandidates);
  }

  get usernameFragment(): string {
    return this.transport.iceParameters.usernameFragment;
  }

  get protocol(): string {
    return this.transport.iceSelectedTuple?.protocol.toUpperCase() ?? '';
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Runs at once if the leg is already connected. */
  onConnected(run: () => void): void {
    if (this.#connected) run();
    else if (!this.#closing) this.#onConnected.push(run);
  }

  onFailure(run: (cause: LegFailure) => void): void {
    this.#onFailure = run;
    if (this.#pendingFailure) run(this.#pendingFailure);
  }

  async applyFragment(text: string): Promise<string | null> {
    const ice = newCredentials(parseFragment(text), this.#clientIce);
    if (!ice) return null;
    const before = this.#clientIce;
    // Set before the await: candidates that arrive meanwhile belong to this restart.
    this.#clientIce = ice;
    const serverIce = await this.transport.restartIce().catch((error: unknown) => {
      // The client tries again with the same credentials, which must then be new again.
      if (this.#clientIce === ice) this.#clientIce = before;
      throw error;
    });
    const { kind, mid } = this.#offer.tagged;
    return writeFragment({
      ice: serverIce,
      media: { kind: kind ?? 'audio', mid },
      candidates: this.#candidates.map(candidateValue),
    });
  }

  /** Runs when this side closes the leg, before the worker is told. */
  onClosing(run: () => void): void {
    this.#onClosing = run;
  }

  fail(cause: LegFailure): void {
    if (this.#failed || this.#closing) return;
    this.#failed = true;
    this.#pendingFailure = cause;
    this.#onFailure?.(cause);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#connectTimer.cancel();
    this.#onConnected.length = 0;
    this.#onFailure = null;
    if (this.transport.closed) return;
    this.#onClosing?.();
    this.transport.close();
    await this.#deps.workers.barrier(this.seat.worker);
  }

  /** A worker that the media server closes itself is not a failure. */
  #workerClosed(): void {
    if (this.seat.worker.died) this.fail('worker_died');
  }

  #iceChanged(state: IceState): void {
    if (state === 'disconnected' || state === 'closed') this.fail('ice');
  }

  #dtlsChanged(state: DtlsState): void {
    if (state === 'failed') this.fail('dtls');
    if (state === 'closed') this.fail('disconnect');
    if (state !== 'connected' || this.#connected) return;
    this.#connected = true;
    this.#connectTimer.cancel();
    for (const run of this.#onConnected.splice(0)) run();
  }
}

/** Sums the statistics of the streams of a leg. */
export function sumMetrics(stats: readonly (RtpStreamRecvStats | RtpStreamSendStats)[]): LegMetrics {
  const sum = (read: (stat: RtpStreamRecvStats | RtpStreamSendStats) => number): number =>
    stats.reduce((total, stat) => total + read(stat), 0);
  return {
    bytes: sum((stat) => stat.byteCount),
    packets: sum((stat) => stat.packetCount),
    packetsLost: sum((stat) => stat.packetsLost),
    bitrate: sum((stat) => stat.bitrate),
    rttMs: Math.max(0, ...stats.map((stat) => stat.roundTripTime ?? 0)),
  };
}

function candidateValue(candidate: ServerCandidate): string {
  const { address, foundation, port, priority, protocol, tcpType, type } = candidate;
  const tcp = tcpType ? ` tcptype ${tcpType}` : '';
  return `${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}${tcp}`;
}

function fingerprintOf({ fingerprint }: Offer) {
  switch (fingerprint.algorithm) {
    case 'sha-1':
    case 'sha-224':
    case 'sha-256':
    case 'sha-384':
    case 'sha-512':
      return { algorithm: fingerprint.algorithm, value: fingerprint.value } as const;
    default:
      throw new OfferError('offer_unsupported', `a=fingerprint uses ${fingerprint.algorithm}, which is not supported`);
  }
}
