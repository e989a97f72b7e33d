import type { Consumer, DtlsState, IceState, Producer, WebRtcTransport } from 'mediasoup/types';
import type { Clock, Timer } from '../clock.ts';
import type { Offer } from '../sdp/offer.ts';
import type { ServerTransport } from '../sdp/answer.ts';
import { OfferError } from '../sdp/offer-error.ts';
import { parseFragment, writeFragment } from '../sdp/trickle.ts';
import type { LegFailure, LegMetrics } from './media.ts';
import type { Seat, Workers } from './workers.ts';

/** A transport that has not connected by then never will. */
const CONNECT_MS = 15_000;
/** Seconds without ICE consent (RFC 7675) after which a client counts as gone. */
const CONSENT_SECONDS = 15;

export type LegDeps = { readonly workers: Workers; readonly clock: Clock };

/** What publications and playbacks have in common: one WebRTC transport, from the offer to the close. */
export class TransportLeg {
  readonly transport: WebRtcTransport;
  readonly seat: Seat;
  readonly #deps: LegDeps;
  readonly #offer: Offer;
  readonly #connectTimer: Timer;
  #connected = false;
  #failed = false;
  #onConnected: (() => void) | null = null;
  #onFailure: ((cause: LegFailure) => void) | null = null;
  #pendingFailure: LegFailure | null = null;
  #closing: Promise<void> | null = null;

  private constructor(transport: WebRtcTransport, seat: Seat, offer: Offer, deps: LegDeps) {
    this.transport = transport;
    this.seat = seat;
    this.#offer = offer;
    this.#deps = deps;
    this.#connectTimer = deps.clock.setTimeout(() => this.fail('ice'), CONNECT_MS);
    seat.legs++;
    transport.on('icestatechange', (state) => this.#iceChanged(state));
    transport.on('dtlsstatechange', (state) => this.#dtlsChanged(state));
    transport.on('routerclose', () => this.fail('worker_died'));
    transport.observer.once('close', () => {
      seat.legs--;
    });
  }

  /** Opens a transport and hands it the client's DTLS parameters; ICE-lite needs nothing more. */
  static async open(seat: Seat, id: string, offer: Offer, deps: LegDeps): Promise<TransportLeg> {
    const transport = await seat.router.createWebRtcTransport({
      webRtcServer: seat.webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      iceConsentTimeout: CONSENT_SECONDS,
      appData: { id },
    });
    const leg = new TransportLeg(transport, seat, offer, deps);
    try {
      const role = offer.setup === 'passive' ? 'server' : 'client';
      await transport.connect({ dtlsParameters: { role, fingerprints: [fingerprintOf(offer)] } });
      return leg;
    } catch (error) {
      await leg.close();
      throw error;
    }
  }

  /** The server's side for the answer. */
  get server(): ServerTransport {
    const { dtlsParameters, iceCandidates, iceParameters } = this.transport;
    const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
    if (!fingerprint) throw new Error('mediasoup has given no SHA-256 fingerprint');
    return { ice: iceParameters, candidates: iceCandidates, fingerprint };
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

  onConnected(run: () => void): void {
    if (this.#connected) run();
    else this.#onConnected = run;
  }

  onFailure(run: (cause: LegFailure) => void): void {
    this.#onFailure = run;
    if (this.#pendingFailure) run(this.#pendingFailure);
  }

  /** mediasoup is ICE-lite and learns a client's address from its checks: the fragment is checked and not needed. */
  addCandidates(text: string): void {
    parseFragment(text);
  }

  async restartIce(text: string): Promise<string> {
    parseFragment(text);
    const ice = await this.transport.restartIce();
    const candidates = this.transport.iceCandidates.map(
      ({ address, foundation, port, priority, protocol, tcpType, type }) =>
        `${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}${tcpType ? ` tcptype ${tcpType}` : ''}`,
    );
    return writeFragment(this.#offer.media.map(({ mid }) => mid), ice, candidates);
  }

  async metrics(tracks: readonly (Producer | Consumer)[]): Promise<LegMetrics> {
    const stats = (await Promise.all(tracks.map((track) => track.getStats()))).flat();
    const own = stats.filter(({ type }) => type === 'inbound-rtp' || type === 'outbound-rtp');
    const sum = (read: (stat: (typeof own)[number]) => number | undefined): number =>
      own.reduce((total, stat) => total + (read(stat) ?? 0), 0);
    return {
      bytes: sum((stat) => stat.byteCount),
      packets: sum((stat) => stat.packetCount),
      packetsLost: sum((stat) => stat.packetsLost),
      bitrate: sum((stat) => stat.bitrate),
      rttMs: Math.max(0, ...own.map((stat) => stat.roundTripTime ?? 0)),
    };
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
    this.#onConnected = null;
    this.#onFailure = null;
    if (this.transport.closed) return;
    this.transport.close();
    await this.#deps.workers.barrier(this.seat.worker);
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
    this.#onConnected?.();
    this.#onConnected = null;
  }
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
      throw new OfferError('offer_unsupported', `a=fingerprint uses ${fingerprint.algorithm}`);
  }
}
