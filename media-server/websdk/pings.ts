import type { Clock, Timer } from '../../process/clock.ts';

export type PingOptions = {
  readonly clock: Clock;
  /** Read before each ping, so that a reload applies. `missed` pings in a row close the socket. */
  readonly settings: () => { readonly intervalMs: number; readonly missed: number };
  readonly send: () => void;
  readonly lost: () => void;
};

/** Pings a client until it is lost. The SDK answers each ping; any other message counts as an answer as well. */
export class Pings {
  readonly #options: PingOptions;
  #timer: Timer;
  #unanswered = 0;

  constructor(options: PingOptions) {
    this.#options = options;
    this.#timer = this.#next();
  }

  /** Called for each message of the client. */
  heard(): void {
    this.#unanswered = 0;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #next(): Timer {
    const { clock, settings } = this.#options;
    return clock.setTimeout(() => this.#ping(), settings().intervalMs);
  }

  #ping(): void {
    const { lost, send, settings } = this.#options;
    if (this.#unanswered >= settings().missed) {
      lost();
      return;
    }
    this.#unanswered += 1;
    this.#timer = this.#next();
    send();
  }
}
