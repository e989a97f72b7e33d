import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf } from '../../test/builders/sluice-objects.ts';
import { buildIngress } from './ingress.ts';

const backend = { service: { name: 'live', port: { name: 'http' } } };
const PATHS = [
  { path: '/whip', pathType: 'Prefix', backend },
  { path: '/whep', pathType: 'Prefix', backend },
  { path: '/publish', pathType: 'Exact', backend },
  { path: '/play', pathType: 'Exact', backend },
  { path: '/console', pathType: 'Exact', backend },
  { path: '/web', pathType: 'Prefix', backend },
];
const API = [
  { path: '/', pathType: 'Exact', backend },
  { path: '/rest-api', pathType: 'Prefix', backend },
];

const ingress = (spec: object, annotations: object = {}) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { ...childMetadata('live'), annotations },
  spec,
});

describe('buildIngress', () => {
  it('is not created by default', () => expect(buildIngress(parentOf())).toBeNull());

  it.each([
    ['for every host', {}, ingress({ rules: [{ http: { paths: PATHS } }] })],
    ['for one host', { host: 'live.example' }, ingress({ rules: [{ host: 'live.example', http: { paths: PATHS } }] })],
    [
      'with a class, and annotations for its controller',
      { className: 'traefik', annotations: { 'example/timeout': '30s' } },
      ingress({ ingressClassName: 'traefik', rules: [{ http: { paths: PATHS } }] }, { 'example/timeout': '30s' }),
    ],
    [
      'with a certificate for its host',
      { host: 'live.example', certificateRef: { name: 'live-tls' } },
      ingress({
        rules: [{ host: 'live.example', http: { paths: PATHS } }],
        tls: [{ hosts: ['live.example'], secretName: 'live-tls' }],
      }),
    ],
    [
      'with a certificate for every host',
      { certificateRef: { name: 'live-tls' } },
      ingress({ rules: [{ http: { paths: PATHS } }], tls: [{ secretName: 'live-tls' }] }),
    ],
  ])('is created %s', (_what, spec, expected) => expect(buildIngress(parentOf({ ingress: spec }))).toEqual(expected));

  it('includes the sockets of the Web SDK if they are on, on the port of http', () => {
    const sockets = { path: '/websdk', pathType: 'Prefix', backend };
    const [signalling, pages] = [PATHS.slice(0, 2), PATHS.slice(2)];
    expect(buildIngress(parentOf({ ingress: {}, webSdk: {} }))).toEqual(
      ingress({ rules: [{ http: { paths: [...signalling, sockets, ...pages] } }] }),
    );
  });

  it.each([
    ['with credentials', { authRef: { name: 'api' } }],
    ['when anyone may call it', { allowAnonymous: true }],
  ])('includes the REST API %s', (_what, rest) => {
    expect(buildIngress(parentOf({ ingress: {}, rest }))).toEqual(
      ingress({ rules: [{ http: { paths: [...PATHS, ...API] } }] }),
    );
  });
});
