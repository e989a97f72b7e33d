import type { Report } from '../figures.ts';
import { measureAbsences } from './absences.ts';
import { measureEnds } from './ends.ts';
import { measureFailures } from './failures.ts';
import { measureHostile } from './hostile.ts';
import { measureLoss } from './loss.ts';
import { Site } from './site.ts';
import { measureStarts } from './starts.ts';
import { captureMemory, measureSteady } from './steady.ts';

/** Measures captures of cameras: starts, cost, ends, losses and failures. */
export async function benchCaptures(report: Report): Promise<void> {
  if (process.getuid?.() !== 0) return report('all', 'not measured: cameras in a network of their own need root');
  await using undo = new AsyncDisposableStack();
  const site = await Site.start(undo);
  const idle = captureMemory(site);
  await measureStarts(report, site);
  await measureSteady(report, site, idle);
  await measureHostile(report, site);
  await measureEnds(report, site);
  await measureLoss(report, site);
  await measureFailures(report, site);
  await measureAbsences(report, site);
}
