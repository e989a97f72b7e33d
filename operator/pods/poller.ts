import { type Clock, sleep } from '../../process/clock.ts';
import type { PodClient } from './client.ts';
import { essence } from './essence.ts';
import type { Fleet } from './fleets.ts';
import type { Pod } from './pod.ts';
import { report } from './push.ts';

type Polled = Pick<Fleet, 'reports'> & { readonly client: Pick<PodClient, 'status'> | null };

export type PollerDeps = {
  readonly fleets: { entries(): Iterable<[string, Polled]> };
  readonly clock: Clock;
  /** The pods of a MediaServer. */
  readonly podsOf: (key: string) => readonly Pod[];
  /** Called when a report changed in a part that conditions depend on. */
  readonly onChange: (key: string) => void;
  /** Called after each round, to write counts. */
  readonly onRound: () => Promise<void>;
};

const EVERY_MS = 10_000;

/** Polls the status of all running pods. */
export class Poller {
  readonly #deps: PollerDeps;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(deps: PollerDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, fleets, onRound } = this.#deps;
    while (!this.#stopped.signal.aborted) {
      await sleep(clock, EVERY_MS, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
      await Promise.all([...fleets.entries()].map(([key, fleet]) => this.#ask(key, fleet)));
      if (!this.#stopped.signal.aborted) await onRound();
    }
  }

  async #ask(key: string, { client, reports }: Polled): Promise<void> {
    if (!client) return;
    const before = essence(reports);
    const running = this.#deps.podsOf(key).filter(({ isRunning }) => isRunning);
    await Promise.all(
      running.map(async (pod) => {
        const { uid } = pod;
        const known = reports.get(uid);
        const answer = await report(client.status(pod));
        // A push may have stored a newer status in the meantime.
        if (reports.get(uid) === known) reports.set(uid, answer);
      }),
    );
    if (essence(reports) !== before) this.#deps.onChange(key);
  }
}
