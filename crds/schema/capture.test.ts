import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CaptureSpec } from './capture.ts';

const LISTENER = new URL('../../media-server/capture/sources/listener.c', import.meta.url);

it('a pod may have no more captures than sluice-sources runs, with room for processes that are ending', () => {
  const most = Number(/MOST_CAPTURES = (\d+)/.exec(readFileSync(LISTENER, 'utf8'))?.[1]);
  const { maximum } = CaptureSpec.properties.capturesPerPod as { maximum?: number };
  expect(maximum).toBeLessThanOrEqual(0.8 * most);
});
