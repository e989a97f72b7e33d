import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseFleetKeys, roleOf } from '../crds/render/fleet-key.ts';
import { createLogger } from '../process/logger.ts';
import { VirtualClock } from '../test/builders/virtual-clock.ts';
import { until } from '../test/harness/wait.ts';
import { type CaptureFolder, makeCaptureFolder, startCapturePrograms } from './standalone-captures.ts';

let undo: AsyncDisposableStack;
let clock: VirtualClock;
let dir: string;
let logged: Readonly<Record<string, unknown>>[];
let folder: CaptureFolder;

beforeEach(async () => {
  undo = new AsyncDisposableStack();
  clock = new VirtualClock();
  logged = [];
  dir = await mkdtemp(join(tmpdir(), 'sluice-standalone-'));
  folder = await makeCaptureFolder(undo);
});
afterEach(async () => {
  await undo.disposeAsync();
  await rm(dir, { recursive: true });
});

/** Starts the programs. That of the sources is a shell script, which notes each of its starts and then does `what`; null = there is none. */
async function start(what: string | null): Promise<void> {
  const sourcesBin = join(dir, 'sources.sh');
  if (what !== null) {
    await writeFile(sourcesBin, `#!/bin/sh\necho "$@" >> ${join(dir, 'starts')}\n${what}\n`, { mode: 0o755 });
  }
  const log = createLogger('info', { write: (line) => logged.push(JSON.parse(line)) });
  const about = { dir, name: null, internalPort: 19_091, logLevel: 'error' };
  startCapturePrograms({ ...about, sourcesBin, folder, clock, log }, undo);
}

const lines = async (file: string): Promise<string[]> => {
  const text = await readFile(join(dir, file), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
};
const endsOf = (program: string) => logged.filter((line) => String(line['program']).endsWith(program));

describe('the folder of captures without Kubernetes', () => {
  it('has the keys of both roles for the media server, and one for the program of captures', async () => {
    const rolesIn = async (file: string) => parseFleetKeys(await readFile(file, 'utf8')).map(roleOf);
    expect(await rolesIn(folder.fleetKeyFile)).toEqual(['fleet', 'capture']);
    expect(await rolesIn(folder.captureKeyFile)).toEqual(['capture']);
    const [, shared = ''] = (await readFile(folder.fleetKeyFile, 'utf8')).split('\n');
    expect(await readFile(folder.captureKeyFile, 'utf8')).toBe(`${shared}\n`);
  });

  it('is for this user alone, and is removed', async () => {
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    const paths = [dirname(folder.socket), folder.fleetKeyFile, folder.captureKeyFile];
    expect(await Promise.all(paths.map(modeOf))).toEqual(['700', '600', '600']);
    await undo.disposeAsync();
    await expect(stat(dirname(folder.socket))).rejects.toThrow('ENOENT');
  });
});

describe('the programs of captures without Kubernetes', () => {
  it('start again when they have ended, later each time', async () => {
    await start('exit 3');
    const ended = (times: number) => until('it has ended', () => endsOf('sources.sh').length === times);
    await ended(1);
    await clock.advance(999);
    expect(await lines('starts')).toEqual([`--listen ${folder.socket}`]);
    await clock.advance(1);
    await ended(2);
    await clock.advance(2_000);
    await ended(3);
    expect(endsOf('sources.sh').map(({ againMs, reason }) => [againMs, reason])).toEqual([
      [1_000, 'code 3'],
      [2_000, 'code 3'],
      [4_000, 'code 3'],
    ]);
    expect(await lines('starts')).toHaveLength(3);
  });

  it('start again soon after they have run for a while', async () => {
    await start(`while [ $(wc -l < ${join(dir, 'starts')}) = 2 ] && [ ! -e ${join(dir, 'go')} ]; do sleep 0.02; done`);
    await until('it has ended', () => endsOf('sources.sh').length === 1);
    await clock.advance(1_000);
    await until('it runs', async () => (await lines('starts')).length === 2);
    await clock.advance(60_001);
    await writeFile(join(dir, 'go'), '');
    await until('it has ended again', () => endsOf('sources.sh').length === 2);
    expect(endsOf('sources.sh').map(({ againMs, reason }) => [againMs, reason])).toEqual([
      [1_000, 'code 0'],
      [1_000, 'code 0'],
    ]);
  });

  it('are told to stop, are waited for, and do not start again', async () => {
    await start(`trap 'sleep 0.3; echo bye >> ${join(dir, 'words')}; exit 0' TERM\nwhile :; do sleep 0.02; done`);
    await until('it runs', async () => (await lines('starts')).length === 1);
    await undo.disposeAsync();
    expect(await lines('words')).toEqual(['bye']);
    await clock.advance(3_600_000);
    expect([await lines('starts'), endsOf('sources.sh')]).toEqual([[`--listen ${folder.socket}`], []]);
  });

  it('that read sources get no environment but the path of programs', async () => {
    vi.stubEnv('TOKEN_OF_THE_USER', 'secret');
    await start(
      `env > ${join(dir, 'environment')}.new; mv ${join(dir, 'environment')}.new ${join(dir, 'environment')}`,
    );
    await until('it has run', async () => (await lines('environment')).length > 0);
    vi.unstubAllEnvs();
    const names = (await lines('environment')).map((line) => line.split('=')[0]);
    // The shell sets the others.
    expect(names.filter((name) => !['_', 'OLDPWD', 'PWD', 'SHLVL'].includes(name ?? ''))).toEqual(['PATH']);
  });

  it('that cannot be run say so', async () => {
    await start(null);
    await until('it has failed', () => endsOf('sources.sh').length === 1);
    expect(endsOf('sources.sh')[0]?.['reason']).toBe('code 127');
  });
});
