import { describe, expect, it } from 'vitest';
import { startProcess } from '../../harness/processes.ts';
import { consumptionOf } from './consumption.ts';

describe('the consumption of processes', () => {
  it('is their CPU time, of all threads, and their memory', async ({ onTestFinished }) => {
    const started = (code: string) => {
      const process = startProcess('/usr/bin/env', ['node', '-e', code]);
      onTestFinished(() => process.stop('SIGKILL'));
      return process.child.pid ?? 0;
    };
    const busy = started('new (require("node:worker_threads").Worker)("for(;;);", { eval: true })');
    const [idle, large] = [
      started('setInterval(() => {}, 1e6)'),
      started('setInterval(() => {}, 1e6); global.a = Buffer.alloc(5e7, 1)'),
    ];
    await consumptionOf({}, 500);
    const { all, none } = await consumptionOf({ all: [busy, large], none: [idle] }, 500);
    expect(all.cpu).toBeGreaterThan(0.1);
    expect(none.cpu).toBeLessThan(0.1);
    expect(all.memory - none.memory).toBeGreaterThan(50);
    expect(none.memory).toBeLessThan(100);
  });
});
