import type { TerminationAnswer, TerminationOrder } from '../../crds/schema/internal.ts';
import type { Log } from '../../process/logger.ts';
import type { Asking } from './ask.ts';
import { denialsHere, type TerminateHereDeps, terminateHere } from './terminate-here.ts';

export type TerminationsDeps = TerminateHereDeps & {
  readonly fleet: Pick<Asking, 'all'>;
  readonly log: Pick<Log, 'info'>;
};

const REMEMBER_MS = 60 * 60_000;
const MOST_REMEMBERED = 10_000;

type Remembered = { readonly at: number; readonly answer: Promise<TerminationAnswer> };

/**
 * Carries out StreamTerminations on this pod, each once: the operator may ask again, for example after a restart, and
 * gets the same answer for an hour.
 */
export class Terminations {
  readonly #deps: TerminationsDeps;
  /** By uid, oldest first. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(deps: TerminationsDeps) {
    this.#deps = deps;
  }

  async carryOut(order: TerminationOrder): Promise<TerminationAnswer> {
    const known = this.#remembered.get(order.uid);
    if (known) return known.answer;
    const answer = this.#carryOut(order);
    this.#remember(order.uid, answer);
    try {
      const { error } = await answer;
      if (error !== undefined) this.#remembered.delete(order.uid);
    } catch {
      // The caller gets the error; it asks again.
      this.#remembered.delete(order.uid);
    }
    return answer;
  }

  /** A ban is told to all pods before a stream ends: its client may start it again on any of them. */
  async #carryOut({ denyForMs, dryRun, filter, uid }: TerminationOrder): Promise<TerminationAnswer> {
    const { fleet, log } = this.#deps;
    const isDenied = denyForMs > 0 && !dryRun;
    const denials = isDenied ? denialsHere(this.#deps, { filter, denyForMs }).denials : [];
    const told = denials.length > 0 ? await fleet.all('deny', { denials }) : [];
    const silent = told.filter(({ error }) => error !== null).map(({ pod }) => pod);
    if (silent.length > 0) return { matched: 0, terminated: 0, error: `could not tell ${silent} who is denied` };
    const question = { filter, dryRun, cause: 'rest', denyForMs: isDenied ? denyForMs : 0, denials } as const;
    const { error, matchedIds, terminated } = await terminateHere(this.#deps, question);
    log.info({ uid, dryRun, matched: matchedIds.length, terminated }, 'a StreamTermination was carried out');
    return { matched: matchedIds.length, terminated, ...(error === undefined ? {} : { error }) };
  }

  #remember(uid: string, answer: Promise<TerminationAnswer>): void {
    const now = this.#deps.clock.monotonic();
    for (const [oldest, { at }] of this.#remembered) {
      if (now - at < REMEMBER_MS && this.#remembered.size < MOST_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(uid, { at: now, answer });
  }
}
