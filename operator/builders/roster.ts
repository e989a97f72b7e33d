import { ROSTER_FILE, Roster } from '../../crds/schema/internal.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import { child, type Parent, rosterName } from './common.ts';

/** The roster that a restarting container reads. */
export function buildRoster(parent: Pick<Parent, 'name' | 'namespace' | 'uid'>, roster: Roster): KubeObject {
  return child(TYPES.ConfigMap, parent, rosterName(parent), { data: { [ROSTER_FILE]: JSON.stringify(roster) } });
}

/** The roster in a ConfigMap; null if there is none, or if somebody has damaged it. */
export function rosterOf(configMap: KubeObject | null): Roster | null {
  const { [ROSTER_FILE]: text } = (configMap?.['data'] ?? {}) as { [ROSTER_FILE]?: string };
  if (text === undefined) return null;
  try {
    const roster: unknown = JSON.parse(text);
    return schemaFindings(Roster, roster, ROSTER_FILE).length === 0 ? (roster as Roster) : null;
  } catch {
    return null;
  }
}
