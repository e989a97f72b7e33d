import { describe, expect, it } from 'vitest';
import type { FleetKey } from '../../crds/render/fleet-key.ts';
import { fleetKey } from '../../test/builders/fleet-parts.ts';
import { childMetadata, parentOf } from '../../test/builders/sluice-objects.ts';
import { buildAssetsSecret, captureKeysOf, fleetKeysOf } from './assets-secret.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const [FIRST, SECOND] = [fleetKey('fleet-1'), fleetKey('fleet-2')];
const CAPTURE = fleetKey('capture-1');
const KEYS = { fleet: [FIRST], capture: [CAPTURE] };
const HEX = FIRST.key.toString('hex');

describe('buildAssetsSecret', () => {
  it('holds the credentials that the config names, and the keys of the fleet and of captures', () => {
    const assets = new Map([
      ['secret.tls_tls.key', Buffer.from([0, 255])],
      ['secret.api_ops', Buffer.from('t1')],
    ]);
    expect(buildAssetsSecret(parentOf(), assets, KEYS)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: childMetadata('live-assets'),
      type: 'Opaque',
      data: {
        'secret.api_ops': base64('t1'),
        'secret.tls_tls.key': 'AP8=',
        'fleet.key': base64(`fleet-1 ${HEX}\ncapture-1 ${CAPTURE.key.toString('hex')}\n`),
        'capture.key': base64(`capture-1 ${CAPTURE.key.toString('hex')}\n`),
      },
    });
  });

  it('has the same bytes for any order of the credentials', () => {
    const bytesOf = (...names: readonly string[]) => {
      const assets = new Map(names.map((name) => [name, Buffer.from(name)]));
      return JSON.stringify(buildAssetsSecret(parentOf(), assets, KEYS));
    };
    expect(bytesOf('a', 'b')).toBe(bytesOf('b', 'a'));
  });
});

describe.each([
  ['fleetKeysOf', fleetKeysOf, (keys: FleetKey[]) => ({ fleet: keys, capture: [CAPTURE] })],
  ['captureKeysOf', captureKeysOf, (keys: FleetKey[]) => ({ fleet: [SECOND, FIRST], capture: keys })],
])('%s', (_what, keysOf, keysWith) => {
  it.each([
    ['one key', [FIRST]],
    ['two keys during a rotation, the first in use', [SECOND, FIRST]],
    ['no key', []],
  ])('reads back %s', (_what, keys) => {
    expect(keysOf(buildAssetsSecret(parentOf(), new Map(), keysWith(keys)))).toEqual(keys);
  });

  it('finds none without a Secret, or in an empty one', () => {
    expect(keysOf(null)).toEqual([]);
    expect(keysOf({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'live-assets' } })).toEqual([]);
  });
});
