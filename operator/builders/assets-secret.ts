import { FLEET_KEY_FILE, type FleetKey, formatFleetKey, parseFleetKeys } from '../../crds/render/fleet-key.ts';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import { assetsName, child, type Parent } from './common.ts';

/** The credentials that the config names, and the fleet's keys. */
export function buildAssetsSecret(
  parent: Parent,
  assets: ReadonlyMap<string, Buffer>,
  keys: readonly FleetKey[],
): KubeObject {
  const entries = [...assets].sort(([a], [b]) => (a < b ? -1 : 1));
  const data = Object.fromEntries(entries.map(([name, value]) => [name, value.toString('base64')]));
  const fleetKey = Buffer.from(keys.map(formatFleetKey).join('')).toString('base64');
  return child(TYPES.Secret, parent, assetsName(parent), {
    type: 'Opaque',
    data: { ...data, [FLEET_KEY_FILE]: fleetKey },
  });
}

/** The fleet keys of an existing Secret; the first one is in use. */
export function fleetKeysOf(secret: KubeObject | null): FleetKey[] {
  const data = (secret?.['data'] ?? {}) as Record<string, string>;
  return parseFleetKeys(Buffer.from(data[FLEET_KEY_FILE] ?? '', 'base64').toString());
}
