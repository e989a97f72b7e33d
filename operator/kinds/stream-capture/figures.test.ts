import { describe, expect, it } from 'vitest';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import { captureState } from '../../../test/builders/captures.ts';
import { figureFields, nextFigures } from './figures.ts';

const connected = (figures: Partial<CaptureState>) => captureState('uid-gate', { connectedAt: 1, ...figures });
const away = captureState('uid-gate', { reason: 'Unreachable' });

/** The fields that are written when a pod says these states, one after the other. */
function written(...said: readonly (readonly [atMs: number, state: CaptureState])[]): object[] {
  let last: ReturnType<typeof nextFigures> | undefined;
  return said.map(([at, state]) => {
    last = nextFigures(last, state, at);
    return figureFields(last.figures);
  });
}

describe('figures of a capture', () => {
  it('are written at once when they are new, and then every 30 seconds', () => {
    const fields = written(
      [0, connected({})],
      [2_000, connected({ keyFrameIntervalMs: 1_960 })],
      [10_000, connected({ keyFrameIntervalMs: 4_000, bitrate: 2_034_567 })],
      [39_999, connected({ keyFrameIntervalMs: 1_540, bitrate: 3_000_000 })],
      [40_000, connected({ keyFrameIntervalMs: 1_540, bitrate: 3_000_000 })],
    );
    expect(fields).toEqual([
      { bitrate: null },
      { bitrate: null, keyFrameInterval: '2s' },
      { bitrate: 2_000_000, keyFrameInterval: '4s' },
      { bitrate: 2_000_000, keyFrameInterval: '4s' },
      { bitrate: 3_000_000, keyFrameInterval: '1.5s' },
    ]);
  });

  it('lose the bit rate with the connection, and have one again once it is measured', () => {
    const fields = written(
      [0, connected({ keyFrameIntervalMs: 1_000, bitrate: 2_000_000 })],
      [1_000, away],
      [3_000, connected({})],
      [13_000, connected({ keyFrameIntervalMs: 1_000, bitrate: 500_000 })],
    );
    expect(fields).toEqual([
      { bitrate: 2_000_000, keyFrameInterval: '1s' },
      { bitrate: null, keyFrameInterval: '1s' },
      { bitrate: null, keyFrameInterval: '1s' },
      { bitrate: 500_000, keyFrameInterval: '1s' },
    ]);
  });
});
