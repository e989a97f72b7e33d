import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import type { CaptureFigures, WrittenFigures } from '../../pods/capture-pods.ts';

/** Figures change all the time and are written at most this often, the first ones at once. */
const EVERY_MS = 30_000;
const NAMES = ['bitrate', 'keyFrameIntervalMs'] as const satisfies readonly (keyof CaptureFigures)[];

/** The figures to write `now` (monotonic milliseconds), after those that were written last. Pure. */
export function nextFigures(last: WrittenFigures | undefined, state: CaptureState, now: number): WrittenFigures {
  const isFirst = NAMES.some((name) => last?.figures[name] === undefined && state[name] !== undefined);
  if (!last || isFirst || now - last.at >= EVERY_MS) return { at: now, figures: state };
  if (state.connectedAt !== undefined) return last;
  // A bit rate is that of a connection, and gone with it.
  const { bitrate: _bitrate, ...figures } = last.figures;
  return { ...last, figures };
}

/** The fields of the status. The bit rate is rounded, so that a steady one is not written again and again. Pure. */
export function figureFields({ bitrate, keyFrameIntervalMs }: CaptureFigures): Readonly<Record<string, unknown>> {
  return {
    bitrate: bitrate === undefined ? null : Number(bitrate.toPrecision(2)),
    ...(keyFrameIntervalMs === undefined ? {} : { keyFrameInterval: secondsOf(keyFrameIntervalMs) }),
  };
}

/** `2s`, `1.5s`. */
const secondsOf = (ms: number): string => `${Math.round(ms / 100) / 10}s`;
