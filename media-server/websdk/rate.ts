/** Messages a second that a client may send in the long run, and at once after a pause. */
const PER_SECOND = 50;
const BURST = 200;

/** How many messages a socket may still send: a token bucket. */
export class MessageRate {
  #left = BURST;
  #at: number;

  /** @param at monotonic milliseconds */
  constructor(at: number) {
    this.#at = at;
  }

  /** Counts a message; false if it is one too many. */
  allows(at: number): boolean {
    this.#left = Math.min(BURST, this.#left + ((at - this.#at) / 1000) * PER_SECOND);
    this.#at = at;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
