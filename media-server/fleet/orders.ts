import type { Clock } from '../../process/clock.ts';

const REMEMBER_MS = 10_000;

type Order = { readonly at: number; readonly carriedOut: PromiseWithResolvers<void> };

/**
 * Orders to end streams, which all pods are given. A publication on another pod may end before this pod is given the
 * order, and take its playbacks here along: they wait for the order, so that they end because of it.
 */
export class Orders {
  readonly #clock: Clock;
  /** By id, oldest first. */
  readonly #orders = new Map<string, Order>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This pod has begun to end all of its streams that match. */
  carriedOut(id: string): void {
    this.#get(id).carriedOut.resolve();
  }

  /** Waits until this pod carries out an order, or for a time. Milliseconds. */
  async wait(id: string, ms: number): Promise<void> {
    const { carriedOut } = this.#get(id);
    const timer = this.#clock.setTimeout(() => carriedOut.resolve(), ms);
    await carriedOut.promise;
    timer.cancel();
  }

  #get(id: string): Order {
    const now = this.#clock.monotonic();
    for (const [oldest, { at }] of this.#orders) {
      if (now - at < REMEMBER_MS) break;
      this.#orders.delete(oldest);
    }
    const order = this.#orders.get(id) ?? { at: now, carriedOut: Promise.withResolvers<void>() };
    this.#orders.set(id, order);
    return order;
  }
}
