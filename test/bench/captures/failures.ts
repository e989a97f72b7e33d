import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../clock.ts';
import type { Report } from '../figures.ts';
import { programsOf } from './programs.ts';
import type { Site } from './site.ts';

const CAPTURED = 4;
const TIMES = 2;
const BETWEEN_MS = 3_000;
/** A line of the capture program's log. */
const REFUSED = 'no media server takes a capture';

/** Kills the capture program and the media worker, and looks when all streams are published again. */
export async function measureFailures(report: Report, site: Site): Promise<void> {
  await site.renew(site.captures(CAPTURED));
  const inUse = (): number => site.server.log.filter(({ msg, status }) => msg === REFUSED && status === 409).length;
  const before = inUse();
  const program = await killed(site, 'capture');
  const conflicts = inUse() - before;
  report('capture program killed until its streams are published again', texts(program), {
    measured: Math.max(...program),
    atMost: 15_000,
    unit: 'ms',
  });
  report('… publications that were answered 409', String(conflicts), { measured: conflicts, atMost: 0, unit: '' });
  const worker = await killed(site, 'workers');
  report('media worker killed until its streams are published again', texts(worker), {
    measured: Math.max(...worker),
    atMost: 5_000,
    unit: 'ms',
  });
}

async function killed(site: Site, what: 'capture' | 'workers'): Promise<number[]> {
  const ms: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    await sleep(BETWEEN_MS);
    const again = site.untilPublished(site.captures(CAPTURED));
    const killedAt = now();
    for (const pid of programsOf(site.server.process.child.pid ?? 0)[what]) process.kill(pid, 'SIGKILL');
    ms.push(Math.max(...(await again)) - killedAt);
  }
  return ms;
}

const texts = (ms: readonly number[]): string => ms.map((each) => `${each.toFixed(0)} ms`).join(', ');
