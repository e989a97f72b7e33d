import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a command and returns its output. Throws an error with the command and the end of its output. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const env = { ...process.env, ...options.env };
  const promise = execute(command, args, {
    env,
    maxBuffer: 256 << 20,
    timeout: options.timeoutMs ?? 120_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' as const }),
  });
  if (options.input !== undefined) promise.child.stdin?.end(options.input);
  try {
    return (await promise).stdout;
  } catch (error) {
    const { message, stderr = '' } = error as Error & { stderr?: string };
    const words = stderr.trim().split('\n').slice(-8).join('\n') || message;
    throw new Error(`${command} ${args.slice(0, 6).join(' ')}: ${words}`, { cause: error });
  }
}

export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Two minutes by default. */
  readonly timeoutMs?: number;
  /** Kills the command when it aborts. */
  readonly signal?: AbortSignal;
};

/** Runs a command that may fail. Returns null if it did. */
export async function attempt(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string | null> {
  return run(command, args, options).catch(() => null);
}

/** Starts a process that outlives this one and writes to an open file. Returns its pid. */
export function launch(command: string, args: readonly string[], output: number, env = process.env): number {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output], env });
  child.unref();
  if (child.pid === undefined) throw new Error(`cannot start ${command}`);
  return child.pid;
}
