import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import { buildPodMonitor } from './pod-monitor.ts';

describe('buildPodMonitor', () => {
  it('is not created by default', () => expect(buildPodMonitor(parentOf())).toBeNull());

  it('scrapes the metrics of every pod', () => {
    expect(buildPodMonitor(parentOf({ podMonitor: true }))).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: childMetadata('live'),
      spec: { selector: { matchLabels: SELECTOR }, podMetricsEndpoints: [{ port: 'ops', path: '/metrics' }] },
    });
  });
});
