import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Roster } from '../../crds/schema/internal.ts';
import { logLines } from '../../test/builders/log-lines.ts';
import { RosterFiles } from './roster-file.ts';

const roster = (revision: number): Roster => ({
  revision,
  members: [{ pod: 'live-a', uid: 'a', address: '10.0.0.1', port: 9091 }],
});

describe('RosterFiles', () => {
  let folder: string;
  let written: string;
  let logged: ReturnType<typeof logLines>;
  let files: RosterFiles;
  const uid = `test-${process.pid}`;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-roster-test-'));
    written = join(folder, 'roster.json');
    logged = logLines();
    files = new RosterFiles(written, uid, logged.log);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
    await rm(join(tmpdir(), `sluice-roster-${uid}.json`), { force: true });
  });

  it('finds nothing at first, silently', () => {
    expect([files.read(), logged.lines()]).toEqual([null, []]);
  });

  it.each([
    ['the volume', 2, 1],
    ['the copy of an earlier process', 1, 2],
  ])('reads the newest one: that of %s', async (_where, inVolume, inCopy) => {
    await writeFile(written, JSON.stringify(roster(inVolume)));
    files.save(roster(inCopy));
    expect(new RosterFiles(written, uid, logged.log).read()).toEqual(roster(2));
  });

  it('warns of a file that is not valid, and uses the other one', async () => {
    await writeFile(written, '{"revision":"x"}');
    files.save(roster(1));
    expect(files.read()).toEqual(roster(1));
    expect(logged.lines()).toMatchObject([{ level: 'warn', file: written, msg: 'the roster in a file is not valid' }]);
  });
});
