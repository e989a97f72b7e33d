#!/usr/bin/env node
import type { Logger } from 'pino';
import { systemClock } from './clock.ts';
import { hashOf } from './config/hash.ts';
import { loadConfig, watchedFolder } from './config/load.ts';
import { Reloader } from './config/reload.ts';
import { FolderWatch } from './config/watch.ts';
import { type Env, readEnv, USAGE, UsageError } from './env.ts';
import { createLogger } from './logger.ts';
import { MediaServer } from './server.ts';
import { UserFault } from './user-fault.ts';

async function main(): Promise<number> {
  const env = readEnv(process.argv.slice(2), process.env);
  const log = createLogger(env.logLevel);
  const { bundle, findings } = await loadConfig(env);
  for (const finding of findings) log.warn({ finding }, 'a resource is left out');
  const server = await MediaServer.start({ env, bundle, log });
  const watch = watchConfig(env, server, log);
  log.info(
    { http: bundle.config.rest.httpPort, ops: env.opsPort, media: bundle.config.media.port },
    'the media server is ready',
  );
  await stopped(server, log);
  watch.close();
  await server.close();
  return 0;
}

function watchConfig(env: Env, server: MediaServer, log: Logger): FolderWatch {
  const reloader = new Reloader({
    log: log.child({ component: 'config' }),
    load: () => loadConfig(env),
    current: () => server.config,
    apply: (bundle) => server.apply(bundle),
    refused: () => server.metrics.configRefused(),
    unchanged: () => server.metrics.configApplied(hashOf(server.config)),
  });
  return new FolderWatch(watchedFolder(env.source), { clock: systemClock, log, onChange: () => reloader.trigger() });
}

/** SIGTERM drains, SIGINT (Ctrl-C) does not wait for streams to end; a second signal of either kind hurries. */
function stopped(server: MediaServer, log: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (signal: NodeJS.Signals): void => {
      log.info({ signal }, 'stopping');
      if (server.drain.draining || signal === 'SIGINT') server.drain.hurry();
      server.drain.start(server.config.config.drain.timeoutMs).then(resolve, reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof UsageError)
      process.stderr.write(`${error.message === '' ? '' : `${error.message}\n\n`}${USAGE}`);
    else if (error instanceof UserFault) process.stderr.write(`${error.message}\n`);
    else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
