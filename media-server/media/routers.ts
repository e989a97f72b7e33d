import type { Router, RouterRtpCodecCapability, Worker } from 'mediasoup/types';

/** A router in use. Call `release` once. */
export type RouterLease = { readonly router: Router; release(): void };

type Numbered = { readonly made: Promise<Router>; users: number };

/**
 * The routers of a worker. Publications are on the main one. Players whose offers have other payload types use one
 * router per set of payload types, which is closed after its last use.
 */
export class Routers {
  readonly main: Router;
  readonly #worker: Worker;
  readonly #numbered = new Map<string, Numbered>();

  constructor(worker: Worker, main: Router) {
    this.#worker = worker;
    this.main = main;
  }

  /** Number of routers besides the main one. */
  get numbered(): number {
    return this.#numbered.size;
  }

  /** The main router for `null`, else one with just these codecs and payload types. Throws what mediasoup refuses. */
  async lease(codecs: readonly RouterRtpCodecCapability[] | null): Promise<RouterLease> {
    if (codecs === null) return { router: this.main, release: () => {} };
    const key = JSON.stringify(codecs);
    const numbered = this.#numbered.get(key) ?? this.#make(key, codecs);
    numbered.users++;
    try {
      return { router: await numbered.made, release: once(() => this.#release(key, numbered)) };
    } catch (error) {
      this.#release(key, numbered);
      throw error;
    }
  }

  #make(key: string, codecs: readonly RouterRtpCodecCapability[]): Numbered {
    const numbered = { made: this.#worker.createRouter({ mediaCodecs: [...codecs] }), users: 0 };
    this.#numbered.set(key, numbered);
    return numbered;
  }

  #release(key: string, numbered: Numbered): void {
    numbered.users--;
    if (numbered.users > 0) return;
    this.#numbered.delete(key);
    // A router that could not be created was reported to its callers.
    numbered.made.then(
      (router) => router.close(),
      () => {},
    );
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}
