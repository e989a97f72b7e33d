import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Sampling interval of the event loop in milliseconds, which is subtracted from its delays. */
const RESOLUTION_MS = 10;

export type Load = {
  /** Share of one core that this process used, garbage collection included, 0 to 1. */
  readonly cpu: number;
  /** Event-loop delay in milliseconds. */
  readonly delayP50: number;
  readonly delayP99: number;
  readonly delayMax: number;
};

/** Measures the CPU time and event-loop delay of this process for a time. */
export async function measureLoad(ms: number): Promise<Load> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  delay.enable();
  await sleep(ms);
  delay.disable();
  const { system, user } = process.cpuUsage(cpuBefore);
  const delayMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  return {
    cpu: (user + system) / 1_000 / (performance.now() - startedAt),
    delayP50: delayMs(delay.percentile(50)),
    delayP99: delayMs(delay.percentile(99)),
    delayMax: delayMs(delay.max),
  };
}
