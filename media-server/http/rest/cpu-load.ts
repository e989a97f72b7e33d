/** A busy poller must not leave the others with the load of a millisecond. */
const SHORTEST_WINDOW_MS = 1_000;

/** How busy CPUs were, in percent of one core, from readings of the CPU time that was spent since a start. */
export class CpuLoad {
  #atMs = 0;
  #spentSeconds = 0;
  #percent = 0;

  /** The load since the last reading that is at least a second old; `nowMs` counts from the start. */
  read(nowMs: number, spentSeconds: number): number {
    const windowMs = nowMs - this.#atMs;
    if (windowMs < SHORTEST_WINDOW_MS) return this.#percent;
    // The time of a worker that was restarted is lost.
    const spentMs = Math.max(0, spentSeconds - this.#spentSeconds) * 1000;
    this.#percent = Math.round((spentMs / windowMs) * 1000) / 10;
    this.#atMs = nowMs;
    this.#spentSeconds = spentSeconds;
    return this.#percent;
  }
}
