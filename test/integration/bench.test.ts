import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-bench-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bench = (...args: string[]) => startProcess(process.execPath, args, { env: { TMPDIR: folder } });
const KICK = 'test/bench/kick/main.ts';
const BENCH = 'test/bench/main.ts';

describe('a benchmark', () => {
  it.each([[[KICK]], [[BENCH, '--parts', 'termination']]])('leaves no folder when %j is interrupted', async (args) => {
    const { child, exited } = bench(...args);
    const written = () => readdir(folder, { recursive: true });
    await until('its server has started', async () => (await written()).some((path) => /resources\.yaml$/.test(path)));
    child.kill('SIGINT');
    expect(await exited).toBe(130);
    expect(await written()).toEqual([]);
  });

  it.each<[string, string[]]>([
    ["Unknown option '--looss' (--help lists the options)", [KICK, '--looss', '20%']],
    ['--players: must be a number from 1 to 100000, got "0" (--help lists the options)', [KICK, '--players', '0']],
    ["Unknown option '--part' (--help lists the options)", [BENCH, '--part', 'kick']],
  ])('says in one line: %s', async (line, args) => {
    const { exited, lines } = bench(...args);
    expect(await exited).toBe(2);
    expect(lines).toEqual([line]);
  });
});
