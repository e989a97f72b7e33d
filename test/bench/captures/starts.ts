import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../clock.ts';
import type { Report } from '../figures.ts';
import { percentile, spread } from '../statistics.ts';
import { KEY_FRAME_MS } from './recording.ts';
import { CAMERAS, type Site } from './site.ts';

/** Applies captures, one after the other. All are running afterwards. */
export async function measureStarts(report: Report, site: Site): Promise<void> {
  const publishedMs: number[] = [];
  const pictureMs: number[] = [];
  const captures = site.captures(CAMERAS);
  for (const [index, capture] of captures.entries()) {
    // At another time before the key frame of each camera.
    await sleep((index / CAMERAS) * KEY_FRAME_MS);
    const started = Promise.all([
      site.untilPublished([capture]),
      site.watchers.play(capture.name, site.whep(capture.name)),
    ]);
    const appliedAt = now();
    await site.apply(captures.slice(0, index + 1));
    const [[publishedAt = Number.NaN], pictureAt] = await started;
    publishedMs.push(publishedAt - appliedAt);
    pictureMs.push(pictureAt - appliedAt);
    await site.watchers.leave();
  }
  const p95 = percentile(publishedMs, 0.95);
  report('StreamCapture written until its stream is published', `${spread(publishedMs)}, p95 ${p95.toFixed(1)}`, {
    measured: p95,
    atMost: 1_000,
    unit: 'ms, p95',
  });
  report('… until a player that waits for it has the first key frame', spread(pictureMs), {
    measured: percentile(pictureMs, 1),
    atMost: KEY_FRAME_MS + 600,
    unit: 'ms',
  });
}
