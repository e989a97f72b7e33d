import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Agent } from 'undici';
import type { FleetKey } from '../../crds/render/fleet-key.ts';
import {
  type ConfigPush,
  type Cordon,
  PodStatus,
  type Roster,
  TerminationAnswer,
  type TerminationOrder,
} from '../../crds/schema/internal.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { urlHost } from '../../process/addresses.ts';
import { fleetAgent } from '../../process/fleet-client.ts';
import type { Pod } from './pod.ts';

/** The timeout of each phase of a call, milliseconds. */
const TIMEOUT_MS = 2_000;
/** The same for ending streams. */
const TERMINATE_MS = 10_000;
/** More than the status of the largest config. A larger response is refused: no pod may exhaust the operator. */
const MOST_BYTES = 1 << 20;

/** Where a pod listens. */
type Reached = Pick<Pod, 'address' | 'internalPort'>;

/** Calls the pods of one fleet with its key. Connections are kept alive. */
export class PodClient {
  readonly #agent: Agent;

  constructor(key: FleetKey) {
    this.#agent = fleetAgent(key, { connections: 4, connectMs: TIMEOUT_MS, mostBytes: MOST_BYTES });
  }

  /** Throws when the pod cannot be reached. */
  status(pod: Reached): Promise<PodStatus> {
    return this.#call(pod, { method: 'GET', path: '/internal/status' }, STATUS);
  }

  /** Sends a config; the status says whether it runs. Throws when the pod cannot be reached or rejects the body. */
  push(pod: Reached, config: ConfigPush): Promise<PodStatus> {
    return this.#call(pod, { method: 'PUT', path: '/internal/config', body: config }, STATUS);
  }

  /** Sends the roster; the status says whether the pod has it. Throws when the pod cannot be reached or rejects it. */
  pushRoster(pod: Reached, roster: Roster): Promise<PodStatus> {
    return this.#call(pod, { method: 'PUT', path: '/internal/roster', body: roster }, STATUS);
  }

  /** Tells a pod whether it takes new streams. Throws when the pod cannot be reached. */
  cordon(pod: Reached, cordon: Cordon): Promise<PodStatus> {
    return this.#call(pod, { method: 'PUT', path: '/internal/cordon', body: cordon }, STATUS);
  }

  /** Ends streams of a pod. Throws when the pod cannot be reached or rejects the order. */
  terminate(pod: Reached, order: TerminationOrder): Promise<TerminationAnswer> {
    const request = { method: 'PUT', path: '/internal/termination', body: order, timeoutMs: TERMINATE_MS } as const;
    return this.#call(pod, request, ANSWER);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call<T>({ address, internalPort }: Reached, request: PodRequest, expected: Expected<T>): Promise<T> {
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
}

type PodRequest = {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body?: ConfigPush | Cordon | Roster | TerminationOrder;
  readonly timeoutMs?: number;
};

type Expected<T> = (answer: unknown) => T;

/** Compiled, because many large statuses arrive every ten seconds. Faults are described only when found. */
function expecting<S extends TSchema>(schema: S): Expected<Static<S>> {
  const compiled = Compile(schema);
  return (answer) => {
    if (compiled.Check(answer)) return answer as Static<S>;
    const [fault] = schemaFindings(schema, answer, 'answer');
    throw new Error(`${fault?.field}: ${fault?.reason}`);
  };
}

const STATUS = expecting(PodStatus);
const ANSWER = expecting(TerminationAnswer);

const errorOf = (answer: unknown): string | null =>
  typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : null;
