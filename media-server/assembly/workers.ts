import { systemClock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { Env } from '../env.ts';
import { startMedia } from '../media/engine.ts';
import type { Media } from '../media/media.ts';
import { announcedAddresses, type Parts } from './parts.ts';

const clock = systemClock;

/** Starts the mediasoup workers, and measures them. */
export async function startWorkers(
  env: Env,
  { config, drain, fleet, keepAlive, metrics, registry, sessions }: Parts,
  log: Log,
): Promise<Media> {
  const { media: mediaConfig, workers } = config.bundle.config;
  const media = await startMedia(
    {
      workerBin: env.workerBin,
      workers,
      listenAddress: env.listenAddress,
      announcedAddresses: announcedAddresses(config.bundle, env),
      port: mediaConfig.port,
      pipePorts: mediaConfig.pipePorts,
      codecs: mediaConfig.codecs,
      udpGso: mediaConfig.udpGso && env.udpGso,
    },
    {
      clock,
      log,
      onWorkerDeath: () => metrics.workerDied(),
      onWorkerError: (part) => metrics.workerError(part),
      onRtpBytes: (direction, bytes) => metrics.rtpBytes(direction, bytes),
    },
  );
  metrics.observe({
    streams: () => registry.all(),
    sessions: () => sessions.all(),
    keepAlive: () => keepAlive.stats(),
    workers: () => media.workers(),
    draining: () => drain.draining,
    receiveDrops: () => media.receiveDrops(),
    pipes: () => ({ incoming: fleet.incoming.count, outgoing: fleet.outgoing.count }),
  });
  return media;
}
