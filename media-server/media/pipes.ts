import type { Router } from 'mediasoup/types';

/** Tracks of a publication on a router. Call `release` once. */
export type PipeLease = {
  /** The id of a track on the router. */
  readonly idOf: (trackId: string) => string;
  readonly release: () => void;
};

/** The pipe of one track to one router. */
type Pipe = { readonly key: string; readonly trackId: string; readonly made: Promise<Piped>; users: number };
type Piped = { readonly id: string; close(): void };

/**
 * The pipes of one publication's tracks to other routers. Each is created for the first playback on that router and
 * closed after the last one.
 */
export class Pipes {
  readonly #source: Router;
  readonly #pipes = new Map<string, Pipe>();

  constructor(source: Router) {
    this.#source = source;
  }

  /** Makes tracks available on a router. Throws if the publication or the router closed meanwhile. */
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
    // A pipe that could not be created was reported to its callers.
    pipe.made.then(
      (piped) => piped.close(),
      () => {},
    );
  }

  async #connect(target: Router, trackId: string): Promise<Piped> {
    // Use a new id: the router may be in the same worker, where ids are unique.
    const options = { producerId: trackId, router: target, keepId: false, enableSctp: false };
    const { pipeConsumer, pipeProducer } = await this.#source.pipeToRouter(options);
    if (!pipeConsumer || !pipeProducer) throw new Error('mediasoup returned no pipe');
    // Closing the consumer closes the producer on the other router.
    return { id: pipeProducer.id, close: () => pipeConsumer.close() };
  }
}
