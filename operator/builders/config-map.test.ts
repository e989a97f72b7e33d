import { describe, expect, it } from 'vitest';
import { childMetadata, configOf, parentOf } from '../../test/builders/sluice-objects.ts';
import type { KubeObject } from '../kube/objects.ts';
import { buildConfigMap, versionOf } from './config-map.ts';

const VERSION = { counter: 1_767_225_600_000, hash: '00ff00ff00ff00ff' };

describe('buildConfigMap', () => {
  it('holds the config that a starting pod reads', () => {
    expect(buildConfigMap(parentOf(), configOf(), VERSION)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: childMetadata('live-config'),
      data: { 'config.json': JSON.stringify(configOf()), version: '1767225600000 00ff00ff00ff00ff' },
    });
  });

  it.each([
    ['addresses of nodes', { 'node-1': '203.0.113.7' }, '{"node-1":"203.0.113.7"}'],
    ['none of them yet', {}, '{}'],
  ])('holds %s if node addresses are announced', (_what, addresses, text) => {
    expect(buildConfigMap(parentOf(), configOf(), VERSION, addresses)['data']).toMatchObject({
      'announced.json': text,
    });
  });
});

describe('versionOf', () => {
  const holding = (data?: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'live-config' },
    ...(data ? { data } : {}),
  });

  it('reads back a written version', () => {
    expect(versionOf(buildConfigMap(parentOf(), configOf(), VERSION))).toEqual(VERSION);
  });

  it.each([
    ['there is no ConfigMap', null],
    ['it has no data', holding()],
    ['it has no version', holding({ 'config.json': '{}' })],
    ['it is empty', holding({ version: '' })],
    ['its counter is not a number', holding({ version: 'x 00ff' })],
    ['its hash is not valid', holding({ version: '7 hash' })],
    ['it has an extra word', holding({ version: '7 00ff x' })],
  ])('finds none if %s', (_what, configMap) => expect(versionOf(configMap)).toBeNull());
});
