import { type Clock, sleep } from '../../process/clock.ts';
import type { Connection } from './connection.ts';

/** How long a client may take to close its socket when the pod ends. Milliseconds. */
const CLOSE_MS = 500;

/** The sockets of this pod, up to the close of their TCP connections. */
export class OpenSockets {
  readonly #clock: Clock;
  readonly #open = new Set<Connection>();
  readonly #empty = new AbortController();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Holds a connection until nothing is left of its socket. */
  add(connection: Connection): void {
    this.#open.add(connection);
    connection.start(() => {
      this.#open.delete(connection);
      this.#lookIfEmpty();
    });
  }

  /**
   * With true, closes sockets without streams at once, and the others after their last stream: the pod takes no new
   * publications. With false, those that are left may stay.
   */
  sendAway(isSentAway: boolean): void {
    for (const connection of this.#open) connection.sendAway(isSentAway);
  }

  /** Closes all sockets. Those of clients that do not answer soon are cut. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const connection of this.#open) connection.close('going_away');
    this.#lookIfEmpty();
    await sleep(this.#clock, CLOSE_MS, this.#empty.signal);
    for (const connection of this.#open) connection.cut('going_away');
  }

  #lookIfEmpty(): void {
    if (this.#isClosed && this.#open.size === 0) this.#empty.abort();
  }
}
