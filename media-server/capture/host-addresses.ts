import { isIP } from 'node:net';
import type { Clock } from '../../process/clock.ts';

/** Asks the resolver of the machine for all addresses of a name. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** A resolver that has not answered by then counts as one that does not know the name. */
const ANSWER_MS = 5_000;
/** Lookups at a time: a silent resolver blocks a thread each, and Node has four, with which it also reads files. */
const AT_ONCE = 2;

/** A lookup that has its turn when others have ended. */
type Asked = { readonly turn: Promise<void>; readonly answer: Promise<readonly string[]> };
type Waiting = { readonly host: string; readonly begin: () => void };

/** The addresses of the hosts of sources. */
export class HostAddresses {
  readonly #lookup: Lookup;
  readonly #clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
  /** Lookups that have not ended, by name. Captures of the same host share one. */
  readonly #asked = new Map<string, Asked>();
  readonly #waiting: Waiting[] = [];
  /** When the lookups that are under way began, monotonic milliseconds. */
  readonly #running = new Map<string, number>();
  /** Names that the resolver did not answer in time when they were looked up last. */
  readonly #silent = new Set<string>();

  constructor(lookup: Lookup, clock: Pick<Clock, 'monotonic' | 'setTimeout'>) {
    this.#lookup = lookup;
    this.#clock = clock;
  }

  /** All addresses of a host. Rejects if it has none, or if the resolver does not answer. */
  async addressesOf(host: string): Promise<readonly string[]> {
    if (isIP(host)) return [host];
    const { answer, turn } = this.#asked.get(host) ?? this.#ask(host);
    await turn;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = this.#clock.setTimeout(
      () => reject(new Error(`no answer from the resolver for ${host} within ${ANSWER_MS / 1_000} s`)),
      ANSWER_MS,
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      timer.cancel();
    }
  }

  #ask(host: string): Asked {
    const { promise: turn, resolve: begin } = Promise.withResolvers<void>();
    const answer = turn.then(() => this.#lookup(host)).finally(() => this.#ended(host));
    // Whoever asked may have given up.
    answer.catch(() => undefined);
    const asked = { turn, answer };
    this.#asked.set(host, asked);
    this.#waiting.push({ host, begin });
    this.#beginNext();
    return asked;
  }

  /** Of the names that are not answered, one is looked up at a time: the others do not wait for them. */
  #beginNext(): void {
    if (this.#running.size >= AT_ONCE) return;
    const isOneSilent = [...this.#running.keys()].some((host) => this.#isSilent(host));
    const index = this.#waiting.findIndex(({ host }) => !isOneSilent || !this.#isSilent(host));
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (!next) return;
    this.#running.set(next.host, this.#clock.monotonic());
    next.begin();
  }

  #ended(host: string): void {
    if (this.#isLate(host)) this.#silent.add(host);
    else this.#silent.delete(host);
    this.#asked.delete(host);
    this.#running.delete(host);
    this.#beginNext();
  }

  #isSilent(host: string): boolean {
    return this.#silent.has(host) || this.#isLate(host);
  }

  #isLate(host: string): boolean {
    const now = this.#clock.monotonic();
    return now - (this.#running.get(host) ?? now) >= ANSWER_MS;
  }
}
