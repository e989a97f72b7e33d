import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLANTED_FAULTS } from '../builders/planted-faults.ts';
import { startProcess } from '../harness/processes.ts';

/** What the model of the fleet needs. */
const NEEDED = [
  'crds',
  'media-server',
  'operator',
  'process',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];
const MODEL = 'media-server/fleet/fleet.property.test.ts';

let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'sluice-planted-'));
  for (const name of NEEDED) await cp(name, join(copy, name), { recursive: true });
  await symlink(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

async function runModel(): Promise<{ readonly code: number | null; readonly output: string }> {
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const model = startProcess(process.execPath, [vitest, 'run', '--project', 'unit', MODEL], { cwd: copy });
  const code = await model.exited;
  return { code, output: model.lines.join('\n') };
}

describe('the model of the fleet', () => {
  it('is green without a fault', async () => {
    const { code, output } = await runModel();
    expect([code, output]).toEqual([0, expect.stringContaining('1 passed')]);
  });

  it.each(PLANTED_FAULTS.map((fault) => [fault.name, fault] as const))('finds that %s', async (_name, fault) => {
    const file = join(copy, fault.file);
    const sound = await readFile(file, 'utf8');
    let faulty = sound;
    for (const [from, to] of fault.edits) {
      expect(faulty.split(from)).toHaveLength(2);
      faulty = faulty.replace(from, () => to);
    }
    await writeFile(file, faulty);
    try {
      const { code, output } = await runModel();
      expect(code).toBe(1);
      expect(output).toMatch(/Property failed after \d+ tests/);
    } finally {
      await writeFile(file, sound);
    }
  });
});
