import type { MediaOptions } from '../../media-server/media/media.ts';
import { publish, startTestMedia } from '../clients/media.ts';
import type { Report } from './figures.ts';
import { sendFrames } from './frames.ts';
import { Sinks, type Step } from './sinks.ts';
import { median } from './statistics.ts';
import { WORKER_KINDS, WORKERS, type WorkerKind } from './worker-kinds.ts';

const PLAYERS = 700;
const FRAME_PACKETS = 8;
const STEP_MS = 3_000;
const FIRST_FRAMES_PER_SECOND = 12;
const RUNS = 3;
/** Each step sends so much more than the one before, until a step is too much; then again in smaller steps. */
const GROWTH = [1.2, 1.05];
/** Video of 1.5 Mbit/s in packets of 1,100 bytes, and Opus. */
const PACKETS_OF_A_VIEWER = 1_500_000 / 8 / 1_100 + 50;

type Limit = Step & {
  /** Memory of the worker for each player, in bytes. */
  readonly memory: number;
};

/**
 * Measures how many packets a second one worker forwards without a loss. The players are connected and then read no
 * more, so that they take no time from the worker. The kernel receives their packets, then drops them.
 */
export async function benchSaturation(report: Report): Promise<void> {
  const runs = new Map<WorkerKind, Limit[]>();
  for (let run = 0; run < RUNS; run++) {
    for (const kind of WORKER_KINDS) runs.set(kind, [...(runs.get(kind) ?? []), await saturate(WORKERS[kind])]);
  }
  const of = (kind: WorkerKind, read: (limit: Limit) => number): number => median((runs.get(kind) ?? []).map(read));
  for (const kind of WORKER_KINDS) {
    const packetsPerSecond = of(kind, (limit) => limit.packetsPerSecond);
    const goal = kind === 'batched' ? { measured: packetsPerSecond, atLeast: 230_000, unit: 'a second' } : null;
    const cpu = of(kind, (limit) => limit.cpu) * 100;
    if (packetsPerSecond === 0) {
      report(`${kind}: packets a second of one worker, all forwarded`, 'not measured: the first step was too much');
      continue;
    }
    const result = `${thousands(packetsPerSecond)} at ${cpu.toFixed(0)} % of a core`;
    report(`${kind}: packets a second of one worker, all forwarded`, result, goal);
  }
  const viewers = of('batched', (limit) => limit.packetsPerSecond) / PACKETS_OF_A_VIEWER;
  report('batched: viewers of 1.5 Mbit/s and Opus for one worker, estimated', thousands(viewers));
  const memory = of('batched', (limit) => limit.memory);
  report('memory of a worker per player: a transport and two consumers', `${(memory / 1024).toFixed(0)} KiB`);
}

async function saturate(options: Partial<MediaOptions>): Promise<Limit> {
  const { media } = await startTestMedia(options);
  const { peer: publisher, publication } = await publish(media);
  const sinks = new Sinks(media, publication);
  try {
    const before = await sinks.memory();
    await sinks.connect(PLAYERS);
    const memory = ((await sinks.memory()) - before) / PLAYERS;
    let limit: Step = { packetsPerSecond: 0, cpu: 0 };
    let framesPerSecond = FIRST_FRAMES_PER_SECOND;
    const step = async (rate: number): Promise<Step | null> => {
      const frames = { packets: FRAME_PACKETS, framesPerSecond: rate, ms: STEP_MS };
      return sinks.measure(async () => (await sendFrames(publisher, frames)) * PLAYERS);
    };
    for (const growth of GROWTH) {
      for (;;) {
        const rate = framesPerSecond * growth;
        // Something else may have taken the core: a step is too much only if it fails twice.
        const forwarded = (await step(rate)) ?? (await step(rate));
        if (!forwarded) break;
        framesPerSecond = rate;
        limit = forwarded;
      }
    }
    return { ...limit, memory };
  } finally {
    sinks.close();
    publisher.close();
    await media.close();
  }
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
