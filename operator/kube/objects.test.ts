import { describe, expect, it } from 'vitest';
import { keyOf, pathOf, splitKey, TYPES } from './objects.ts';

describe('pathOf', () => {
  it.each([
    ['an object', TYPES.Deployment, 'media', 'live', '/apis/apps/v1/namespaces/media/deployments/live'],
    ['an object of the core group', TYPES.Secret, 'media', 'api', '/api/v1/namespaces/media/secrets/api'],
    ['one of ours', TYPES.MediaServer, 'media', 'live', '/apis/sluice.dev/v1alpha1/namespaces/media/mediaservers/live'],
    ['a collection', TYPES.Pod, 'media', undefined, '/api/v1/namespaces/media/pods'],
    ['a collection of all namespaces', TYPES.Pod, null, undefined, '/api/v1/pods'],
    ['an object without a namespace', TYPES.Node, null, 'node-1', '/api/v1/nodes/node-1'],
  ] as const)('is the path of %s', (_what, type, namespace, name, path) =>
    expect(pathOf(type, namespace, name)).toBe(path),
  );

  it.each(['..', '.', '', '../../kube-system/secrets/admin', 'api?watch=true', 'api#', '%2e%2e', 'Api', 'a/log'])(
    'refuses "%s", which is not a valid object name',
    (name) => {
      expect(() => pathOf(TYPES.Secret, 'media', name)).toThrow(`"${name}" is not a valid object name`);
      expect(() => pathOf(TYPES.Secret, name, 'api')).toThrow(`"${name}" is not a valid object name`);
    },
  );

  it('is different for each kind, so a kind implies its type', () => {
    const types = Object.values(TYPES);
    expect(new Set(types.map(({ kind }) => kind)).size).toBe(types.length);
    expect(new Set(types.map((type) => pathOf(type, null))).size).toBe(types.length);
    for (const [name, { kind }] of Object.entries(TYPES)) expect(name).toBe(kind);
  });
});

describe('a key', () => {
  it.each([
    [{ name: 'live', namespace: 'media' }, 'media/live'],
    [{ name: 'live.eu', namespace: 'media' }, 'media/live.eu'],
    [{ name: 'node-1' }, '/node-1'],
  ])('of %j is %s, and can be parsed', (metadata, key) => {
    expect(keyOf({ metadata })).toBe(key);
    expect(splitKey(key)).toEqual({ namespace: '', ...metadata });
  });
});
