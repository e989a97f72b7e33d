/** Messages a second in the long run, and at once after a pause. */
const PER_SECOND = 50;
const BURST = 200;
/** A larger message counts as several: it takes longer to read. An SDP offer is 8 KiB. */
const BYTES_PER_MESSAGE = 4_096;

/** How many messages a client may still send, or a publication may still pass on: a token bucket. */
export class MessageRate {
  #left = BURST;
  #at: number;

  /** @param at monotonic milliseconds */
  constructor(at: number) {
    this.#at = at;
  }

  /** Counts a message of so many characters, or part or several of it; false if that is too much. */
  allows(at: number, length: number, times = 1): boolean {
    this.#left = Math.min(BURST, this.#left + ((at - this.#at) / 1000) * PER_SECOND);
    this.#at = at;
    // One that costs more than a whole burst is allowed after a pause.
    const cost = Math.min(BURST, Math.max(1, length / BYTES_PER_MESSAGE) * times);
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }
}
