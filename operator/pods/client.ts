import { Compile } from 'typebox/compile';
import type { Agent } from 'undici';
import type { FleetKey } from '../../crds/render/fleet-key.ts';
import { type ConfigPush, PodStatus, type Roster } from '../../crds/schema/internal.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { urlHost } from '../../process/addresses.ts';
import { fleetAgent } from '../../process/fleet-client.ts';
import type { Pod } from './pod.ts';

/** The timeout of each phase of a call, milliseconds. */
const TIMEOUT_MS = 2_000;
/** More than the status of the largest config. A larger response is refused: no pod may exhaust the operator. */
const MOST_BYTES = 1 << 20;

/** Where a pod listens. */
type Reached = Pick<Pod, 'address' | 'internalPort'>;

/** Calls the pods of one fleet with its key. Connections are kept alive. */
export class PodClient {
  readonly #agent: Agent;

  constructor(key: FleetKey) {
    this.#agent = fleetAgent(key, { connections: 2, connectMs: TIMEOUT_MS, mostBytes: MOST_BYTES });
  }

  /** Throws when the pod cannot be reached. */
  status(pod: Reached): Promise<PodStatus> {
    return this.#call(pod, 'GET', '/internal/status');
  }

  /** Sends a config; the status says whether it runs. Throws when the pod cannot be reached or rejects the body. */
  push(pod: Reached, config: ConfigPush): Promise<PodStatus> {
    return this.#call(pod, 'PUT', '/internal/config', config);
  }

  /** Sends the roster; the status says whether the pod has it. Throws when the pod cannot be reached or rejects it. */
  pushRoster(pod: Reached, roster: Roster): Promise<PodStatus> {
    return this.#call(pod, 'PUT', '/internal/roster', roster);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call(
    { address, internalPort }: Reached,
    method: 'GET' | 'PUT',
    path: string,
    body?: ConfigPush | Roster,
  ): Promise<PodStatus> {
    const response = await this.#agent.request({
      origin: `https://${urlHost(address)}:${internalPort}`,
      path,
      method,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      signal: AbortSignal.timeout(2 * TIMEOUT_MS),
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    const answer: unknown = await response.body.json();
    if (response.statusCode === 200) return checked(answer);
    throw new Error(errorOf(answer) ?? `the pod answered ${response.statusCode}`);
  }
}

/** Compiled, because many large statuses arrive every ten seconds. Faults are described only when found. */
const STATUS = Compile(PodStatus);

function checked(answer: unknown): PodStatus {
  if (STATUS.Check(answer)) return answer;
  const [fault] = schemaFindings(PodStatus, answer, 'answer');
  throw new Error(`${fault?.field}: ${fault?.reason}`);
}

const errorOf = (answer: unknown): string | null =>
  typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : null;
