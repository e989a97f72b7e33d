import { type ChildProcess, fork } from 'node:child_process';
import type { PlayersTold, StartPlayers } from './clients.ts';

/** Clients per process. With more, the clients would be the bottleneck. */
const PER_PROCESS = 250;
/** Unix time in milliseconds, with fractions: processes compare it. */
export const now = (): number => performance.timeOrigin + performance.now();

/** Players, in separate processes. */
export class Players {
  readonly #processes: ChildProcess[] = [];
  readonly endedAt: number[] = [];
  readonly postMs: number[] = [];
  failed = 0;
  joinMs = 0;

  async start(url: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= PER_PROCESS) await this.#startProcess(url, Math.min(left, PER_PROCESS));
  }

  stop(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
  }

  async #startProcess(url: string, count: number): Promise<void> {
    const child = fork(new URL('./clients.ts', import.meta.url));
    this.#processes.push(child);
    await new Promise<void>((resolve) => {
      child.on('message', (message) => {
        const told = message as PlayersTold;
        if (told.kind === 'ended') {
          this.endedAt.push(told.at);
          return;
        }
        this.postMs.push(...told.postMs);
        this.failed += told.failed;
        this.joinMs += told.ms;
        resolve();
      });
      const order: StartPlayers = { url, count, concurrency: 10 };
      child.send(order);
    });
  }
}
