import { describe, expect, it } from 'vitest';
import { no, unknown, type Verdict, yes } from '../kube/conditions.ts';
import { ready } from './ready.ts';

const RULES = { mustBeTrue: ['Available', 'Applied'], mustBeFalse: ['Degraded'], accepts: ['ScaledToZero'] };
const WELL = [yes('Available', 'A', ''), yes('Applied', 'B', ''), no('Degraded', 'C', '')];

const judged = (...others: readonly Verdict[]): Verdict => {
  const types = new Set(others.map(({ type }) => type));
  return ready([...WELL.filter(({ type }) => !types.has(type)), ...others], RULES);
};

describe('ready', () => {
  it.each<[string, Verdict[], Verdict]>([
    ['all conditions are as they should be', [], yes('Ready', 'Ready', 'everything is as specified')],
    ['one is False', [no('Applied', 'Pending', 'not yet')], no('Ready', 'Pending', 'not yet')],
    ['one is Unknown', [unknown('Applied', 'NoPods', 'none')], no('Ready', 'NoPods', 'none')],
    ['one that must be False is True', [yes('Degraded', 'Crash', 'it fails')], no('Ready', 'Crash', 'it fails')],
    [
      'the gravest is told first',
      [no('Available', 'None', 'none'), yes('Degraded', 'Crash', 'it fails')],
      no('Ready', 'Crash', 'it fails'),
    ],
    ['it is so on purpose', [no('Available', 'ScaledToZero', '')], yes('Ready', 'Ready', 'everything is as specified')],
  ])('%s', (_what, verdicts, expected) => {
    expect(judged(...verdicts)).toEqual(expected);
  });
});
