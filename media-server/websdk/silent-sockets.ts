/** Shares of the sockets of a pod that may be silent at the same time: in all, and of the clients of one network. */
const ALL = 1 / 4;
const ONE_NETWORK = 1 / 16;
/** Pages that are opened together send their first message within a round trip. */
const LEAST = 16;
/** Sockets of a pod that has no limit. */
const UNLIMITED = 5_000;

/** Counts the sockets that have not sent `connection` yet. They cost a client nothing but a TCP connection each. */
export class SilentSockets {
  readonly #mostSockets: () => number;
  readonly #byNetwork = new Map<string, number>();
  #all = 0;

  /** `mostSockets` are those that the pod may have, 0 = no limit. */
  constructor(mostSockets: () => number) {
    this.#mostSockets = mostSockets;
  }

  /** Whether one more socket of this client would be one too many. */
  isFull(address: string): boolean {
    const sockets = this.#mostSockets() || UNLIMITED;
    const most = (share: number): number => Math.max(LEAST, Math.floor(sockets * share));
    return this.#all >= most(ALL) || this.#of(networkOf(address)) >= most(ONE_NETWORK);
  }

  /** Counts a socket until the returned function is called, once. */
  enter(address: string): () => void {
    const network = networkOf(address);
    this.#all += 1;
    this.#byNetwork.set(network, this.#of(network) + 1);
    return () => {
      this.#all -= 1;
      const left = this.#of(network) - 1;
      if (left > 0) this.#byNetwork.set(network, left);
      else this.#byNetwork.delete(network);
    };
  }

  #of(network: string): number {
    return this.#byNetwork.get(network) ?? 0;
  }
}

const GROUPS = 8;
/** Groups of the network part of an address: a client has a /64 of its own (RFC 6177). */
const NETWORK_GROUPS = 4;

/** The network of a client: its address, of IPv6 the first 64 bits. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, GROUPS - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS).join(':');
}
