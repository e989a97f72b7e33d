import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import { buildPodDisruptionBudget } from './pod-disruption-budget.ts';

describe('buildPodDisruptionBudget', () => {
  it('lets one pod go at a time, also of one: it drains', () => {
    expect(buildPodDisruptionBudget(parentOf())).toEqual({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: childMetadata('live'),
      spec: { maxUnavailable: 1, selector: { matchLabels: SELECTOR } },
    });
  });

  it('is not made when it is switched off', () => {
    expect(buildPodDisruptionBudget(parentOf({ podDisruptionBudget: false }))).toBeNull();
  });
});
