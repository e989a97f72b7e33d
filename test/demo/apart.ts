import { spawn } from 'node:child_process';

/** A command ended with a status other than 0, or by a signal. */
export class ExitError extends Error {
  readonly code: number | null;

  constructor(command: string, code: number | null, signal: NodeJS.Signals | null) {
    super(`${command}: ended with ${code ?? signal}`);
    this.name = 'ExitError';
    this.code = code;
  }
}

type ApartOptions = {
  /** Kills the command and all its descendants. */
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * Runs a command in its own process group, so that Ctrl-C on a terminal does not reach it: a cleanup must complete, and
 * a setup must end as a whole. Shows its output.
 */
export function runApart(command: string, args: readonly string[], { env, signal }: ApartOptions = {}): Promise<void> {
  signal?.throwIfAborted();
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  signal?.addEventListener('abort', kill);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => {
      signal?.removeEventListener('abort', kill);
      if (code === 0) resolve();
      else reject(new ExitError(`${command} ${args.join(' ')}`, code, by));
    });
  });
}
