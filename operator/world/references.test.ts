import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorWorld } from '../../test/builders/operator-world.ts';
import type { KubeObject } from '../kube/objects.ts';
import { readConfigMaps, readSecrets } from './references.ts';

const object = (kind: string, name: string, fields: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'media' },
  ...fields,
});
const bytes = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([key, text]) => [key, Buffer.from(text)]));

describe('the references of a config', () => {
  let world: OperatorWorld;
  beforeEach(() => {
    world = new OperatorWorld();
  });
  afterEach(() => world.close());

  it('are read from Secrets with their type, without missing ones', async () => {
    world.have(object('Secret', 'api', { type: 'kubernetes.io/basic-auth', data: { username: 'b3Bz' } }));
    world.have(object('Secret', 'empty', {}));
    expect(await readSecrets(world, 'media', ['api', 'empty', 'gone'])).toEqual(
      new Map([
        ['api', { type: 'kubernetes.io/basic-auth', data: bytes({ username: 'ops' }) }],
        ['empty', { type: 'Opaque', data: new Map() }],
      ]),
    );
  });

  it('are read from ConfigMaps unchanged, without missing ones', async () => {
    world.have(object('ConfigMap', 'ca', { data: { 'ca.crt': 'CERT ü' } }));
    expect(await readConfigMaps(world, 'media', ['ca', 'gone'])).toEqual(
      new Map([['ca', bytes({ 'ca.crt': 'CERT ü' })]]),
    );
  });

  it('are never read from another namespace', async () => {
    world.have(object('Secret', 'api', { data: { token: 'dDE=' } }));
    expect(await readSecrets(world, 'elsewhere', ['api'])).toEqual(new Map());
  });
});
