import type { FleetKey } from '../../crds/render/fleet-key.ts';
import {
  type ConfigPush,
  type Cordon,
  PodStatus,
  type Roster,
  TerminationAnswer,
  type TerminationOrder,
} from '../../crds/schema/internal.ts';
import { expecting, PodCalls, type Reached } from './pod-calls.ts';

/** The timeout of each phase of a call that ends streams, milliseconds. */
const TERMINATE_MS = 10_000;
/** More than the status of the largest config. */
const MOST_BYTES = 1 << 20;

/** Calls the pods of one fleet with its key. Connections are kept alive. */
export class PodClient {
  readonly #calls: PodCalls;

  constructor(key: FleetKey) {
    this.#calls = new PodCalls(key, MOST_BYTES);
  }

  /** Throws when the pod cannot be reached. */
  status(pod: Reached): Promise<PodStatus> {
    return this.#calls.call(pod, { method: 'GET', path: '/internal/status' }, STATUS);
  }

  /** Sends a config; the status says whether it runs. Throws when the pod cannot be reached or rejects the body. */
  push(pod: Reached, config: ConfigPush): Promise<PodStatus> {
    return this.#calls.call(pod, { method: 'PUT', path: '/internal/config', body: config }, STATUS);
  }

  /** Sends the roster; the status says whether the pod has it. Throws when the pod cannot be reached or rejects it. */
  pushRoster(pod: Reached, roster: Roster): Promise<PodStatus> {
    return this.#calls.call(pod, { method: 'PUT', path: '/internal/roster', body: roster }, STATUS);
  }

  /** Tells a pod whether it takes new streams. Throws when the pod cannot be reached. */
  cordon(pod: Reached, cordon: Cordon): Promise<PodStatus> {
    return this.#calls.call(pod, { method: 'PUT', path: '/internal/cordon', body: cordon }, STATUS);
  }

  /** Ends streams of a pod. Throws when the pod cannot be reached or rejects the order. */
  terminate(pod: Reached, order: TerminationOrder): Promise<TerminationAnswer> {
    const request = { method: 'PUT', path: '/internal/termination', body: order, timeoutMs: TERMINATE_MS } as const;
    return this.#calls.call(pod, request, ANSWER);
  }

  close(): Promise<void> {
    return this.#calls.close();
  }
}

const STATUS = expecting(PodStatus);
const ANSWER = expecting(TerminationAnswer);
