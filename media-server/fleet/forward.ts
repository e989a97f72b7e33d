import type { Readable } from 'node:stream';
import type { RosterMember } from '../../crds/schema/internal.ts';
import { KeyedAgent } from './keyed-agent.ts';
import type { Membership } from './membership.ts';
import { asNoAnswer, urlOf } from './peer-wire.ts';
import { podIdOf } from './pod-id.ts';

/** A request of a client that another pod must answer. */
export type ForwardedRequest = {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** How long the other pod may take until it begins to answer, milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
};

export type ForwardedReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
};

/** Where the public routes of WHIP and WHEP are on the internal listener. */
export const FORWARDED_PREFIX = '/internal/session';

const CONNECT_MS = 2_000;
/** A comment every 15 s keeps an event stream alive. */
const SILENCE_MS = 40_000;

/** Hands requests of clients on to the pods that hold their sessions. Event streams last for hours. */
export class Forwarding {
  readonly #membership: Pick<Membership, 'others'>;
  readonly #agent: KeyedAgent;

  constructor(membership: Pick<Membership, 'others'>, keyFile: string) {
    this.#membership = membership;
    this.#agent = new KeyedAgent(keyFile, { connections: null, connectMs: CONNECT_MS, mostBytes: -1 });
  }

  /** The other pod with this id in its Location URLs. */
  podById(podId: string): RosterMember | undefined {
    return this.#membership.others().find(({ pod }) => podIdOf(pod) === podId);
  }

  /** Rejects with `NoAnswer` if the pod does not answer. */
  async forward(member: RosterMember, request: ForwardedRequest): Promise<ForwardedReply> {
    const { body, headers, method, signal, timeoutMs, url } = request;
    try {
      const reply = await this.#agent.get().request({
        origin: urlOf(member),
        path: `${FORWARDED_PREFIX}${url}`,
        method: method as 'GET',
        headers,
        body,
        headersTimeout: timeoutMs,
        bodyTimeout: SILENCE_MS,
        signal,
      });
      return { status: reply.statusCode, headers: reply.headers, body: reply.body };
    } catch (error) {
      throw asNoAnswer(error);
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}
