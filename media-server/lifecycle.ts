import type { Log } from '../process/logger.ts';
import { assemble, type MediaServer } from './assemble.ts';
import type { Env } from './env.ts';

/** Runs a media server until it is told to stop and has drained. */
export async function run(env: Env, log: Log): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const server = await assemble(env, log, undo);
  await stopped(env, server, log);
}

/** SIGTERM drains, SIGINT (Ctrl-C) does not wait for streams to end; neither does a second signal. */
function stopped(env: Env, { config, drain }: MediaServer, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (signal: NodeJS.Signals): void => {
      log.info({ signal }, 'stopping');
      if (drain.draining || signal === 'SIGINT') drain.hurry();
      const timeoutMs = Math.min(config.bundle.config.drain.timeoutMs, env.drainLimitMs ?? Infinity);
      drain.start(timeoutMs).then(resolve, reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
