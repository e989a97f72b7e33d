import type { CaptureOrder } from '../../crds/schema/capture-messages.ts';
import type { Clock, Timer } from '../../process/clock.ts';

type DemandOrder = Pick<CaptureOrder, 'idleTimeoutMs' | 'mode' | 'startTimeoutMs'>;

/** Whether a capture is wanted: with the mode `OnDemand`, from its first player until nobody has played it for a while. */
export class Demand {
  readonly #order: DemandOrder;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #isPlayed = false;
  /** Runs while the capture is wanted and not played. */
  #end: Timer | null = null;

  /** `onEnd` is called whenever the capture is wanted no longer. */
  constructor(order: DemandOrder, clock: Clock, onEnd: () => void) {
    this.#order = order;
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  get isWanted(): boolean {
    return this.#order.mode === 'Always' || this.#isPlayed || this.#end !== null;
  }

  /** Somebody is about to play: the stream is waited for, then its player. */
  begin(): void {
    const { idleTimeoutMs, startTimeoutMs } = this.#order;
    if (!this.#isPlayed) this.#endAfter(Math.max(idleTimeoutMs, startTimeoutMs));
  }

  /** Players of the publication have come, or have gone. */
  played(isPlayed: boolean): void {
    // A publication begins without players: they are on their way.
    if (this.#order.mode === 'Always' || isPlayed === this.#isPlayed) return;
    this.#isPlayed = isPlayed;
    if (isPlayed) this.close();
    else this.#endAfter(this.#order.idleTimeoutMs);
  }

  /** Those who are about to play are told that it fails. */
  giveUp(): void {
    if (this.#end === null) return;
    this.close();
    this.#onEnd();
  }

  /** Stops waiting for the end. */
  close(): void {
    this.#end?.cancel();
    this.#end = null;
  }

  #endAfter(delayMs: number): void {
    this.close();
    this.#end = this.#clock.setTimeout(() => {
      this.#end = null;
      this.#onEnd();
    }, delayMs);
  }
}
