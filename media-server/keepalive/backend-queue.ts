/** Calls to one backend: at most so many at a time, the others wait in the order in which they came. */
export class BackendQueue<C> {
  readonly #send: (call: C) => void;
  readonly #waiting = new Set<C>();
  readonly #sent = new Set<C>();
  #limit = 1;

  constructor(send: (call: C) => void) {
    this.#send = send;
  }

  push(call: C, limit: number): void {
    this.#limit = limit;
    this.#waiting.add(call);
    this.#fill();
  }

  /** A call has come back, or is given up, waiting or sent. Idempotent. */
  remove(call: C): void {
    this.#waiting.delete(call);
    if (this.#sent.delete(call)) this.#fill();
  }

  get idle(): boolean {
    return this.#waiting.size === 0 && this.#sent.size === 0;
  }

  #fill(): void {
    for (const call of this.#waiting) {
      if (this.#sent.size >= this.#limit) return;
      this.#waiting.delete(call);
      this.#sent.add(call);
      this.#send(call);
    }
  }
}
