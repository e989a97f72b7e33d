import { describe, expect, it } from 'vitest';
import { childMetadata, parentOf } from '../../test/builders/sluice-objects.ts';
import { buildHttpRoute } from './http-route.ts';

const exact = (value: string) => ({ path: { type: 'Exact', value } });
const prefix = (value: string) => ({ path: { type: 'PathPrefix', value } });
const MATCHES = [
  prefix('/whip'),
  prefix('/whep'),
  exact('/publish'),
  exact('/play'),
  exact('/console'),
  prefix('/web'),
];
const API = [exact('/'), prefix('/rest-api')];
const parentRefs = [{ name: 'gateway', namespace: 'edge', sectionName: 'https' }];

const route = (matches: readonly object[], spec: object = {}, port = 8081) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: childMetadata('live'),
  spec: { parentRefs, rules: [{ matches, backendRefs: [{ name: 'live', port }] }], ...spec },
});

describe('buildHttpRoute', () => {
  it('is not created by default', () => expect(buildHttpRoute(parentOf())).toBeNull());

  it('routes from the gateways to the Service', () => {
    expect(buildHttpRoute(parentOf({ httpRoute: { parentRefs } }))).toEqual(route(MATCHES));
  });

  it('matches the given hosts, and follows the port', () => {
    const spec = { httpRoute: { parentRefs, hostnames: ['live.example'] }, rest: { http: { port: 80 } } };
    expect(buildHttpRoute(parentOf(spec))).toEqual(route(MATCHES, { hostnames: ['live.example'] }, 80));
  });

  it('includes the sockets of the Web SDK if they are on', () => {
    const [signalling, pages] = [MATCHES.slice(0, 2), MATCHES.slice(2)];
    expect(buildHttpRoute(parentOf({ httpRoute: { parentRefs }, webSdk: {} }))).toEqual(
      route([...signalling, prefix('/websdk'), ...pages]),
    );
  });

  it.each([
    ['with credentials', { authRef: { name: 'api' } }],
    ['when anyone may call it', { allowAnonymous: true }],
  ])('includes the REST API %s', (_what, rest) => {
    expect(buildHttpRoute(parentOf({ httpRoute: { parentRefs }, rest }))).toEqual(route([...MATCHES, ...API]));
  });
});
