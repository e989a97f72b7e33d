import type { Connection } from './connection.ts';

/** The open sockets of this pod. */
export class OpenSockets {
  readonly #open = new Set<Connection>();

  get size(): number {
    return this.#open.size;
  }

  /** Holds a connection until its socket closes. */
  add(connection: Connection): void {
    this.#open.add(connection);
    connection.start(() => this.#open.delete(connection));
  }

  /** Closes sockets without streams at once, the others after their last stream. */
  drain(): void {
    for (const connection of this.#open) connection.drain();
  }
}
