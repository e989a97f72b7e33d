import type { TerminationAnswer, TerminationOrder } from '../../crds/schema/internal.ts';
import type { Log } from '../../process/logger.ts';
import type { Denial } from '../streams/deny.ts';
import type { Asked } from './ask.ts';
import type { Question } from './messages.ts';
import { denialsHere, type TerminateHereDeps, terminateHere } from './terminate-here.ts';

export type TerminationsDeps = TerminateHereDeps & {
  /** Tells all pods who is denied. */
  readonly fleet: { all(op: 'deny', question: Question<'deny'>): Promise<readonly Asked<unknown>[]> };
  readonly log: Pick<Log, 'info'>;
};

const REMEMBER_MS = 60 * 60_000;
const MOST_REMEMBERED = 10_000;

/** Bans that not all pods have been told yet. */
type Bans = { untold: Denial[] };

type Remembered = { readonly at: number; readonly answer: Promise<TerminationAnswer>; readonly bans: Bans };

/**
 * Carries out StreamTerminations on this pod, each once: the operator may ask again, for example after a restart, and
 * gets the same answer for an hour. An answer with an error says that a ban does not hold everywhere yet.
 */
export class Terminations {
  readonly #deps: TerminationsDeps;
  /** By uid, oldest first. */
  readonly #remembered = new Map<string, Remembered>();

  constructor(deps: TerminationsDeps) {
    this.#deps = deps;
  }

  async carryOut(order: TerminationOrder): Promise<TerminationAnswer> {
    const { answer, bans } = this.#remembered.get(order.uid) ?? this.#begin(order);
    const told = await answer;
    const silent = await this.#tell(bans);
    return silent.length === 0 ? told : { ...told, error: `could not tell ${silent.join(', ')} who is denied` };
  }

  #begin(order: TerminationOrder): Remembered {
    const bans: Bans = { untold: [] };
    const begun = { at: this.#deps.clock.monotonic(), answer: this.#end(order, bans), bans };
    this.#remember(order.uid, begun);
    return begun;
  }

  /** A ban is told to all pods before a stream ends: its client may start it again on any of them. */
  async #end({ denyForMs, dryRun, filter, uid }: TerminationOrder, bans: Bans): Promise<TerminationAnswer> {
    const { log } = this.#deps;
    const isDenied = denyForMs > 0 && !dryRun;
    const denials = isDenied ? denialsHere(this.#deps, { filter, denyForMs }).denials : [];
    bans.untold = denials;
    await this.#tell(bans);
    const question = {
      ...{ filter, dryRun, denials, order: uid },
      denyForMs: isDenied ? denyForMs : 0,
    };
    const answer = await terminateHere(this.#deps, question, { isResource: true });
    const { denials: all, denied, error: warning, matchedIds, terminated } = answer;
    const foreseen = new Set(denials.map(({ key }) => key));
    // Streams that started meanwhile.
    bans.untold.push(...all.filter(({ key }) => !foreseen.has(key)));
    log.info({ uid, dryRun, denyForMs, matched: matchedIds.length, terminated }, 'a StreamTermination was carried out');
    return {
      matched: matchedIds.length,
      terminated,
      ...(isDenied ? { denied } : {}),
      ...(warning === undefined ? {} : { warning }),
    };
  }

  /** Tells all pods the bans that are left. Returns the names of those that do not answer. */
  async #tell(bans: Bans): Promise<readonly string[]> {
    if (bans.untold.length === 0) return [];
    const told = await this.#deps.fleet.all('deny', { denials: [...bans.untold] });
    const silent = told.filter(({ error }) => error !== null).map(({ pod }) => pod);
    if (silent.length === 0) bans.untold = [];
    return silent;
  }

  #remember(uid: string, remembered: Remembered): void {
    for (const [oldest, { at }] of this.#remembered) {
      if (remembered.at - at < REMEMBER_MS && this.#remembered.size < MOST_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(uid, remembered);
  }
}
