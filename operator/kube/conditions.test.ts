import { describe, expect, it } from 'vitest';
import { type Condition, mergeConditions, no, unknown, yes } from './conditions.ts';

const NOW = { now: () => Date.parse('2026-01-01T12:00:00.789Z') };
const EARLIER = '2026-01-01T00:00:00Z';

const known = (status: Condition['status'], over: Partial<Condition> = {}): Condition => ({
  type: 'Available',
  status,
  reason: 'Old',
  message: 'as it was',
  observedGeneration: 1,
  lastTransitionTime: EARLIER,
  ...over,
});

describe('mergeConditions', () => {
  it.each<[string, readonly Condition[] | undefined, string]>([
    ['stays when only reason and message change', [known('True')], EARLIER],
    ['changes with the status', [known('False')], '2026-01-01T12:00:00Z'],
    ['changes when it is unknown', [known('Unknown')], '2026-01-01T12:00:00Z'],
    ['is now for a new condition', [known('True', { type: 'Other' })], '2026-01-01T12:00:00Z'],
    ['is now when there were none', undefined, '2026-01-01T12:00:00Z'],
  ])('lastTransitionTime %s', (_what, before, lastTransitionTime) => {
    const [merged] = mergeConditions(before, [yes('Available', 'New', 'as it is')], 2, NOW);
    expect(merged).toEqual({
      type: 'Available',
      status: 'True',
      reason: 'New',
      message: 'as it is',
      observedGeneration: 2,
      lastTransitionTime,
    });
  });

  it('has the verdicts in order, followed by the other conditions unchanged', () => {
    const verdicts = [no('B', 'Bad', ''), unknown('A', 'Unheard', '')];
    const other = known('True', { type: 'Other' });
    const merged = mergeConditions([other, known('True', { type: 'A' })], verdicts, 2, NOW);
    expect(merged.map(({ status, type }) => [type, status])).toEqual([
      ['B', 'False'],
      ['A', 'Unknown'],
      ['Other', 'True'],
    ]);
    expect(merged[2]).toBe(other);
  });

  it('has no observedGeneration if the object has no generation', () => {
    const [condition] = mergeConditions([], [yes('A', 'Good', '')], undefined, NOW);
    expect(condition).toEqual({
      type: 'A',
      status: 'True',
      reason: 'Good',
      message: '',
      lastTransitionTime: '2026-01-01T12:00:00Z',
    });
  });

  it('truncates a long message', () => {
    const [condition] = mergeConditions([], [yes('A', 'Good', 'x'.repeat(40_000))], 1, NOW);
    expect(condition?.message).toHaveLength(1_000);
  });
});
