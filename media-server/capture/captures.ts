import { isDeepStrictEqual } from 'node:util';
import type { CaptureOffer } from '../../crds/schema/capture-calls.ts';
import type { CaptureOrder, CaptureState } from '../../crds/schema/capture-messages.ts';
import { Capture, type CaptureDeps } from './capture.ts';
import { type Pulled, pulledOf } from './pulled.ts';

export type CapturesDeps = CaptureDeps & {
  /** Called when what viewers may ask for has changed. */
  readonly onChange: () => void;
  /** Called when a capture has ended and no other one takes its place. */
  readonly onGone: (uid: string) => void;
};

/** How often a capture was started again since its order had this generation. */
type Restarts = { readonly generation: number; readonly count: number };

/** The captures of this pod, by the uid of their StreamCapture. */
export class Captures {
  readonly #deps: CapturesDeps;
  readonly #byUid = new Map<string, Capture>();
  /** When those that say goodbye to their camera and end their publication are gone. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** The newest orders, as they were given, and by uid. */
  #orders: readonly CaptureOrder[] = [];
  #wanted: ReadonlyMap<string, CaptureOrder> = new Map();
  readonly #restarts = new Map<string, Restarts>();

  constructor(deps: CapturesDeps) {
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
    const here = [...this.#byUid.values()].map((capture) => offerOf(capture.order, capture));
    // Viewers wait for a capture that is about to take the place of another one.
    const soon = [...this.#wanted.values()].filter(({ uid }) => !this.#byUid.has(uid));
    return [...here, ...soon.map((order) => offerOf(order, null))];
  }

  /** When a capture was ended that is held; undefined if none is held with this uid. */
  heldAt(uid: string): number | undefined {
    return this.#byUid.get(uid)?.state.held?.at;
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
    const uids = new Set(orders.map(({ uid }) => uid));
    for (const uid of this.#restarts.keys()) if (!uids.has(uid)) this.#restarts.delete(uid);
    this.#wanted = new Map(orders.map((order) => [order.uid, this.#restarted(order)]));
    for (const capture of this.#byUid.values()) {
      if (!this.#goesOn(capture)) this.#leave(capture);
    }
    for (const uid of uids) this.#start(uid, null);
    this.#deps.onChange();
    await Promise.all(this.#leaving.values());
  }

  /** Starts a capture again that is held. Resolves with false if none is held with this uid. */
  async restart(uid: string): Promise<boolean> {
    const order = this.#orders.find((each) => each.uid === uid);
    if (!order || this.heldAt(uid) === undefined) return false;
    this.#restarts.set(uid, { generation: order.generation, count: this.#restartsOf(order) + 1 });
    void this.set(this.#orders);
    await this.gone(uid);
    return true;
  }

  /** Resolves when a capture that leaves is gone. */
  async gone(uid: string): Promise<void> {
    await this.#leaving.get(uid);
  }

  stop(): Promise<void> {
    return this.set([]);
  }

  /** A capture goes on if its order is the same, or only allows more. One that was not allowed tries again. */
  #goesOn(capture: Capture): boolean {
    const next = this.#wanted.get(capture.order.uid);
    if (!next || !isDeepStrictEqual({ ...next, allow: [] }, { ...capture.order, allow: [] })) return false;
    const isWider = capture.order.allow.every((old) => next.allow.some((each) => isDeepStrictEqual(each, old)));
    if (!isWider || capture.state.reason === 'AddressNotAllowed') return isDeepStrictEqual(next, capture.order);
    capture.allow(next.allow);
    return true;
  }

  #leave(capture: Capture): void {
    const { uid } = capture.order;
    this.#byUid.delete(uid);
    const gone = capture.stop().then(() => {
      this.#leaving.delete(uid);
      this.#start(uid, capture);
      if (this.#byUid.has(uid)) this.#deps.onChange();
      else this.#deps.onGone(uid);
    });
    this.#leaving.set(uid, gone);
  }

  /** Starts a capture that is wanted, in the place of the old one. */
  #start(uid: string, old: Capture | null): void {
    const order = this.#wanted.get(uid);
    if (!order || this.#byUid.has(uid) || this.#leaving.has(uid)) return;
    const capture = new Capture(order, this.#deps);
    this.#byUid.set(uid, capture);
    // A new password does not bring back what somebody has ended.
    if (old?.state.held && old.order.generation === order.generation) capture.stayEnded(old.state.held);
    else capture.start();
  }

  /** Media servers refuse the generation that was ended for a while. */
  #restarted(order: CaptureOrder): CaptureOrder {
    const restarts = this.#restartsOf(order);
    return restarts === 0 ? order : { ...order, generation: order.generation + restarts };
  }

  #restartsOf({ generation, uid }: CaptureOrder): number {
    const restarts = this.#restarts.get(uid);
    return restarts?.generation === generation ? restarts.count : 0;
  }
}

/** What viewers are offered of a capture, or of an order that waits for its turn. */
function offerOf(order: CaptureOrder, capture: Capture | null): CaptureOffer {
  const { appKey, epoch, mode, name, source, startTimeoutMs, uid } = order;
  const isStartable = capture ? capture.isStartable : mode === 'OnDemand';
  return {
    ...{ uid, epoch, appKey, name, url: source.url },
    ...(isStartable ? { startTimeoutMs } : {}),
    ...(capture?.state.held ? { isHeld: true } : {}),
  };
}
