import type { Consumer, Producer, Router } from 'mediasoup/types';

type Pipe = { readonly made: Promise<Consumer[]>; users: number };

/** The ways on which the tracks of one publication reach other routers: made for the first playback there, closed after the last. */
export class Pipes {
  readonly #source: Router;
  readonly #producers: readonly Producer[];
  readonly #pipes = new Map<Router, Pipe>();

  constructor(source: Router, producers: readonly Producer[]) {
    this.#source = source;
    this.#producers = producers;
  }

  /** How many routers the tracks are piped to. */
  get size(): number {
    return this.#pipes.size;
  }

  /** Makes the tracks available in the router, under their own ids. The caller calls what is returned when it is done. */
  async lease(target: Router): Promise<() => void> {
    if (target === this.#source) return () => {};
    const pipe = this.#pipes.get(target) ?? this.#open(target);
    pipe.users++;
    try {
      await pipe.made;
    } catch (error) {
      this.#release(target, pipe);
      throw error;
    }
    return () => this.#release(target, pipe);
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
    pipe.made.then(closeAll, () => {});
  }

  /** All tracks or none. */
  async #connect(target: Router): Promise<Consumer[]> {
    const made: Consumer[] = [];
    try {
      for (const { id } of this.#producers) {
        const pipe = await this.#source.pipeToRouter({ producerId: id, router: target, enableSctp: false });
        if (pipe.pipeConsumer) made.push(pipe.pipeConsumer);
      }
      return made;
    } catch (error) {
      closeAll(made);
      throw error;
    }
  }
}

/** A pipe's producer on the other router goes with its consumer. */
function closeAll(consumers: readonly Consumer[]): void {
  for (const consumer of consumers) consumer.close();
}
