import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Media, Playback, Publication } from '../../media-server/media/media.ts';
import { request } from '../clients/media.ts';
import { until } from '../harness/wait.ts';
import { onInterrupt } from './interrupts.ts';
import type { SinkOrder, SinkTold } from './sink-process.ts';
import { udpCounter } from './udp-counters.ts';

/** Clients per process. */
const PER_PROCESS = 175;
/** What a worker has not forwarded by then it does not keep up with. */
const GRACE_MS = 100;

/** What a worker forwarded, and its share of a core, 0 to 1. */
export type Step = { readonly packetsPerSecond: number; readonly cpu: number };

/** Players in other processes, which are stopped while something is measured. */
export class Sinks {
  readonly #media: Media;
  readonly #publication: Publication;
  readonly #processes: ChildProcess[] = [];
  readonly #playbacks: Playback[] = [];
  readonly #forget: () => void;
  readonly #kill = (): void => {
    for (const child of this.#processes) child.kill('SIGKILL');
  };
  #connected = 0;

  constructor(media: Media, publication: Publication) {
    this.#media = media;
    this.#publication = publication;
    // A stopped process does not notice that this one is gone.
    process.once('exit', this.#kill);
    this.#forget = onInterrupt(this.#kill);
  }

  async connect(count: number): Promise<void> {
    for (let left = count; left > 0; left -= PER_PROCESS) this.#startProcess(Math.min(left, PER_PROCESS));
    await until('the players are connected', () => this.#connected === count, { timeoutMs: 60_000 });
  }

  /** Null if the worker did not forward all that was sent, in time. */
  async measure(send: () => Promise<number>): Promise<Step | null> {
    this.#signal('SIGSTOP');
    const before = await this.#counts();
    const startedAt = performance.now();
    const expected = await send();
    await sleep(GRACE_MS);
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = await this.#counts();
    this.#signal('SIGCONT');
    await sleep(500);
    const isComplete = after.packets - before.packets === expected && after.refused === before.refused;
    return isComplete ? { packetsPerSecond: expected / seconds, cpu: (after.cpu - before.cpu) / seconds } : null;
  }

  /** Resident memory of the worker, in bytes. */
  async memory(): Promise<number> {
    const [worker] = await this.#media.workers();
    const status = await readFile(`/proc/${worker?.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  }

  close(): void {
    this.#forget();
    process.off('exit', this.#kill);
    this.#kill();
  }

  #signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const child of this.#processes) child.kill(signal);
  }

  async #counts(): Promise<{ packets: number; cpu: number; refused: number }> {
    const metrics = await Promise.all(this.#playbacks.map((playback) => playback.metrics()));
    const [worker] = await this.#media.workers();
    return {
      packets: metrics.reduce((total, each) => total + each.packets, 0),
      cpu: worker?.cpuSeconds ?? 0,
      refused: await udpCounter('SndbufErrors'),
    };
  }

  #startProcess(count: number): void {
    const child = fork(new URL('./sink-process.ts', import.meta.url));
    this.#processes.push(child);
    child.on('message', async (message) => {
      const told = message as SinkTold;
      if (told.kind === 'connected') {
        this.#connected++;
        return;
      }
      const playback = await this.#media.play({ ...request(told.sdp), publication: this.#publication });
      this.#playbacks.push(playback);
      child.send({ kind: 'answer', id: told.id, sdp: playback.answer } satisfies SinkOrder);
    });
    child.send({ kind: 'offer', count } satisfies SinkOrder);
  }
}
