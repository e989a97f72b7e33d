import { Compile } from 'typebox/compile';
import { Agent } from 'undici';
import { type FleetKey, INTERNAL_TLS } from '../../crds/render/fleet-key.ts';
import { type ConfigPush, PodStatus } from '../../crds/schema/internal.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { urlHost } from '../../process/addresses.ts';
import type { Pod } from './pod.ts';

/** A pod is asked for no longer than this, milliseconds. */
const TIMEOUT_MS = 2_000;
/** The status of the largest config has less. A pod that says more is not listened to: the operator serves others too. */
const MOST_BYTES = 1 << 20;

/** Where a pod is reached. */
type Reached = Pick<Pod, 'address' | 'internalPort'>;

/** Calls of the pods of one fleet, with its key. Connections are kept. */
export class PodClient {
  readonly #agent: Agent;

  constructor({ identity, key }: FleetKey) {
    this.#agent = new Agent({
      connections: 2,
      maxResponseSize: MOST_BYTES,
      keepAliveTimeout: 30_000,
      connect: {
        ...INTERNAL_TLS,
        timeout: TIMEOUT_MS,
        pskCallback: () => ({ identity, psk: key }),
        // Who has the key is who we want; there is no certificate with a name in it.
        checkServerIdentity: () => undefined,
      } as object,
    });
  }

  /** Throws when the pod cannot be asked. */
  status(pod: Reached): Promise<PodStatus> {
    return this.#call(pod, 'GET', '/internal/status');
  }

  /** Hands a config over; the answer says whether the pod runs it. Throws when the pod cannot be asked or refuses its form. */
  push(pod: Reached, config: ConfigPush): Promise<PodStatus> {
    return this.#call(pod, 'PUT', '/internal/config', config);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call(
    { address, internalPort }: Reached,
    method: 'GET' | 'PUT',
    path: string,
    body?: ConfigPush,
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

/** Many pods are asked about thousands of apps every ten seconds: what words a fault needs is looked for when there is one. */
const STATUS = Compile(PodStatus);

function checked(answer: unknown): PodStatus {
  if (STATUS.Check(answer)) return answer;
  const [fault] = schemaFindings(PodStatus, answer, 'answer');
  throw new Error(`${fault?.field}: ${fault?.reason}`);
}

const errorOf = (answer: unknown): string | null =>
  typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : null;
