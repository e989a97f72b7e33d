/** One keep-alive call as a queue sees it. */
export type QueuedCall = {
  /** When the check is due, in monotonic milliseconds. */
  readonly dueAt: number;
};

/**
 * Calls to one backend: at most `limit` at a time; the others wait, oldest due first. The waiting calls are a sorted
 * array: calls nearly always arrive in the order in which they are due, and 10,000 pointers move in microseconds.
 */
export class BackendQueue<C extends QueuedCall> {
  readonly #limit: number;
  readonly #send: (call: C) => void;
  readonly #waiting: C[] = [];
  readonly #sent = new Set<C>();

  constructor(limit: number, send: (call: C) => void) {
    this.#limit = limit;
    this.#send = send;
  }

  push(call: C): void {
    this.#waiting.splice(this.#firstAfter(call.dueAt), 0, call);
    this.#fill();
  }

  /** Removes a call that returned or was abandoned, whether it waits or was sent. Idempotent. */
  remove(call: C): void {
    if (this.#sent.delete(call)) this.#fill();
    else this.#unqueue(call);
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#sent.size === 0;
  }

  get sent(): number {
    return this.#sent.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** The call that is due first. */
  get next(): C | undefined {
    return this.#waiting[0];
  }

  #fill(): void {
    while (this.#sent.size < this.#limit) {
      const call = this.#waiting.shift();
      if (!call) return;
      this.#sent.add(call);
      this.#send(call);
    }
  }

  #unqueue(call: C): void {
    for (let index = this.#firstAfter(call.dueAt) - 1; this.#waiting[index]?.dueAt === call.dueAt; index--) {
      if (this.#waiting[index] !== call) continue;
      this.#waiting.splice(index, 1);
      return;
    }
  }

  /** Index of the first call that is due later. */
  #firstAfter(dueAt: number): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const call = this.#waiting[middle];
      if (call && call.dueAt <= dueAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
