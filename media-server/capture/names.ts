import { isIP } from 'node:net';
import type { Clock } from '../../process/clock.ts';

/** Asks the resolver of the machine for all addresses of a name. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** A resolver that has not answered by then counts as one that does not know the name. */
const ANSWER_MS = 5_000;
/** Lookups at a time: a silent resolver blocks a thread each, and Node has four, with which it also reads files. */
const AT_ONCE = 2;

/** The addresses of the hosts of sources. */
export class Names {
  readonly #lookup: Lookup;
  readonly #clock: Pick<Clock, 'setTimeout'>;
  /** Lookups that have not ended, by name. Captures of the same host share one. */
  readonly #asked = new Map<string, Promise<readonly string[]>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(lookup: Lookup, clock: Pick<Clock, 'setTimeout'>) {
    this.#lookup = lookup;
    this.#clock = clock;
  }

  /** All addresses of a host. Rejects if it has none, or if the resolver does not answer. */
  async addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host)) return [host];
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = this.#clock.setTimeout(
      () => reject(new Error(`no answer from the resolver for ${host} within ${ANSWER_MS / 1_000} s`)),
      ANSWER_MS,
    );
    try {
      return await Promise.race([this.#ask(host), late]);
    } finally {
      timer.cancel();
    }
  }

  #ask(host: string): Promise<readonly string[]> {
    const asked = this.#asked.get(host);
    if (asked) return asked;
    const answer = this.#turn()
      .then(() => this.#lookup(host))
      .finally(() => {
        this.#asked.delete(host);
        this.#running -= 1;
        this.#waiting.shift()?.();
      });
    // Whoever asked may have given up.
    answer.catch(() => undefined);
    this.#asked.set(host, answer);
    return answer;
  }

  async #turn(): Promise<void> {
    while (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }
}
