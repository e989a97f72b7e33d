import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import { buildCaptureNetworkPolicy } from './capture-network-policy.ts';

const CAPTURES = { 'app.kubernetes.io/name': 'sluice-capture', 'app.kubernetes.io/instance': 'live' };
const ALLOW = [{ cidr: '10.20.0.0/16', except: ['10.20.9.0/24'] }, { cidr: 'fd00:20::/32' }];
const BLOCKS = ALLOW.map((ipBlock) => ({ ipBlock }));
const FLEET = { podSelector: { matchLabels: SELECTOR } };
const OPERATOR = {
  podSelector: { matchLabels: { 'app.kubernetes.io/name': 'sluice-operator' } },
  namespaceSelector: {},
};

const tcp = (port: number | string) => ({ port, protocol: 'TCP' });
const udp = (port: number) => ({ port, protocol: 'UDP' });

describe('buildCaptureNetworkPolicy', () => {
  it('lets captures reach DNS, the media pods and what is allowed, and nothing else', () => {
    expect(buildCaptureNetworkPolicy(parentOf({ capture: { allow: ALLOW } }), [])).toEqual({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: childMetadata('live-capture'),
      spec: {
        podSelector: { matchLabels: CAPTURES },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { ports: [tcp('ops')] },
          { ports: [tcp('internal')], from: [OPERATOR] },
          { ports: [{ protocol: 'UDP' }], from: BLOCKS },
        ],
        egress: [
          { ports: [udp(53), tcp(53)] },
          { ports: [tcp(9091), tcp(44444), udp(44444)], to: [FLEET] },
          { to: BLOCKS },
        ],
      },
    });
  });

  it('follows the ports of the media pods, and names those on the network of their node by address', () => {
    const spec = { capture: { allow: ALLOW }, workers: 2, media: { port: 40000 }, internal: { port: 9191 } };
    expect(buildCaptureNetworkPolicy(parentOf(spec), ['fd00::2', '192.0.2.1'])).toMatchObject({
      spec: {
        egress: [
          expect.anything(),
          {
            ports: [tcp(9191), tcp(40000), udp(40000), tcp(40001), udp(40001)],
            to: [FLEET, { ipBlock: { cidr: '192.0.2.1/32' } }, { ipBlock: { cidr: 'fd00::2/128' } }],
          },
          expect.anything(),
        ],
      },
    });
  });

  it.each([
    ['without captures', {}],
    ['when it is disabled', { capture: { allow: ALLOW }, networkPolicy: false }],
  ])('is not created %s', (_what, spec) => expect(buildCaptureNetworkPolicy(parentOf(spec), [])).toBeNull());
});
