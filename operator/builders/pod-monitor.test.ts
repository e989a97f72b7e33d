import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import { buildPodMonitor } from './pod-monitor.ts';

describe('buildPodMonitor', () => {
  it('is not created by default', () => expect(buildPodMonitor(parentOf())).toBeNull());

  it('also scrapes capture pods', () => {
    const built = buildPodMonitor(parentOf({ podMonitor: true, capture: { allow: [{ cidr: '10.20.0.0/16' }] } }));
    expect(built?.['spec']).toEqual({
      selector: {
        matchLabels: { 'app.kubernetes.io/instance': 'live' },
        matchExpressions: [
          { key: 'app.kubernetes.io/name', operator: 'In', values: ['sluice-media-server', 'sluice-capture'] },
        ],
      },
      podMetricsEndpoints: [{ port: 'ops', path: '/metrics' }],
    });
  });

  it('scrapes the metrics of every pod', () => {
    expect(buildPodMonitor(parentOf({ podMonitor: true }))).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: childMetadata('live'),
      spec: { selector: { matchLabels: SELECTOR }, podMetricsEndpoints: [{ port: 'ops', path: '/metrics' }] },
    });
  });
});
