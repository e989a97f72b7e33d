/** Messages a second that a client may send in the long run, and at once after a pause. */
const PER_SECOND = 50;
const BURST = 200;
/** A larger message counts as several: it takes longer to read. An SDP offer is 8 KiB. */
const BYTES_PER_MESSAGE = 4_096;

/** How many messages a socket may still send: a token bucket. */
export class MessageRate {
  #left = BURST;
  #at: number;

  /** @param at monotonic milliseconds */
  constructor(at: number) {
    this.#at = at;
  }

  /** Counts a message of so many characters; false if it is one too many. */
  allows(at: number, length: number): boolean {
    this.#left = Math.min(BURST, this.#left + ((at - this.#at) / 1000) * PER_SECOND);
    this.#at = at;
    const cost = Math.max(1, length / BYTES_PER_MESSAGE);
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }
}
