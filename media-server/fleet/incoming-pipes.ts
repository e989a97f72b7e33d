import type { RosterMember } from '../../crds/schema/internal.ts';
import type { Log } from '../../process/logger.ts';
import { MediaUnavailable } from '../media/media.ts';
import type { PipedStream } from '../streams/stream.ts';
import { IncomingPipe, type IncomingPipeDeps, type Wanted } from './incoming-pipe.ts';
import type { Names } from './names.ts';

export type IncomingPipesDeps = IncomingPipeDeps & {
  readonly names: Pick<Names, 'holderOf'>;
  readonly log: Pick<Log, 'warn'>;
  readonly metrics: { pipeFailed(): void };
};

/** How long a failure is reported, milliseconds. */
const TELL_MS = 60_000;
/** A reason comes from another pod. */
const MOST_CHARACTERS = 500;

type Entry = { readonly pipe: IncomingPipe; readonly opening: Promise<PipedStream | null> };

/** The pipes that bring publications of other pods here: one for each publication, while it is played. */
export class IncomingPipes {
  readonly #deps: IncomingPipesDeps;
  readonly #pipes = new Map<string, Entry>();
  /** The latest pipe that is being opened to a pod, by its uid. */
  readonly #opening = new Map<string, IncomingPipe>();
  /** The latest failure of each pod in the last minute, by its uid. */
  readonly #failures = new Map<string, { readonly text: string; readonly at: number }>();
  #isClosed = false;

  constructor(deps: IncomingPipesDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return [...this.#pipes.values()].filter(({ pipe }) => pipe.live).length;
  }

  /** Why a pipe could not be opened in the last minute; null = none failed. */
  fault(): string | null {
    this.#forget();
    const [first] = this.#failures.values();
    return first?.text ?? null;
  }

  /** Whether a stream of this pod could not be fetched in the last minute. */
  hasFailed({ uid }: RosterMember): boolean {
    this.#forget();
    return this.#failures.has(uid);
  }

  /** Whether a publication of another pod can be played without a new pipe. */
  isOpen(appKey: string, name: string): boolean {
    return this.#pipes.get(keyOf({ appKey, name }))?.pipe.live ?? false;
  }

  /** Whether another pod has announced that this publication is live there. */
  isLive(appKey: string, name: string): boolean {
    return this.#deps.names.holderOf(appKey, name) !== null;
  }

  /**
   * Brings a publication of another pod here; null if it is not live there. Throws `MediaUnavailable` if it cannot be
   * fetched; the log and `fault` have the reason.
   */
  async fetch(appKey: string, name: string): Promise<PipedStream | null> {
    const open = this.#pipes.get(keyOf({ appKey, name }));
    if (open) return open.opening;
    const holder = this.#deps.names.holderOf(appKey, name);
    return holder && !this.#isClosed ? this.#start({ appKey, name, holder }) : null;
  }

  close(): void {
    this.#isClosed = true;
    for (const { pipe } of this.#pipes.values()) pipe.close();
  }

  #start(wanted: Wanted): Promise<PipedStream | null> {
    const pipe = new IncomingPipe(wanted, this.#deps);
    const entry = { pipe, opening: this.#open(pipe, wanted) };
    this.#pipes.set(keyOf(wanted), entry);
    const forget = (): void => {
      if (this.#pipes.get(keyOf(wanted)) === entry) this.#pipes.delete(keyOf(wanted));
    };
    entry.opening.then((isOpen) => (isOpen ? pipe.hold() : undefined)).then(forget, forget);
    return entry.opening;
  }

  async #open(pipe: IncomingPipe, wanted: Wanted): Promise<PipedStream | null> {
    const { uid } = wanted.holder;
    // One that is being opened has transports to share in a moment.
    const before = this.#opening.get(uid);
    if (!before) this.#opening.set(uid, pipe);
    await before?.chosen;
    try {
      return (await pipe.open()) ? pipe : null;
    } catch (error) {
      throw this.#failed(wanted, error);
    } finally {
      if (this.#opening.get(uid) === pipe) this.#opening.delete(uid);
    }
  }

  #forget(): void {
    const since = this.#deps.clock.monotonic() - TELL_MS;
    for (const [uid, { at }] of this.#failures) if (at <= since) this.#failures.delete(uid);
  }

  #failed({ appKey, holder, name }: Wanted, error: unknown): MediaUnavailable {
    const { clock, log, metrics } = this.#deps;
    metrics.pipeFailed();
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, MOST_CHARACTERS);
    this.#failures.set(holder.uid, { text: `no pipe from pod ${holder.pod}: ${reason}`, at: clock.monotonic() });
    log.warn({ err: error, pod: holder.pod, appKey, name }, 'a stream of another pod could not be fetched');
    return new MediaUnavailable('the publication is on another pod, and cannot be fetched', { cause: error });
  }
}

/** App keys contain no line feed. */
const keyOf = ({ appKey, name }: Pick<Wanted, 'appKey' | 'name'>): string => `${appKey}\n${name}`;
