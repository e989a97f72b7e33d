import { describe, expect, it } from 'vitest';
import { mediaServer } from '../../test/builders/sluice-objects.ts';
import { publicPaths } from './routes.ts';

const PUBLIC = [
  { path: '/whip', type: 'Prefix' },
  { path: '/whep', type: 'Prefix' },
  { path: '/publish', type: 'Exact' },
  { path: '/play', type: 'Exact' },
  { path: '/console', type: 'Exact' },
  { path: '/web', type: 'Prefix' },
];
const API = [
  { path: '/', type: 'Exact' },
  { path: '/rest-api', type: 'Prefix' },
];

describe('publicPaths', () => {
  it.each([
    ['signalling and pages alone without authentication', {}, PUBLIC],
    ['the REST API with credentials', { authRef: { name: 'api' } }, [...PUBLIC, ...API]],
    ['the REST API when anyone may call', { allowAnonymous: true }, [...PUBLIC, ...API]],
    ['the REST API with both', { authRef: { name: 'api' }, allowAnonymous: true }, [...PUBLIC, ...API]],
  ])('are %s', (_what, rest, expected) => expect(publicPaths(mediaServer({ rest }).spec)).toEqual(expected));

  it('include the sockets of the Web SDK if they are on', () => {
    const paths = publicPaths(mediaServer({ webSdk: {} }).spec);
    const sockets = { path: '/websdk', type: 'Prefix' };
    expect(paths).toContainEqual(sockets);
    expect(paths.filter(({ path }) => path !== sockets.path)).toEqual(PUBLIC);
  });

  it('never lead to the internal API, metrics or probes', () => {
    const paths = publicPaths(mediaServer({ rest: { allowAnonymous: true }, webSdk: {} }).spec);
    const leadsTo = (url: string) =>
      paths.some(({ path, type }) => (type === 'Exact' ? url === path : url === path || url.startsWith(`${path}/`)));
    expect(['/internal/config', '/metrics', '/readyz', '/healthz'].filter(leadsTo)).toEqual([]);
    expect(['/rest-api/stream/terminate', '/whip/defaultApp/x', '/'].filter(leadsTo)).toHaveLength(3);
  });
});
