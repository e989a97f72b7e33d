/** Longer than the usual time between two key frames, which are much larger than other frames. */
const WINDOW_MS = 10_000;

/** The bit rate of a connection: that of the last whole window. Times are monotonic milliseconds. */
export class BitRate {
  /** When the window began; null before the first packet. */
  #since: number | null = null;
  #bytes = 0;
  #last: number | null = null;

  add(bytes: number, now: number): void {
    this.#since ??= now;
    this.#endWindow(now);
    this.#bytes += bytes;
  }

  /** Bits per second; null during the first window. */
  at(now: number): number | null {
    this.#endWindow(now);
    return this.#last;
  }

  #endWindow(now: number): void {
    if (this.#since === null || now - this.#since < WINDOW_MS) return;
    this.#last = Math.round((8_000 * this.#bytes) / (now - this.#since));
    this.#since = now;
    this.#bytes = 0;
  }
}
