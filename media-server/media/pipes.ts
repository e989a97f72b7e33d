import type { Consumer, Producer, Router } from 'mediasoup/types';

/** The tracks of a publication on some router, given back with `release` (once). */
export type PipeLease = {
  /** The id that the router has for a track. */
  readonly idOf: (trackId: string) => string;
  readonly release: () => void;
};

type Piped = { readonly consumer: Consumer; readonly producer: Producer; readonly trackId: string };
type Pipe = { readonly made: Promise<Piped[]>; users: number };

/**
 * The ways on which the tracks of one publication reach other routers: made for the first playback there, closed after
 * the last one.
 */
export class Pipes {
  readonly #source: Router;
  readonly #producers: readonly Producer[];
  readonly #pipes = new Map<Router, Pipe>();

  constructor(source: Router, producers: readonly Producer[]) {
    this.#source = source;
    this.#producers = producers;
  }

  /** Makes the tracks available on a router. Throws when the publication or the router has closed meanwhile. */
  async lease(target: Router): Promise<PipeLease> {
    if (target === this.#source) return { idOf: (trackId) => trackId, release: () => {} };
    const pipe = this.#pipes.get(target) ?? this.#open(target);
    pipe.users++;
    try {
      const ids = new Map((await pipe.made).map(({ producer, trackId }) => [trackId, producer.id]));
      return { idOf: (trackId) => ids.get(trackId) ?? trackId, release: () => this.#release(target, pipe) };
    } catch (error) {
      this.#release(target, pipe);
      throw error;
    }
  }

  #open(target: Router): Pipe {
    const pipe: Pipe = { made: this.#connect(target), users: 0 };
    this.#pipes.set(target, pipe);
    return pipe;
  }

  #release(target: Router, pipe: Pipe): void {
    pipe.users--;
    if (pipe.users > 0) return;
    if (this.#pipes.get(target) === pipe) this.#pipes.delete(target);
    // One that could not be made has been reported to those who wanted it.
    pipe.made.then(closeAll, () => {});
  }

  /** All tracks or none. */
  async #connect(target: Router): Promise<Piped[]> {
    const made: Piped[] = [];
    try {
      for (const { id } of this.#producers) {
        // Not the same id: the router may be in the same worker, where ids are unique.
        const pipe = await this.#source.pipeToRouter({
          producerId: id,
          router: target,
          keepId: false,
          enableSctp: false,
        });
        const { pipeConsumer: consumer, pipeProducer: producer } = pipe;
        if (consumer && producer) made.push({ consumer, producer, trackId: id });
      }
      return made;
    } catch (error) {
      closeAll(made);
      throw error;
    }
  }
}

/** The producer on the other router goes with the consumer. */
function closeAll(piped: readonly Piped[]): void {
  for (const { consumer } of piped) consumer.close();
}
