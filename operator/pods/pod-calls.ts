import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Agent } from 'undici';
import type { FleetKey } from '../../crds/render/fleet-key.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { urlHost } from '../../process/addresses.ts';
import { fleetAgent } from '../../process/fleet-client.ts';

/** The timeout of each phase of a call, milliseconds. */
const TIMEOUT_MS = 2_000;

/** Where a pod listens. */
export type Reached = {
  readonly address: string;
  readonly internalPort: number;
};

export type PodRequest = {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body?: object;
  readonly timeoutMs?: number;
};

/** Calls to the internal listener of pods, with the key of their role. Connections are kept alive. */
export class PodCalls {
  readonly #agent: Agent;

  /** A larger response is refused: no pod may exhaust the operator. */
  constructor(key: FleetKey, mostBytes: number) {
    this.#agent = fleetAgent(key, { connections: 4, connectMs: TIMEOUT_MS, mostBytes });
  }

  /** Throws when the pod cannot be reached, rejects the call, or answers something else. */
  async call<T>({ address, internalPort }: Reached, request: PodRequest, expected: Expected<T>): Promise<T> {
    const { body, method, path, timeoutMs = TIMEOUT_MS } = request;
    const response = await this.#agent.request({
      origin: `https://${urlHost(address)}:${internalPort}`,
      path,
      method,
      headersTimeout: timeoutMs,
      bodyTimeout: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS + timeoutMs),
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    const answer: unknown = await response.body.json();
    if (response.statusCode === 200) return expected(answer);
    throw new Error(errorOf(answer) ?? `the pod answered ${response.statusCode}`);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

export type Expected<T> = (answer: unknown) => T;

/** Compiled, because many large statuses arrive every ten seconds. Faults are described only when found. */
export function expecting<S extends TSchema>(schema: S): Expected<Static<S>> {
  const compiled = Compile(schema);
  return (answer) => {
    if (compiled.Check(answer)) return answer as Static<S>;
    const [fault] = schemaFindings(schema, answer, 'answer');
    throw new Error(`${fault?.field}: ${fault?.reason}`);
  };
}

const errorOf = (answer: unknown): string | null =>
  typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : null;
