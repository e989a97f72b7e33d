import { type StdioOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CAPTURE_KEY_FILE, FLEET_KEY_FILE, formatFleetKey } from '../crds/render/fleet-key.ts';
import { type Clock, sleep } from '../process/clock.ts';
import type { Log } from '../process/logger.ts';

/** Files that a media server without Kubernetes shares with its capture programs. */
export type CaptureFolder = {
  /** Keys for the internal listener. */
  readonly fleetKeyFile: string;
  readonly captureKeyFile: string;
  readonly socket: string;
};

type Undo = Pick<AsyncDisposableStack, 'defer'>;

const KEY_BYTES = 32;
const AGAIN_MS = 1_000;
const MOST_AGAIN_MS = 60_000;
/** A program that has run for so long was a good one. */
const GOOD_MS = 60_000;

/** Makes the folder, with keys for this process only. */
export async function makeCaptureFolder(undo: Undo): Promise<CaptureFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-captures-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const [fleetKeyFile, captureKeyFile] = [join(folder, FLEET_KEY_FILE), join(folder, CAPTURE_KEY_FILE)];
  const captureKey = formatFleetKey({ identity: 'capture-local', key: randomBytes(KEY_BYTES) });
  const fleetKey = formatFleetKey({ identity: 'fleet-local', key: randomBytes(KEY_BYTES) });
  await writeFile(captureKeyFile, captureKey, { mode: 0o600 });
  await writeFile(fleetKeyFile, `${fleetKey}${captureKey}`, { mode: 0o600 });
  return { fleetKeyFile, captureKeyFile, socket: join(folder, 'sources.sock') };
}

export type StandaloneCapturesDeps = {
  /** The folder of manifests. */
  readonly dir: string;
  readonly name: string | null;
  readonly internalPort: number;
  readonly logLevel: string;
  /** The program `sluice-sources`. */
  readonly sourcesBin: string;
  readonly folder: CaptureFolder;
  readonly clock: Clock;
  readonly log: Log;
};

type Command = { readonly program: string; readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv };

/** Runs the programs of a capture pod beside a media server without Kubernetes. One that ends is started again. */
export function startCapturePrograms(deps: StandaloneCapturesDeps, undo: Undo): void {
  const { dir, folder, internalPort, logLevel, name, sourcesBin } = deps;
  const main = join(import.meta.dirname, 'capture/main.ts');
  const capture = [
    ...[main, '--sources', folder.socket, '--capture-key', folder.captureKeyFile, '--resources', dir],
    ...['--media-port', String(internalPort), '--log-level', logLevel, ...(name === null ? [] : ['--name', name])],
  ];
  // What reads sources gets none of the secrets that an environment may hold.
  keepRunning(
    deps,
    { program: sourcesBin, args: ['--listen', folder.socket], env: { PATH: process.env['PATH'] } },
    undo,
  );
  keepRunning(deps, { program: process.execPath, args: capture, env: process.env }, undo);
}

/** Starts a program, again after it has ended, until the undo; that waits until it has ended. */
function keepRunning({ clock, log }: StandaloneCapturesDeps, command: Command, undo: Undo): void {
  const { program } = command;
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    let againMs = AGAIN_MS;
    while (!stopping.signal.aborted) {
      const startedAt = clock.monotonic();
      const reason = await runOnce(command, stopping.signal);
      if (stopping.signal.aborted) return;
      againMs = clock.monotonic() - startedAt > GOOD_MS ? AGAIN_MS : againMs;
      log.warn({ program, reason, againMs }, 'a program of the captures has ended; it starts again');
      await sleep(clock, againMs, stopping.signal);
      againMs = Math.min(MOST_AGAIN_MS, 2 * againMs);
    }
  };
  const over = run();
  undo.defer(() => {
    stopping.abort();
    return over;
  });
}

function runOnce({ args, env, program }: Command, signal: AbortSignal): Promise<string> {
  // A process group of its own: Ctrl-C reaches the media server, which ends its captures. If it is killed, so are they.
  const stdio: StdioOptions = ['ignore', 'inherit', 'inherit'];
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args], { stdio, env, detached: true });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  return new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killedBy) => resolve(killedBy ?? `code ${code}`));
  }).finally(() => signal.removeEventListener('abort', stop));
}
