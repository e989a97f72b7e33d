import { isIPv4 } from 'node:net';
import type { Fetch } from '../harness/rtc-client.ts';
import { type Relay, startRelay } from './relay.ts';

/** Datagrams that arrived at relays since the loss began, and those of them that were dropped. */
export type DatagramCount = { seen: number; dropped: number };

/** A candidate line of SDP: the text before the address, the address, the port, and the text after it (RFC 8839 §5.1). */
const CANDIDATE = /^(a=candidate:\S+ \d+ udp \d+) (\S+) (\d+) (typ .*)$/i;
const OFFERED = /^(a=candidate:\S+ \d+ \w+ \d+) \S+ \d+ (typ .*)$/gim;
/** The port of the discard protocol (RFC 863), where nobody listens. Some servers have no use for offers without candidates. */
const NOBODY = 9;

/**
 * The media path of one WHIP or WHEP client, which can lose datagrams in both directions. A relay of this process stands
 * before each IPv4 UDP candidate of the answer. The candidates of the offer lead nowhere, so that a server that checks
 * candidates itself finds no way around the relays.
 */
export class LossyPath {
  readonly count: DatagramCount = { seen: 0, dropped: 0 };
  readonly #relays: Relay[] = [];
  readonly #from: string;
  #share = 0;

  /** `from` is the local address from which datagrams leave for the server. The client itself must use loopback. */
  constructor(from: string) {
    this.#from = from;
  }

  /** From now on drops this share of all datagrams at random, 0 to 1. */
  lose(share: number): void {
    this.#share = share;
    Object.assign(this.count, { seen: 0, dropped: 0 });
  }

  /** Changes offer and answer. Throws if no candidate of the answer can be relayed. */
  readonly fetch: Fetch = async (url, init) => {
    const { body: offer = '' } = init;
    const response = await fetch(url, { ...init, body: offer.replaceAll(OFFERED, `$1 127.0.0.1 ${NOBODY} $2`) });
    return {
      status: response.status,
      headers: response.headers,
      text: async () => this.#relayed(await response.text()),
    };
  };

  close(): void {
    for (const relay of this.#relays.splice(0)) relay.close();
  }

  /** Replaces IPv4 UDP candidates with relays and removes all other candidates. Keeps what is not SDP, such as an error. */
  async #relayed(answer: string): Promise<string> {
    if (!answer.startsWith('v=0')) return answer;
    const relays = new Map<string, Relay>();
    const lines: string[] = [];
    for (const line of answer.split(/\r?\n/)) {
      const [, start, address = '', port, end] = CANDIDATE.exec(line) ?? [];
      if (isIPv4(address)) {
        const target = `${address}:${port}`;
        const relay = relays.get(target) ?? (await this.#start(address, Number(port)));
        relays.set(target, relay);
        lines.push(`${start} 127.0.0.1 ${relay.port} ${end}`);
      } else if (!line.startsWith('a=candidate:')) lines.push(line);
    }
    if (relays.size === 0)
      throw new Error('the answer has no candidate with UDP and an IPv4 address, so none is lossy');
    return lines.join('\r\n');
  }

  async #start(address: string, port: number): Promise<Relay> {
    const relay = await startRelay({ address, port, from: this.#from, loses: () => this.#loses() });
    this.#relays.push(relay);
    return relay;
  }

  #loses(): boolean {
    this.count.seen++;
    if (Math.random() >= this.#share) return false;
    this.count.dropped++;
    return true;
  }
}
