import {
  CAPTURE_KEY_FILE,
  FLEET_KEY_FILE,
  type FleetKey,
  formatFleetKey,
  type KeyRole,
  parseFleetKeys,
  roleOf,
} from '../../crds/render/fleet-key.ts';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import { assetsName, child, type Parent } from './common.ts';

/** The keys of each role. */
export type Keys = Readonly<Record<KeyRole, readonly FleetKey[]>>;

/**
 * The credentials that the config names, and the keys. The key of captures is there before there are any: it reaches
 * running media pods with the refresh of their volumes, a minute or two after it was made.
 */
export function buildAssetsSecret(parent: Parent, assets: ReadonlyMap<string, Buffer>, keys: Keys): KubeObject {
  const entries = [...assets].sort(([a], [b]) => (a < b ? -1 : 1));
  const data = Object.fromEntries(entries.map(([name, value]) => [name, value.toString('base64')]));
  const text = (each: readonly FleetKey[]) => Buffer.from(each.map(formatFleetKey).join('')).toString('base64');
  return child(TYPES.Secret, parent, assetsName(parent), {
    type: 'Opaque',
    data: { ...data, [FLEET_KEY_FILE]: text([...keys.fleet, ...keys.capture]), [CAPTURE_KEY_FILE]: text(keys.capture) },
  });
}

/** The fleet keys of an existing Secret; the first one is in use. */
export const fleetKeysOf = (secret: KubeObject | null): FleetKey[] =>
  keysOf(secret, FLEET_KEY_FILE).filter((key) => roleOf(key) === 'fleet');

/** The same for the keys of the capture role. */
export const captureKeysOf = (secret: KubeObject | null): FleetKey[] => keysOf(secret, CAPTURE_KEY_FILE);

function keysOf(secret: KubeObject | null, file: string): FleetKey[] {
  const data = (secret?.['data'] ?? {}) as Record<string, string>;
  return parseFleetKeys(Buffer.from(data[file] ?? '', 'base64').toString());
}
