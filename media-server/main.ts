#!/usr/bin/env node
import type { FastifyInstance } from 'fastify';
import { hashOf } from '../crds/render/hash.ts';
import { systemClock } from '../process/clock.ts';
import { runProgram } from '../process/command-line.ts';
import { createLogger, type Log } from '../process/logger.ts';
import { MediaServer } from './assemble.ts';
import { type Loaded, loadConfig, watchedFolder } from './config/load.ts';
import { Reloader } from './config/reload.ts';
import { FolderWatch } from './config/watch.ts';
import { type Env, readEnv, USAGE } from './env.ts';
import { announcedAddress } from './fleet/announced-address.ts';
import { type InternalDeps, openInternal } from './fleet/internal-listener.ts';

async function main(): Promise<number> {
  const told = readEnv(process.argv.slice(2), process.env);
  const log = createLogger(told.logLevel);
  const env = await withAnnounced(told, log);
  const first = await loadConfig(env);
  const { bundle, findings } = first;
  for (const finding of findings) log.warn({ finding }, 'a resource is left out');
  const server = await MediaServer.start({ env, bundle, log });
  const reloader = createReloader(env, server, first, log);
  const watch = new FolderWatch(watchedFolder(env.source), {
    clock: systemClock,
    log,
    onChange: () => reloader.trigger(),
  });
  // What was edited since the config was read, nobody has seen.
  reloader.trigger();
  let internal: FastifyInstance | null = null;
  try {
    if (env.fleetKeyFile !== null) internal = await openInternal(internalDeps(env, server, reloader, log));
    await server.listen();
    log.info(
      { http: bundle.config.rest.httpPort, ops: env.opsPort, media: bundle.config.media.port },
      'the media server is ready',
    );
    await stopped(env, server, log);
    return 0;
  } finally {
    watch.close();
    await internal?.close();
    await server.close();
  }
}

async function withAnnounced(env: Env, log: Log): Promise<Env> {
  if (!env.announced) return env;
  return { ...env, podAddress: await announcedAddress(env.announced, systemClock, log) };
}

function createReloader(env: Env, server: MediaServer, first: Loaded, log: Log): Reloader {
  return new Reloader({
    log: log.child({ component: 'config' }),
    load: () => loadConfig(env),
    first,
    current: () => server.config,
    apply: (bundle) => server.apply(bundle),
    refused: () => server.metrics.configRefused(),
    unchanged: () => server.metrics.configApplied(hashOf(server.config)),
  });
}

function internalDeps(env: Env, server: MediaServer, reloader: Reloader, log: Log): InternalDeps {
  return {
    host: env.listenAddress,
    keyFile: env.fleetKeyFile ?? '',
    status: () => ({ pod: env.podName, config: reloader.state, ...server.status() }),
    offer: (loaded) => reloader.offer(loaded),
    log: log.child({ component: 'internal' }),
  };
}

/**
 * A pod is told to go when its endpoint is: load balancers hear of that within seconds, and send clients until then. The
 * key of a fleet is what tells a pod from a process that somebody runs by hand.
 */
const leastDrainMs = ({ fleetKeyFile }: Env): number => (fleetKeyFile === null ? 0 : 5_000);

/** SIGTERM drains, SIGINT (Ctrl-C) does not wait for streams to end; a second signal of either kind hurries. */
function stopped(env: Env, server: MediaServer, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (signal: NodeJS.Signals): void => {
      log.info({ signal }, 'stopping');
      if (server.drain.draining || signal === 'SIGINT') server.drain.hurry();
      const timeoutMs = Math.min(server.config.config.drain.timeoutMs, env.drainLimitMs ?? Infinity);
      server.drain.start({ timeoutMs, leastMs: leastDrainMs(env) }).then(resolve, reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

runProgram(main, USAGE);
