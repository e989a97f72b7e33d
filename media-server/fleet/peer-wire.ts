import type { RosterMember } from '../../crds/schema/internal.ts';
import { urlHost } from '../../process/addresses.ts';
import { NoAnswer, type Wire } from './ask.ts';
import type { Channel } from './conversation.ts';
import { KeyedAgent } from './keyed-agent.ts';
import { LineChannel } from './line-channel.ts';
import type { PeerCall, PeerOp } from './messages.ts';

export const PIPE_PATH = '/internal/pipe';

const CONNECT_MS = 2_000;
/** Ten thousand streams with their metrics. */
const MOST_BYTES = 64 << 20;

/** Calls between pods over TLS with the fleet's key. */
export class PeerWire implements Wire {
  readonly #agent: KeyedAgent;
  /** A pipe has a connection of its own while it lasts. */
  readonly #pipes: KeyedAgent;

  constructor(keyFile: string) {
    this.#agent = new KeyedAgent(keyFile, { connections: 4, connectMs: CONNECT_MS, mostBytes: MOST_BYTES });
    this.#pipes = new KeyedAgent(keyFile, { connections: null, connectMs: CONNECT_MS, mostBytes: -1 });
  }

  async send(member: RosterMember, op: PeerOp, call: PeerCall, timeoutMs: number): Promise<unknown> {
    try {
      const { body, statusCode } = await this.#agent.get().request({
        origin: urlOf(member),
        path: `/internal/peer/${op}`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(call),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const reply: unknown = await body.json();
      if (statusCode === 200) return reply;
      throw new Error(`it answered ${statusCode}${detailOf(reply)}`);
    } catch (error) {
      throw asNoAnswer(error);
    }
  }

  /** Opens a connection for a pipe. */
  pipe(member: RosterMember): Channel {
    return LineChannel.to(this.#pipes.get(), urlOf(member), PIPE_PATH);
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.close(), this.#pipes.close()]);
  }
}

/** Codes for a connection that was never made. */
const UNSENT = ['UND_ERR_CONNECT_TIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH'];
/** Codes of undici for a pod that does not answer in time. */
const LATE = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

export const urlOf = ({ address, port }: RosterMember): string => `https://${urlHost(address)}:${port}`;

/** Says in words for the caller of the REST API why a pod could not be asked. */
export function asNoAnswer(error: unknown): NoAnswer {
  const { code = '', message, name } = error as { code?: string; message?: string; name?: string };
  if (code === 'ECONNREFUSED') return new NoAnswer('it refuses connections', { cause: error, isRefused: true });
  const isLate = name === 'TimeoutError' || LATE.includes(code);
  const text = isLate ? 'it did not answer in time' : message || code || String(error);
  return new NoAnswer(text, { cause: error, isRefused: false, isUnsent: UNSENT.includes(code) });
}

function detailOf(reply: unknown): string {
  const isFault = typeof reply === 'object' && reply !== null && 'error' in reply;
  return isFault ? `: ${String(reply.error)}` : '';
}
