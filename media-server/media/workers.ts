import type { WebRtcServer, Worker, WorkerResourceUsage } from 'mediasoup/types';
import type { Codec } from '../../crds/schema/server-config.ts';
import { urlHost } from '../../process/addresses.ts';
import { type Clock, sleep } from '../../process/clock.ts';
import { UserFault } from '../../process/user-fault.ts';
import type { Numbering } from '../sdp/numbering.ts';
import { routerCodecs } from './codecs.ts';
import { listenInfosOf } from './listen-infos.ts';
import { type MediaOptions, MediaUnavailable, type WorkerInfo } from './media.ts';
import { Routers } from './routers.ts';
import { numberingOf } from './worker-binary.ts';
import { logMediasoup, type WorkerLogDeps } from './worker-log.ts';
import { killWorker, startWorkerProcess } from './worker-process.ts';
import { watchWorker } from './worker-watch.ts';

/** The port of a dead worker may stay busy for a moment, and other causes of a failed start may be temporary too. */
const QUICK_TRIES = 20;
const QUICK_PAUSE_MS = 100;
const PAUSE_MS = 5_000;
/** How long to wait for an answer of a worker. */
const ANSWER_MS = 2_000;
/** A worker that has not exited this long after the request is killed. */
const EXIT_MS = 5_000;

/** One living worker process with its routers and its port. Never reused: a restart creates a new seat. */
export type Seat = {
  readonly index: number;
  readonly worker: Worker;
  readonly routers: Routers;
  readonly webRtcServer: WebRtcServer;
  /** Transports on this worker. */
  legs: number;
  /** Origins of errors that have been logged since the last session began. */
  readonly toldErrors: Set<string>;
};

export type WorkersDeps = WorkerLogDeps & { readonly clock: Clock; readonly onWorkerDeath: () => void };

/** The worker processes: one port each, restarted when they die. */
export class Workers {
  /** Depends on the worker binary: ours or the official one. */
  readonly numbering: Numbering;
  readonly #options: MediaOptions;
  readonly #deps: WorkersDeps;
  readonly #seats: (Seat | null)[];
  readonly #barriers = new Map<Worker, Promise<void>>();
  readonly #restarts = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  private constructor(numbering: Numbering, options: MediaOptions, deps: WorkersDeps) {
    this.numbering = numbering;
    this.#options = options;
    this.#deps = deps;
    this.#seats = new Array<Seat | null>(options.workers).fill(null);
  }

  static async start(options: MediaOptions, deps: WorkersDeps): Promise<Workers> {
    const workers = new Workers(options.numbering ?? (await numberingOf(options.workerBin)), options, deps);
    logMediasoup(deps, (pid, origin) => workers.#isNews(pid, origin));
    const { port, udpGso = true } = options;
    deps.log.info({ workers: options.workers, port, numbering: workers.numbering, udpGso }, 'starting mediasoup');
    try {
      for (let index = 0; index < options.workers; index++) await workers.#fill(index);
    } catch (error) {
      await workers.close();
      throw error;
    }
    return workers;
  }

  /** The living worker with the fewest transports. Throws while all workers are being restarted. */
  leastLoaded(): Seat {
    const [first, ...others] = this.#seats.filter((seat) => seat !== null);
    if (!first) throw new MediaUnavailable('no mediasoup worker is available: all are being restarted');
    return others.reduce((least, seat) => (seat.legs < least.legs ? seat : least), first);
  }

  async info(): Promise<WorkerInfo[]> {
    const seats = this.#seats.filter((seat) => seat !== null);
    return Promise.all(
      seats.map(async ({ index, legs, worker }) => {
        const usage = await this.#usage(worker);
        return { index, pid: worker.pid, legs, cpuSeconds: usage ? (usage.ru_utime + usage.ru_stime) / 1000 : 0 };
      }),
    );
  }

  /**
   * Resolves when the worker has processed all requests sent so far, since it answers them in order. Simultaneous
   * callers share one request.
   */
  barrier(worker: Worker): Promise<void> {
    const shared = this.#barriers.get(worker);
    if (shared) return shared;
    const barrier = Promise.resolve().then(async () => {
      // Requests that callers send from here on follow this one.
      this.#barriers.delete(worker);
      if (!worker.closed) await this.#usage(worker);
    });
    this.#barriers.set(worker, barrier);
    return barrier;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#restarts);
    const exits = this.#seats
      .filter((seat) => seat !== null)
      .map(({ worker }) => closeWorker(worker, this.#deps.clock));
    await Promise.all(exits);
  }

  /** The worker's resource usage after all requests so far; null when it does not answer in time. */
  #usage(worker: Worker): Promise<WorkerResourceUsage | null> {
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimeout(() => {
        this.#deps.log.warn({ pid: worker.pid, timeoutMs: ANSWER_MS }, 'a mediasoup worker does not answer');
        resolve(null);
      }, ANSWER_MS);
      const settle = (usage: WorkerResourceUsage | null): void => {
        timer.cancel();
        resolve(usage);
      };
      worker.getResourceUsage().then(settle, () => settle(null));
    });
  }

  #isNews(pid: number, origin: string): boolean {
    const told = this.#seats.find((seat) => seat?.worker.pid === pid)?.toldErrors;
    if (!told || told.has(origin)) return false;
    told.add(origin);
    return true;
  }

  async #fill(index: number): Promise<void> {
    const seat = await this.#seat(index);
    this.#seats[index] = seat;
    seat.worker.once('died', () => this.#replace(index));
    if (seat.worker.died) this.#replace(index);
  }

  #replace(index: number): void {
    this.#seats[index] = null;
    if (this.#closing.signal.aborted) return;
    this.#deps.onWorkerDeath();
    this.#deps.log.error({ worker: index }, 'a mediasoup worker died: its streams are lost, and it is being restarted');
    const restart = this.#restart(index).finally(() => this.#restarts.delete(restart));
    this.#restarts.add(restart);
  }

  /** Retries until the worker is back. */
  async #restart(index: number): Promise<void> {
    for (let attempt = 1; !this.#closing.signal.aborted; attempt++) {
      try {
        await this.#fill(index);
        this.#deps.log.info({ worker: index, attempt }, 'the mediasoup worker is back');
        return;
      } catch (error) {
        this.#deps.log.warn({ err: error, worker: index, attempt }, 'a mediasoup worker failed to start');
        await sleep(this.#deps.clock, attempt < QUICK_TRIES ? QUICK_PAUSE_MS : PAUSE_MS, this.#closing.signal);
      }
    }
  }

  async #seat(index: number): Promise<Seat> {
    const { codecs, listenAddress, port, udpGso = true, workerBin } = this.#options;
    const settings = { ...(workerBin === null ? {} : { workerBin }), logLevel: 'warn', logTags: ['info'] } as const;
    const worker = await startWorkerProcess({ ...settings, logTags: [...settings.logTags] }, { udpGso });
    watchWorker(worker, this.#deps.clock, () => {
      this.#deps.log.error({ worker: index, pid: worker.pid }, 'a mediasoup worker hangs and is killed');
      killWorker(worker);
    });
    try {
      const listenInfos = listenInfosOf(this.#options, port + index);
      const webRtcServer = await worker.createWebRtcServer({ listenInfos }).catch((error: unknown) => {
        const where = `${urlHost(listenAddress)}:${port + index} (UDP and TCP)`;
        throw new UserFault(`spec.media.port: cannot listen for media on ${where}`, { cause: error });
      });
      const router = await worker.createRouter({ mediaCodecs: routerCodecs(codecs as readonly Codec[]) });
      return { index, worker, routers: new Routers(worker, router), webRtcServer, legs: 0, toldErrors: new Set() };
    } catch (error) {
      await closeWorker(worker, this.#deps.clock);
      throw error;
    }
  }
}

/** Resolves when the process has exited, by itself or killed. */
async function closeWorker(worker: Worker, clock: Clock): Promise<void> {
  if (worker.subprocessClosed) return;
  const exited = new Promise<void>((resolve) => worker.once('subprocessclose', resolve));
  if (!worker.closed) worker.close();
  const timer = clock.setTimeout(() => killWorker(worker), EXIT_MS);
  await exited;
  timer.cancel();
}
