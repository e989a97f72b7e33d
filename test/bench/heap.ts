import { StreamRegistry } from '../../media-server/streams/registry.ts';
import { createLogger } from '../../process/logger.ts';
import { checkedApp, liveStreams } from '../builders/live-streams.ts';
import type { Report } from './figures.ts';

const STREAMS = 10_000;

/** Measures the JavaScript heap of a live stream with its session, without its offer and the objects of mediasoup. */
export async function benchHeap(report: Report): Promise<void> {
  const collect = globalThis.gc;
  if (!collect) {
    report('heap per stream', 'not measured: needs node --expose-gc');
    return;
  }
  collect();
  const before = process.memoryUsage().heapUsed;
  const registry = new StreamRegistry();
  const { streams } = liveStreams(checkedApp('http://127.0.0.1:1/x', 10_000, {}), STREAMS, createLogger('silent'));
  for (const stream of streams) registry.add(stream);
  collect();
  const perStream = (process.memoryUsage().heapUsed - before) / STREAMS / 1024;
  report(
    `heap per stream, ${registry.size} of them, without offer and mediasoup's objects`,
    `${perStream.toFixed(1)} KiB`,
    { measured: perStream, atMost: 20, unit: 'KiB' },
  );
}
