import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../harness/wait.ts';
import { now } from '../clock.ts';
import type { Report } from '../figures.ts';
import { LoopCameras } from './loop-cameras.ts';
import type { Capture, Site } from './site.ts';

const [SHORT_MS, LONG_MS] = [10_000, 60_000];
/** Longer than the longest back-off. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 250 };

type Absent = { readonly capture: Capture; readonly cameras: LoopCameras };

/** Two cameras go away, for ten seconds and for a minute. */
export async function measureAbsences(report: Report, site: Site): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const away = async (name: string): Promise<Absent> => {
    const cameras = await LoopCameras.start({ ...site.cameras.setup, count: 1 });
    undo.defer(() => cameras.kill());
    return { cameras, capture: { name, url: cameras.url(0) } };
  };
  const [short, long] = [await away('shortly'), await away('long')];
  await site.renew([short.capture, long.capture]);
  for (const { capture } of [short, long]) await site.watchers.play(capture.name, site.whep(capture.name));
  const leftAt = now();
  await Promise.all([short.cameras.kill(), long.cameras.kill()]);
  await Promise.all([
    shortAbsence(report, site, { ...short, leftAt, undo }),
    longAbsence(report, site, { ...long, leftAt, undo }),
  ]);
  await site.watchers.leave();
}

type Absence = Absent & { readonly leftAt: number; readonly undo: AsyncDisposableStack };

/** Brings the camera back. Returns when it listens. */
async function comesBack({ cameras, leftAt, undo }: Absence, afterMs: number): Promise<number> {
  await sleep(leftAt + afterMs - now());
  const again = await cameras.again();
  undo.defer(() => again.kill());
  return now();
}

async function shortAbsence(report: Report, site: Site, absence: Absence): Promise<void> {
  const { name } = absence.capture;
  const returnedAt = await comesBack(absence, SHORT_MS);
  const seen = async () => (await site.watchers.seen()).find((each) => each.name === name);
  const frame = await until(
    'the same player sees the camera again',
    async () => (await seen())?.frames.find(({ sentAt }) => sentAt >= returnedAt),
    PATIENCE,
  );
  const isSame = site.publishedAt(name).length === 1 && (await seen())?.isConnected === true;
  const { backOffMs, tookMs } = sinceTried(site, name, returnedAt, frame.receivedAt);
  report(
    'camera away for 10 s: its next frame at the same player, after its return',
    `${tookMs.toFixed(0)} ms and ${backOffMs.toFixed(0)} ms of back-off`,
    { measured: tookMs, atMost: 2_000, unit: 'ms and back-off' },
  );
  report('… players that had to connect again', isSame ? '0' : '1', { measured: isSame ? 0 : 1, atMost: 0, unit: '' });
}

async function longAbsence(report: Report, site: Site, absence: Absence): Promise<void> {
  const { capture } = absence;
  const [[publishedAt = Number.NaN], returnedAt] = await Promise.all([
    site.untilPublished([capture]),
    comesBack(absence, LONG_MS),
  ]);
  const { backOffMs, tookMs } = sinceTried(site, capture.name, returnedAt, publishedAt);
  report(
    'camera away for 60 s: its stream published again, after its return',
    `${tookMs.toFixed(0)} ms and ${backOffMs.toFixed(0)} ms of back-off`,
    { measured: tookMs, atMost: 2_000, unit: 'ms and back-off' },
  );
}

/** The time from a return divided: until the capture program tried next, which its log says, and from then on. */
function sinceTried(site: Site, name: string, returnedAt: number, at: number): { backOffMs: number; tookMs: number } {
  const toClock = now() - Date.now();
  const tries = site.server.log
    .filter((line) => line['name'] === name && line['retryMs'] !== undefined)
    .map((line) => Date.parse(String(line['time'])) + Number(line['retryMs']) + toClock)
    .filter((triedAt) => triedAt < at);
  const triedAt = Math.max(returnedAt, ...tries);
  return { backOffMs: triedAt - returnedAt, tookMs: at - triedAt };
}
