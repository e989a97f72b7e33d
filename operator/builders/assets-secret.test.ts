import { describe, expect, it } from 'vitest';
import { fleetKey } from '../../test/builders/fleet-parts.ts';
import { childMetadata, parentOf } from '../../test/builders/sluice-objects.ts';
import { buildAssetsSecret, fleetKeysOf } from './assets-secret.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const [FIRST, SECOND] = [fleetKey('fleet-1'), fleetKey('fleet-2')];
const HEX = FIRST.key.toString('hex');

describe('buildAssetsSecret', () => {
  it('holds the credentials that the config names, and the key of the fleet', () => {
    const assets = new Map([
      ['secret.tls_tls.key', Buffer.from([0, 255])],
      ['secret.api_ops', Buffer.from('t1')],
    ]);
    expect(buildAssetsSecret(parentOf(), assets, [FIRST])).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: childMetadata('live-assets'),
      type: 'Opaque',
      data: {
        'secret.api_ops': base64('t1'),
        'secret.tls_tls.key': 'AP8=',
        'fleet.key': base64(`fleet-1 ${HEX}\n`),
      },
    });
  });

  it('has the same bytes for any order of the credentials', () => {
    const bytesOf = (...names: readonly string[]) => {
      const assets = new Map(names.map((name) => [name, Buffer.from(name)]));
      return JSON.stringify(buildAssetsSecret(parentOf(), assets, [FIRST]));
    };
    expect(bytesOf('a', 'b')).toBe(bytesOf('b', 'a'));
  });
});

describe('fleetKeysOf', () => {
  it.each([
    ['one key', [FIRST]],
    ['two keys during a rotation, the first in use', [SECOND, FIRST]],
    ['no key', []],
  ])('reads back %s', (_what, keys) => {
    expect(fleetKeysOf(buildAssetsSecret(parentOf(), new Map(), keys))).toEqual(keys);
  });

  it('finds none without a Secret, or in an empty one', () => {
    expect(fleetKeysOf(null)).toEqual([]);
    expect(fleetKeysOf({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'live-assets' } })).toEqual([]);
  });
});
