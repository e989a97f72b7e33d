import { BackendQueue } from './backend-queue.ts';
import type { Backend } from './policy.ts';

export type BackendCall = {
  readonly backend: Backend;
  /** When its check was due, monotonic milliseconds. */
  readonly dueAt: number;
  readonly timeoutMs: number;
};

export type BackendLoad = {
  /** Name of the RestHook. */
  readonly hook: string;
  /** Calls that are being answered. */
  readonly sent: number;
  /** Checks that are due and wait for a connection. */
  readonly waiting: number;
  /** One has waited longer than its timeout: interval + timeout is no longer the worst case of a decision. */
  readonly saturated: boolean;
};

/** A queue for each backend that has calls, and none for the others. */
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

  /** Gives back the connection, or the place in the queue. Idempotent. */
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
