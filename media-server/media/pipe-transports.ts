import { randomUUID } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { PipeTransport } from 'mediasoup/types';
import { ANY, ANY_IPV4 } from '../../process/addresses.ts';
import { type MediaOptions, MediaUnavailable, type PipeEnd, type PipePeer } from './media.ts';
import type { Seat } from './workers.ts';

const CRYPTO_SUITE = 'AEAD_AES_256_GCM';

/** One end of the transports between a worker of this pod and one of another pod. */
export type PipeTransportEnd = {
  readonly id: string;
  readonly seat: Seat;
  readonly transport: PipeTransport;
  readonly own: PipeEnd;
  /** True once packets of the other pod have arrived. */
  isProven: boolean;
  /** Connects it to the other end. */
  connect(end: PipeEnd): Promise<void>;
};
/** A transport in use. Call `release` once. */
export type PipeTransportLease = { readonly end: PipeTransportEnd; release(): void };

type Used = { readonly end: PipeTransportEnd; readonly peer: string; users: number };

/**
 * The transports to workers of other pods (RTP over UDP with SRTP and retransmission). Publications share them; each is
 * closed after its last use.
 */
export class PipeTransports {
  readonly #options: Pick<MediaOptions, 'listenAddress' | 'pipePorts'>;
  readonly #used = new Map<string, Used>();

  constructor(options: Pick<MediaOptions, 'listenAddress' | 'pipePorts'>) {
    this.#options = options;
  }

  /** Opens a transport. Throws `MediaUnavailable` if all ports are in use. */
  async open(seat: Seat, peer: PipePeer, id: string = randomUUID()): Promise<PipeTransportLease> {
    const { endPort, port } = this.#options.pipePorts;
    const listenInfo = { protocol: 'udp', ip: this.#ipFor(peer), portRange: { min: port, max: endPort } } as const;
    const transport = await seat.routers.main
      .createPipeTransport({ listenInfo, enableRtx: true, enableSrtp: true })
      .catch((error: unknown) => {
        if (seat.worker.died) throw new MediaUnavailable('a mediasoup worker died', { cause: error });
        const message = `a pipe to another pod needs a free UDP port from ${port} to ${endPort} (spec.media.pipePorts)`;
        throw new MediaUnavailable(message, { cause: error });
      });
    const { srtpParameters, tuple } = transport;
    if (!srtpParameters) throw new Error('mediasoup returned no SRTP parameters');
    const end: PipeTransportEnd = {
      id,
      seat,
      transport,
      own: { port: tuple.localPort, key: srtpParameters.keyBase64 },
      isProven: false,
      connect: ({ key, port }) =>
        transport.connect({
          ip: peer.address,
          port,
          srtpParameters: { cryptoSuite: CRYPTO_SUITE, keyBase64: key },
        }),
    };
    const used = { end, peer: peer.uid, users: 0 };
    this.#used.set(id, used);
    transport.observer.once('close', () => this.#used.delete(id));
    return this.#lease(used);
  }

  /** The transport of a worker with one of these ids. */
  share(seat: Seat, ids: readonly string[]): PipeTransportLease | null {
    const used = ids.flatMap((id) => this.#used.get(id) ?? []).find(({ end }) => end.seat === seat);
    return used ? this.#lease(used) : null;
  }

  /** The transports between a worker and a pod. */
  between(seat: Seat, { uid }: PipePeer): PipeTransportLease[] {
    return [...this.#used.values()]
      .filter(({ end, peer }) => end.seat === seat && peer === uid)
      .map((used) => this.#lease(used));
  }

  #lease(used: Used): PipeTransportLease {
    used.users++;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      used.users--;
      if (used.users === 0) used.end.transport.close();
    };
    return { end: used.end, release };
  }

  /** mediasoup binds one family. */
  #ipFor({ address }: PipePeer): string {
    const { listenAddress } = this.#options;
    if (listenAddress !== ANY) return listenAddress;
    return isIPv6(address) ? ANY : ANY_IPV4;
  }
}
