import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { Clock } from '../../process/clock.ts';
import type { StreamRegistry } from './registry.ts';
import type { Session } from './session.ts';
import type { SessionRegistry } from './session-registry.ts';
import type { Played, Stream } from './stream.ts';

export type TerminateDeps = {
  readonly registry: StreamRegistry;
  readonly sessions: SessionRegistry;
  readonly clock: Clock;
  /** Leaves the keep-alive loop and aborts a call in flight; idempotent. */
  readonly keepAlive: { remove(stream: Stream): void };
  /** Ends the playbacks of a publication on other pods. Returns the names of the pods that did not confirm it. */
  readonly elsewhere: { end(publication: Stream, order: string | undefined): Promise<readonly string[]> };
  /** Called once for every stream, when its transport is closed and it has left the registry. */
  readonly ended: (stream: Stream, durationMs: number) => void;
  /** Called once for every session, when it has left its registry: after `ended` of its last stream. */
  readonly sessionEnded: (session: Session) => void;
  /** Called when a transport could not be closed, before `ended`. */
  readonly closeFailed: (stream: Stream, error: unknown) => void;
};

export type EndOptions = {
  /** When the order arrived, monotonic milliseconds; default now. */
  readonly orderedAt?: number;
  /** The id of an order that other pods have been given as well. */
  readonly order?: string;
  /** A StreamTermination orders it. */
  readonly isResource?: boolean;
};

/** What became of several streams. */
export type Ended = {
  /** Streams that this call ended. */
  readonly ended: number;
  /** Streams that could not be closed. They have left the registry all the same. */
  readonly failed: number;
  /** Pods that did not confirm that playbacks there have ended. */
  readonly untold: readonly string[];
};

/** The only way a stream or a session ends. */
export class Terminator {
  readonly #deps: TerminateDeps;
  readonly #ending = new Map<Stream, Promise<void>>();

  constructor(deps: TerminateDeps) {
    this.#deps = deps;
  }

  /**
   * Ends a stream; a publication takes its playbacks with it, and the only stream its session. Resolves when the
   * transports are closed and nothing is left in the registry: `true` for the caller that ended it, `false` for a later
   * caller, which waits as well. Rejects when a transport could not be closed. Everything up to the closing of the
   * transport happens before the first await.
   */
  async end(stream: Stream, cause: EndCause, options: EndOptions = {}): Promise<boolean> {
    return (await this.#end(stream, cause, options)) !== null;
  }

  /** Returns the pods that did not confirm the end of their playbacks; null if the stream was ending already. */
  async #end(stream: Stream, cause: EndCause, options: EndOptions): Promise<readonly string[] | null> {
    const { clock, elsewhere } = this.#deps;
    const orderedAt = options.orderedAt ?? clock.monotonic();
    if (!stream.markEnded(cause, clock.now(), options.isResource)) {
      await this.settled(stream);
      return null;
    }
    if (stream.session.endsWithStream) stream.session.markEnded(cause);
    const untold = elsewhere.end(stream, options.order);
    const work = this.#close(stream, orderedAt);
    this.#ending.set(stream, work);
    await work;
    return untold;
  }

  /**
   * Ends streams for one cause; playbacks first, so that none of them ends because of its publication instead. A stream
   * that fails to close stops no other.
   */
  async endAll(streams: Iterable<Stream>, cause: EndCause, options: EndOptions = {}): Promise<Ended> {
    const playbacksFirst = [...streams].sort((a, b) => Number(a.published) - Number(b.published));
    const results = await Promise.allSettled(playbacksFirst.map((stream) => this.#end(stream, cause, options)));
    const untold = results.flatMap((result) => (result.status === 'fulfilled' ? (result.value ?? []) : []));
    return {
      ended: results.filter((result) => result.status === 'fulfilled' && result.value !== null).length,
      failed: results.filter(({ status }) => status === 'rejected').length,
      untold: [...new Set(untold)],
    };
  }

  /**
   * Ends the streams of a session, then the session. Resolves when nothing of it is left: with what became of its
   * streams for the caller that ended it, with null for a later caller, which waits as well. Never rejects.
   */
  async endSession(session: Session, cause: EndCause, options: EndOptions = {}): Promise<Ended | null> {
    if (!session.markEnded(cause)) {
      await session.over;
      return null;
    }
    const ended = await this.endAll(this.#deps.registry.bySession(session.id), cause, options);
    this.#leave(session);
    // A stream that another caller ended may still be closing.
    await session.over;
    return ended;
  }

  /** Ends all streams and sessions of this pod. */
  async endEverything(cause: EndCause): Promise<void> {
    const { registry, sessions } = this.#deps;
    await this.endAll(registry.all(), cause);
    await Promise.all([...sessions.all()].map((session) => this.endSession(session, cause)));
  }

  /** Ends the playbacks of a publication that has ended. Rejects when a transport could not be closed. */
  async endPlaybacks(publication: Played, orderedAt: number): Promise<void> {
    await Promise.all(
      [...this.#deps.registry.playbacksOf(publication)].map((playback) =>
        this.end(playback, playback.leg?.workerDied() ? 'worker_died' : 'publisher_gone', { orderedAt }),
      ),
    );
  }

  /** Resolves when a stream that is ending has left the registry; at once when it is not ending. */
  async settled(stream: Stream): Promise<void> {
    await this.#ending.get(stream);
  }

  async #close(stream: Stream, orderedAt: number): Promise<void> {
    const { clock, closeFailed, ended, keepAlive, registry } = this.#deps;
    keepAlive.remove(stream);
    const playbacks = this.endPlaybacks(stream, orderedAt);
    // A failure is reported below, where the promise is awaited.
    playbacks.catch(() => undefined);
    try {
      await stream.leg?.close();
    } catch (error) {
      closeFailed(stream, error);
      throw error;
    } finally {
      // Even if closing failed, an ended stream leaves the registry, and its playbacks are awaited.
      registry.remove(stream);
      this.#ending.delete(stream);
      try {
        ended(stream, clock.monotonic() - orderedAt);
      } finally {
        this.#leave(stream.session);
      }
      await playbacks;
    }
  }

  /** Removes a session that is ending once it has no stream left. */
  #leave(session: Session): void {
    const { registry, sessionEnded, sessions } = this.#deps;
    if (session.cause === null || registry.bySession(session.id).size > 0) return;
    if (!sessions.remove(session)) return;
    session.markOver();
    sessionEnded(session);
  }
}
