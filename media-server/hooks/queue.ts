import type { Clock } from '../../process/clock.ts';

/** Events that wait for a session with one stream. Bounds the memory while a backend is down. */
const MAX_DEPTH = 64;
/** More for each further stream, which has three events: live, ended by its client, ended. */
const MORE_PER_STREAM = 8;
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

export type EventQueueDeps = {
  readonly queues: EventQueues;
  readonly clock: Clock;
  /** How many streams the session has. */
  readonly streams: () => number;
  /** Called for each event that is dropped. */
  readonly dropped: () => void;
};

/** The events of one session, delivered one after the other. Adding an event never blocks. */
export class EventQueue {
  readonly #queues: EventQueues;
  readonly #clock: Clock;
  readonly #streams: () => number;
  readonly #dropped: () => void;
  readonly #waiting: QueuedEvent[] = [];
  /** The most streams that the session has had since the queue was last empty. */
  #mostStreams = 0;
  #running = false;

  constructor({ clock, dropped, queues, streams }: EventQueueDeps) {
    this.#queues = queues;
    this.#clock = clock;
    this.#streams = streams;
    this.#dropped = dropped;
  }

  /** `deliver` must not throw. */
  add(deliver: () => Promise<void>): void {
    this.#mostStreams = Math.max(this.#mostStreams, this.#streams());
    if (this.#waiting.length >= MAX_DEPTH + MORE_PER_STREAM * Math.max(0, this.#mostStreams - 1)) {
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
    this.#mostStreams = 0;
    this.#queues.finished(this);
  }
}
