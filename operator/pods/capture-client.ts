import type { FleetKey } from '../../crds/render/fleet-key.ts';
import { type CapturePush, CaptureReport } from '../../crds/schema/capture-messages.ts';
import { expecting, PodCalls, type Reached } from './pod-calls.ts';

/** More than the report of a thousand captures. */
const MOST_BYTES = 4 << 20;
const PATH = '/internal/captures';

/** Calls the capture pods of one MediaServer with the key of the capture role. */
export class CaptureClient {
  readonly #calls: PodCalls;

  constructor(key: FleetKey) {
    this.#calls = new PodCalls(key, MOST_BYTES);
  }

  /** Throws when the pod cannot be reached. */
  report(pod: Reached): Promise<CaptureReport> {
    return this.#calls.call(pod, { method: 'GET', path: PATH }, REPORT);
  }

  /** Sends all captures of a pod. Throws when the pod cannot be reached or rejects them. */
  push(pod: Reached, push: CapturePush): Promise<CaptureReport> {
    return this.#calls.call(pod, { method: 'PUT', path: PATH, body: push }, REPORT);
  }

  close(): Promise<void> {
    return this.#calls.close();
  }
}

const REPORT = expecting(CaptureReport);
