import { until } from '../../harness/wait.ts';
import { now } from '../clock.ts';
import type { Goal, Report } from '../figures.ts';
import { percentile, spread } from '../statistics.ts';
import { CAMERAS, type Site } from './site.ts';

const ROUNDS = 2;
const PATIENCE = { everyMs: 5 };

/** Ends captures and looks when their cameras are told. Captures 20 cameras before each round. */
export async function measureEnds(report: Report, site: Site): Promise<void> {
  const goal = (ms: readonly number[]): Goal => ({ measured: percentile(ms, 0.99), atMost: 100, unit: 'ms, p99' });
  const refused = await rounds(site, refuseEach);
  report('403 to a keep-alive until TEARDOWN at the camera', spread(refused), goal(refused));
  const terminated = await rounds(site, terminateEach);
  report('terminate of one stream until TEARDOWN at the camera', spread(terminated), goal(terminated));
  const all = await rounds(site, terminateAll);
  report(
    `terminate of ${CAMERAS} streams by {} until the last TEARDOWN`,
    all.map((ms) => `${ms.toFixed(1)} ms`).join(', '),
    {
      measured: Math.max(...all),
      atMost: 200,
      unit: 'ms',
    },
  );
  await site.apply([]);
}

async function rounds(site: Site, end: (site: Site) => Promise<number[]>): Promise<number[]> {
  const ms: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await site.renew(site.captures(CAMERAS));
    ms.push(...(await end(site)));
  }
  return ms;
}

/** A camera, by its number, and when it was told to stop since a time. */
async function toldAfter(site: Site, camera: number, since: number): Promise<number> {
  return until(`camera ${camera} is left`, () => site.cameras.teardowns(camera).find((at) => at >= since), PATIENCE);
}

async function refuseEach(site: Site): Promise<number[]> {
  const refusedAt = new Map<unknown, number>();
  site.answer(({ body, method }) => {
    if (method !== 'StreamKeepAliveEvent') return 200;
    if (!refusedAt.has(body['name'])) refusedAt.set(body['name'], now());
    return 403;
  });
  const captures = site.captures(CAMERAS);
  try {
    return await Promise.all(
      captures.map(async ({ name }, camera) => {
        const at = await until(`${name} is refused`, () => refusedAt.get(name), PATIENCE);
        return (await toldAfter(site, camera, at)) - at;
      }),
    );
  } finally {
    site.answer(() => 200);
  }
}

async function terminateEach(site: Site): Promise<number[]> {
  const ms: number[] = [];
  for (const [camera, { name }] of site.captures(CAMERAS).entries()) {
    const orderedAt = await terminate(site, { name });
    ms.push((await toldAfter(site, camera, orderedAt)) - orderedAt);
  }
  return ms;
}

async function terminateAll(site: Site): Promise<number[]> {
  const orderedAt = await terminate(site, {});
  const told = await Promise.all(site.captures(CAMERAS).map((_, camera) => toldAfter(site, camera, orderedAt)));
  return [Math.max(...told) - orderedAt];
}

/** Returns when it was ordered. */
async function terminate(site: Site, filter: object): Promise<number> {
  const orderedAt = now();
  const { status } = await site.server.terminate(filter);
  if (status !== 200) throw new Error(`terminate answered ${status}`);
  return orderedAt;
}
