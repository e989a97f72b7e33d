import { writeFileSync } from 'node:fs';
import { mkdir, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { ConfigFolder } from '../../test/harness/config-folder.ts';
import { until } from '../../test/harness/wait.ts';
import { FolderWatch } from './watch.ts';

let folder: ConfigFolder;
let watch: FolderWatch;
let changes: number;

beforeEach(async () => {
  folder = await ConfigFolder.make();
  await folder.write('a.yaml', 'a');
  changes = 0;
  watch = new FolderWatch(folder.path, {
    clock: systemClock,
    log: createLogger('silent'),
    onChange: () => {
      changes += 1;
    },
  });
});

afterEach(async () => {
  watch.close();
  await folder.remove();
});

describe('FolderWatch', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a write', () => folder.write('a.yaml', 'b')],
    ['a new file', () => folder.write('new.yaml', 'x')],
    [
      'a rename over the file, as editors do',
      async () => {
        await folder.write('.a.swp', 'c');
        await rename(join(folder.path, '.a.swp'), join(folder.path, 'a.yaml'));
      },
    ],
    ['a deletion', () => unlink(join(folder.path, 'a.yaml'))],
    [
      'a swapped link, as a ConfigMap volume does',
      async () => {
        await mkdir(join(folder.path, '..2'));
        await symlink('..2', join(folder.path, '..data_tmp'));
        await rename(join(folder.path, '..data_tmp'), join(folder.path, '..data'));
      },
    ],
  ])('reports %s', async (_what, change) => {
    await change();
    await until('it is told', () => changes > 0, { timeoutMs: 3000 });
  });

  it('reports changes even if another file changes all the time, such as a log', async () => {
    const writing = setInterval(() => writeFileSync(join(folder.path, 'server.log'), String(performance.now())), 20);
    try {
      await until('it is told again and again', () => changes > 1, { timeoutMs: 4000 });
    } finally {
      clearInterval(writing);
    }
  });
});
