import type { Router } from 'mediasoup/types';

/** Tracks of a publication on some router, given back with `release` (once). */
export type PipeLease = {
  /** The id that the router has for a track. */
  readonly idOf: (trackId: string) => string;
  readonly release: () => void;
};

/** One track on its way to one router. */
type Pipe = { readonly key: string; readonly trackId: string; readonly made: Promise<Piped>; users: number };
type Piped = { readonly id: string; close(): void };

/**
 * The ways on which the tracks of one publication reach other routers: each made for the first playback of it there,
 * closed after the last one.
 */
export class Pipes {
  readonly #source: Router;
  readonly #pipes = new Map<string, Pipe>();

  constructor(source: Router) {
    this.#source = source;
  }

  /** Makes tracks available on a router. Throws when the publication or the router has closed meanwhile. */
  async lease(target: Router, trackIds: readonly string[]): Promise<PipeLease> {
    if (target === this.#source) return { idOf: (trackId) => trackId, release: () => {} };
    const pipes = trackIds.map((trackId) => this.#use(target, trackId));
    const release = (): void => {
      for (const pipe of pipes) this.#release(pipe);
    };
    try {
      const ids = new Map(
        await Promise.all(pipes.map(async ({ made, trackId }) => [trackId, (await made).id] as const)),
      );
      return { idOf: (trackId) => ids.get(trackId) ?? trackId, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #use(target: Router, trackId: string): Pipe {
    const key = `${target.id} ${trackId}`;
    const pipe = this.#pipes.get(key) ?? { key, trackId, made: this.#connect(target, trackId), users: 0 };
    this.#pipes.set(key, pipe);
    pipe.users++;
    return pipe;
  }

  #release(pipe: Pipe): void {
    pipe.users--;
    if (pipe.users > 0) return;
    this.#pipes.delete(pipe.key);
    // One that could not be made has been reported to those who wanted it.
    pipe.made.then(
      (piped) => piped.close(),
      () => {},
    );
  }

  async #connect(target: Router, trackId: string): Promise<Piped> {
    // Not the same id: the router may be in the same worker, where ids are unique.
    const options = { producerId: trackId, router: target, keepId: false, enableSctp: false };
    const { pipeConsumer, pipeProducer } = await this.#source.pipeToRouter(options);
    if (!pipeConsumer || !pipeProducer) throw new Error('mediasoup has made no pipe');
    // The producer on the other router goes with the consumer.
    return { id: pipeProducer.id, close: () => pipeConsumer.close() };
  }
}
