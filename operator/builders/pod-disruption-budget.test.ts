import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import { buildPodDisruptionBudget } from './pod-disruption-budget.ts';

describe('buildPodDisruptionBudget', () => {
  it('allows one eviction at a time, even of the only pod, since it drains', () => {
    expect(buildPodDisruptionBudget(parentOf())).toEqual({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: childMetadata('live'),
      spec: { maxUnavailable: 1, selector: { matchLabels: SELECTOR } },
    });
  });

  it('is not created when it is disabled', () => {
    expect(buildPodDisruptionBudget(parentOf({ podDisruptionBudget: false }))).toBeNull();
  });
});
