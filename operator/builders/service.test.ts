import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import { buildService } from './service.ts';

const HTTP = { name: 'http', port: 8081, targetPort: 'http', protocol: 'TCP' };

const service = (spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...childMetadata('live'), annotations: {}, ...metadata },
  spec: { type: 'ClusterIP', ipFamilyPolicy: 'PreferDualStack', selector: SELECTOR, ports: [HTTP], ...spec },
});

describe('buildService', () => {
  it.each<[string, Record<string, unknown>, object]>([
    ['inside the cluster, for http', {}, service({})],
    [
      'for https as well',
      { rest: { http: { port: 80 }, https: { port: 443, certificateRef: { name: 'tls' } } } },
      service({
        ports: [
          { ...HTTP, port: 80 },
          { name: 'https', port: 443, targetPort: 'https', protocol: 'TCP' },
        ],
      }),
    ],
    [
      'for the Web SDK as well',
      { webSdk: { http: { port: 81 }, https: { certificateRef: { name: 'tls' } } } },
      service({
        ports: [
          HTTP,
          { name: 'ws', port: 81, targetPort: 'ws', protocol: 'TCP' },
          { name: 'wss', port: 8443, targetPort: 'wss', protocol: 'TCP' },
        ],
      }),
    ],
    ['of the requested type', { service: { type: 'LoadBalancer' } }, service({ type: 'LoadBalancer' })],
    [
      'with extra labels and annotations, which do not override the built-in ones',
      { service: { annotations: { pool: 'public' }, labels: { team: 'video', ...SELECTOR, extra: 'x' } } },
      service(
        {},
        {
          labels: { ...childMetadata('live').labels, team: 'video', extra: 'x' },
          annotations: { pool: 'public' },
        },
      ),
    ],
  ])('is %s', (_what, spec, expected) => expect(buildService(parentOf(spec))).toEqual(expected));

  it('cannot be labelled as part of another MediaServer', () => {
    const labels = { 'app.kubernetes.io/instance': 'other' };
    expect(buildService(parentOf({ service: { labels } }))).toEqual(service({}));
  });
});
