import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import { buildNetworkPolicy } from './network-policy.ts';

const tcp = (port: number | string) => ({ port, protocol: 'TCP' });
const udp = (port: number) => ({ port, protocol: 'UDP' });

const policy = (open: readonly object[]) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: childMetadata('live'),
  spec: {
    podSelector: { matchLabels: SELECTOR },
    policyTypes: ['Ingress'],
    ingress: [
      { ports: open },
      {
        ports: [tcp('internal')],
        from: [
          { podSelector: { matchLabels: SELECTOR } },
          { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'sluice-operator' } }, namespaceSelector: {} },
        ],
      },
      {
        ports: [{ port: 45000, endPort: 45999, protocol: 'UDP' }],
        from: [{ podSelector: { matchLabels: SELECTOR } }],
      },
    ],
  },
});

describe('buildNetworkPolicy', () => {
  it('opens http, metrics and media to all, the internal port to the fleet and the operator, pipes to the fleet', () => {
    expect(buildNetworkPolicy(parentOf())).toEqual(policy([tcp(8081), tcp('ops'), tcp(44444), udp(44444)]));
  });

  it('opens https, and the ports of every worker', () => {
    const spec = { workers: 2, media: { port: 40000 }, rest: { https: { certificateRef: { name: 'tls' } } } };
    expect(buildNetworkPolicy(parentOf(spec))).toEqual(
      policy([tcp(8081), tcp(8444), tcp('ops'), tcp(40000), udp(40000), tcp(40001), udp(40001)]),
    );
  });

  it('opens the ports of the Web SDK', () => {
    const spec = { webSdk: { https: { port: 444, certificateRef: { name: 'tls' } } } };
    expect(buildNetworkPolicy(parentOf(spec))).toEqual(
      policy([tcp(8081), tcp(8080), tcp(444), tcp('ops'), tcp(44444), udp(44444)]),
    );
  });

  it('opens the internal port to capture pods, if there are any', () => {
    const captures = { 'app.kubernetes.io/name': 'sluice-capture', 'app.kubernetes.io/instance': 'live' };
    const built = buildNetworkPolicy(parentOf({ capture: { allow: [{ cidr: '10.20.0.0/16' }] } }));
    const { spec } = policy([tcp(8081), tcp('ops'), tcp(44444), udp(44444)]);
    spec.ingress[1]?.from?.push({ podSelector: { matchLabels: captures } });
    expect(built?.['spec']).toEqual(spec);
  });

  it('is not created when it is disabled', () => {
    expect(buildNetworkPolicy(parentOf({ networkPolicy: false }))).toBeNull();
  });
});
