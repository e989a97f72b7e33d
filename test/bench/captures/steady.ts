import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../figures.ts';
import { percentile, spread } from '../statistics.ts';
import { consumptionOf, memoryOf } from './consumption.ts';
import { programsOf } from './programs.ts';
import { CAMERAS, type Site } from './site.ts';

const PLAYED = 4;
const SETTLE_MS = 5_000;
const MEASURE_MS = 20_000;
const MANY = 100;

/** The memory of the capture program, in MiB. */
export const captureMemory = (site: Site): number => {
  const [pid = 0] = programsOf(site.server.process.child.pid ?? 0).capture;
  return memoryOf(pid);
};

/** What 20 running captures cost, and by how much they delay what players see. `idle` is `captureMemory` without captures. */
export async function measureSteady(report: Report, site: Site, idle: number): Promise<void> {
  for (const { name } of site.captures(PLAYED)) await site.watchers.play(name, site.whep(name));
  await sleep(SETTLE_MS);
  await site.watchers.begin();
  const { capture, mediaServer, sources, workers } = await consumptionOf(
    programsOf(site.server.process.child.pid ?? 0),
    MEASURE_MS,
  );
  const watched = await site.watchers.seen();
  const percent = (cpu: number): string => ((cpu * 100) / CAMERAS).toFixed(2);
  const mebi = (memory: number): string => (memory / CAMERAS).toFixed(1);
  const cpu = (sources.cpu + capture.cpu) / CAMERAS;
  const memory = (sources.memory + capture.memory - idle) / CAMERAS;
  const what = `${CAMERAS} cameras, 720p25 and 2 Mbit/s with AAC: each`;
  report(
    `${what}, CPU`,
    `${(cpu * 100).toFixed(2)} % of a core: sources ${percent(sources.cpu)}, capture program ${percent(capture.cpu)}`,
    { measured: cpu * 100, atMost: 5, unit: '%' },
  );
  report(
    `${what}, memory`,
    `${memory.toFixed(1)} MiB: sources ${mebi(sources.memory)}, capture program ${mebi(capture.memory - idle)} and once ${idle.toFixed(0)}`,
    { measured: memory, atMost: 10, unit: 'MiB' },
  );
  report(
    `… extrapolated to ${MANY} cameras`,
    `${(cpu * MANY).toFixed(1)} cores, ${((memory * MANY + idle) / 1024).toFixed(1)} GiB`,
  );
  report(
    `… CPU of the media server for each, ${PLAYED} of ${CAMERAS} with a player`,
    `Node ${percent(mediaServer.cpu)}, worker ${percent(workers.cpu)} % of a core`,
  );
  const delays = watched.flatMap(({ frames }) => frames.map(({ receivedAt, sentAt }) => receivedAt - sentAt));
  report(`${CAMERAS} cameras: a frame sent by its camera until a player has it`, spread(delays), {
    measured: percentile(delays, 0.5),
    atMost: 3,
    unit: 'ms, p50',
  });
  report('… and of a hundred frames the slowest', `${percentile(delays, 0.99).toFixed(1)} ms`, {
    measured: percentile(delays, 0.99),
    atMost: 20,
    unit: 'ms, p99',
  });
  await site.watchers.leave();
}
