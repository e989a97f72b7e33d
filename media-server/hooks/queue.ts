import type { Clock } from '../../process/clock.ts';

/** Bounds the memory while a backend is down. */
const MAX_DEPTH = 64;
const MAX_AGE_MS = 60_000;

export type QueuedEvent = { readonly queuedAt: number; readonly deliver: () => Promise<void> };

/** All events that wait for delivery; a shutdown waits for them. */
export class EventQueues {
  readonly #busy = new Set<EventQueue>();
  #onIdle: (() => void) | null = null;

  started(queue: EventQueue): void {
    this.#busy.add(queue);
  }

  finished(queue: EventQueue): void {
    this.#busy.delete(queue);
    if (this.#busy.size === 0) this.#onIdle?.();
  }

  /** Resolves when no event waits any more, or after the given time. */
  flush(clock: Clock, timeoutMs: number): Promise<void> {
    if (this.#busy.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        timer.cancel();
        this.#onIdle = null;
        resolve();
      };
      const timer = clock.setTimeout(settle, timeoutMs);
      this.#onIdle = settle;
    });
  }
}

/** The events of one session, delivered one after the other. Adding an event never blocks. */
export class EventQueue {
  readonly #queues: EventQueues;
  readonly #clock: Clock;
  readonly #dropped: () => void;
  readonly #waiting: QueuedEvent[] = [];
  #running = false;

  constructor(queues: EventQueues, clock: Clock, dropped: () => void) {
    this.#queues = queues;
    this.#clock = clock;
    this.#dropped = dropped;
  }

  /** `deliver` must not throw. */
  add(deliver: () => Promise<void>): void {
    if (this.#waiting.length >= MAX_DEPTH) {
      this.#waiting.shift();
      this.#dropped();
    }
    this.#waiting.push({ queuedAt: this.#clock.monotonic(), deliver });
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#queues.started(this);
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) {
      if (this.#clock.monotonic() - event.queuedAt > MAX_AGE_MS) this.#dropped();
      else await event.deliver();
    }
    this.#running = false;
    this.#queues.finished(this);
  }
}
