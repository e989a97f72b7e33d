import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { awaitAnnounced } from './announced-address.ts';

it('waits until the file holds the address of its node', async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-announced-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'announced.json');
  const clock = { ...systemClock, setTimeout: (run: () => void) => systemClock.setTimeout(run, 1) };
  let found: readonly string[] | null = null;
  const waiting = awaitAnnounced({ file, node: 'node-1' }, clock, createLogger('silent')).then((addresses) => {
    found = addresses;
  });
  for (const text of ['', '{"node-', '{"node-2":"203.0.113.2"}', '{"node-1":""}', '{"node-1":7}']) {
    await writeFile(file, text);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(found).toBeNull();
  }
  await writeFile(file, '{"node-1":"203.0.113.1,2001:db8::1"}');
  await waiting;
  expect(found).toEqual(['203.0.113.1', '2001:db8::1']);
});
