import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Shares of one core, 0 to 1, and memory in MiB (PSS: memory that processes share is divided among them). */
export type Consumption = { readonly cpu: number; readonly memory: number };

/** Measures groups of processes for a time: their CPU in it, and their memory at its end. */
export async function consumptionOf<G extends string>(
  groups: Readonly<Record<G, readonly number[]>>,
  ms: number,
): Promise<Record<G, Consumption>> {
  const names = Object.keys(groups) as G[];
  const cpu = (name: G): number => sum(groups[name].map(cpuMs));
  const before = names.map(cpu);
  const startedAt = performance.now();
  await sleep(ms);
  const tookMs = performance.now() - startedAt;
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      { cpu: (cpu(name) - (before[index] ?? 0)) / tookMs, memory: sum(groups[name].map(memoryOf)) },
    ]),
  ) as Record<G, Consumption>;
}

/** Memory of a process, MiB (PSS, proc(5)). */
export function memoryOf(pid: number): number {
  return Number(/^Pss:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
}

/** The time for which the threads of a process have run, in ms. Times of the scheduler, not samples of its clock. */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return (
    sum(threads.map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))) /
    1e6
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
