import { isDeepStrictEqual } from 'node:util';
import type { CaptureOffer } from '../../crds/schema/capture-calls.ts';
import type { CaptureOrder, CaptureState } from '../../crds/schema/capture-messages.ts';
import { Capture, type CaptureDeps } from './capture.ts';
import { type Pulled, pulledOf } from './pulled.ts';

/** A capture that says goodbye to its camera and ends its publication. */
type Leaving = { readonly capture: Capture; readonly gone: Promise<void> };

/** The captures of this pod, by the uid of their StreamCapture. */
export class Captures {
  readonly #deps: CaptureDeps;
  readonly #byUid = new Map<string, Capture>();
  readonly #leaving = new Map<string, Leaving>();
  /** The newest orders, as they were given, and by uid. */
  #orders: readonly CaptureOrder[] = [];
  #wanted: ReadonlyMap<string, CaptureOrder> = new Map();
  /** How often a capture was started again, by uid and generation. */
  readonly #restarts = new Map<string, number>();

  constructor(deps: CaptureDeps) {
    this.#deps = deps;
  }

  all(): Iterable<Capture> {
    return this.#byUid.values();
  }

  get states(): CaptureState[] {
    return [...this.all()].map(({ state }) => state);
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** As the REST API lists them. */
  get pulled(): Pulled[] {
    return [...this.#byUid.values()].map(({ order, state }) => pulledOf(order, state));
  }

  /** What viewers may ask for. */
  get offers(): CaptureOffer[] {
    return [...this.#byUid.values()].map(({ isStartable, order, state }) => {
      const { appKey, epoch, name, source, startTimeoutMs, uid } = order;
      return {
        ...{ uid, epoch, appKey, name, url: source.url },
        ...(isStartable ? { startTimeoutMs } : {}),
        ...(state.held ? { isHeld: true } : {}),
      };
    });
  }

  /** Somebody is about to play a capture. */
  want(uid: string): void {
    this.#byUid.get(uid)?.want();
  }

  /**
   * Starts what is new, stops what is gone; a capture whose order has changed is a new one, and starts when the old one
   * is gone. Resolves when all that is done.
   */
  async set(orders: readonly CaptureOrder[]): Promise<void> {
    this.#orders = orders;
    this.#wanted = new Map(orders.map((order) => [order.uid, this.#restarted(order)]));
    for (const capture of this.#byUid.values()) {
      if (!isDeepStrictEqual(this.#wanted.get(capture.order.uid), capture.order)) this.#leave(capture);
    }
    const uids = new Set([...this.#wanted.keys(), ...this.#leaving.keys()]);
    await Promise.all([...uids].map((uid) => this.#start(uid)));
  }

  /** Starts a capture again that is held. Returns false if none is held with this uid. */
  restart(uid: string): boolean {
    const order = this.#orders.find((each) => each.uid === uid);
    if (!order || !this.#byUid.get(uid)?.state.held) return false;
    this.#restarts.set(keyOf(order), (this.#restarts.get(keyOf(order)) ?? 0) + 1);
    void this.set(this.#orders);
    return true;
  }

  stop(): Promise<void> {
    return this.set([]);
  }

  #leave(capture: Capture): void {
    const { uid } = capture.order;
    this.#byUid.delete(uid);
    this.#leaving.set(uid, { capture, gone: capture.stop() });
  }

  async #start(uid: string): Promise<void> {
    const leaving = this.#leaving.get(uid);
    await leaving?.gone;
    // Another call may have come meanwhile.
    if (this.#leaving.get(uid) !== leaving) return this.#start(uid);
    this.#leaving.delete(uid);
    const order = this.#wanted.get(uid);
    if (!order || this.#byUid.has(uid)) return;
    const capture = new Capture(order, this.#deps);
    this.#byUid.set(uid, capture);
    const old = leaving?.capture;
    // A new password does not bring back what somebody has ended.
    if (old?.state.held && old.order.generation === order.generation) capture.stayEnded(old.state.held);
    else capture.start();
  }

  /** Media servers refuse the generation that was ended for a while. */
  #restarted(order: CaptureOrder): CaptureOrder {
    const restarts = this.#restarts.get(keyOf(order)) ?? 0;
    return restarts === 0 ? order : { ...order, generation: order.generation + restarts };
  }
}

const keyOf = ({ generation, uid }: CaptureOrder): string => `${uid} ${generation}`;
