import { BackendQueue } from './backend-queue.ts';
import type { Backend } from './policy.ts';

export type BackendCall = {
  readonly backend: Backend;
  /** When the check was due, in monotonic milliseconds. */
  readonly dueAt: number;
  readonly timeoutMs: number;
};

export type BackendLoad = {
  /** Name of the RestHook. */
  readonly hook: string;
  /** Calls in flight. */
  readonly sent: number;
  /** Due checks that wait for a connection. */
  readonly waiting: number;
  /** True when a check waited longer than its timeout: interval + timeout is no longer the worst case of a decision. */
  readonly saturated: boolean;
};

/** One queue per backend that has calls. */
export class Backends<C extends BackendCall> {
  readonly #send: (call: C) => void;
  readonly #queues = new Map<Backend, BackendQueue<C>>();

  constructor(send: (call: C) => void) {
    this.#send = send;
  }

  push(call: C): void {
    const { backend } = call;
    const queue = this.#queues.get(backend) ?? new BackendQueue<C>(backend.maxConnections, this.#send);
    this.#queues.set(backend, queue);
    queue.push(call);
  }

  /** Releases the connection, or the place in the queue. Idempotent. */
  remove(call: C): void {
    const queue = this.#queues.get(call.backend);
    queue?.remove(call);
    if (queue?.idle) this.#queues.delete(call.backend);
  }

  load(now: number): BackendLoad[] {
    return [...this.#queues].map(([{ name }, { next, sent, waiting }]) => ({
      hook: name,
      sent,
      waiting,
      saturated: next !== undefined && now - next.dueAt > next.timeoutMs,
    }));
  }
}
