import { isDeepStrictEqual } from 'node:util';
import type { CaptureOrder, CaptureState } from '../../crds/schema/capture-messages.ts';
import { Capture, type CaptureDeps } from './capture.ts';

/** The captures of this pod, by the uid of their StreamCapture. */
export class Captures {
  readonly #deps: CaptureDeps;
  readonly #byUid = new Map<string, Capture>();
  /** The newest orders, by uid. */
  #wanted: ReadonlyMap<string, CaptureOrder> = new Map();

  constructor(deps: CaptureDeps) {
    this.#deps = deps;
  }

  get states(): CaptureState[] {
    return [...this.#byUid.values()].map(({ state }) => state);
  }

  /** Starts what is new, stops what is gone; a capture whose order has changed is a new one. */
  async set(orders: readonly CaptureOrder[]): Promise<void> {
    this.#wanted = new Map(orders.map((order) => [order.uid, order]));
    const gone = [...this.#byUid.values()].filter(
      ({ order }) => !isDeepStrictEqual(this.#wanted.get(order.uid), order),
    );
    const before = new Map(gone.map((capture) => [capture.order.uid, capture]));
    for (const uid of before.keys()) this.#byUid.delete(uid);
    await Promise.all(gone.map((capture) => capture.stop()));
    // Another call may have come meanwhile.
    for (const order of this.#wanted.values()) {
      if (this.#byUid.has(order.uid)) continue;
      const capture = new Capture(order, this.#deps);
      this.#byUid.set(order.uid, capture);
      // A new password does not bring back what somebody has ended.
      const old = before.get(order.uid);
      if (old?.state.held && old.order.generation === order.generation) capture.stayEnded(old.state.held);
      else capture.start();
    }
  }

  stop(): Promise<void> {
    return this.set([]);
  }
}
