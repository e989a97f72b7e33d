import { Assets } from '../../../crds/render/assets.ts';
import { renderHook } from '../../../crds/render/rest-hook.ts';
import type { RestHookSpec } from '../../../crds/schema/rest-hook.ts';
import type { Resource } from '../../../crds/validate/resource.ts';
import { CachedReads } from '../../kube/cached-reads.ts';
import { type KubeObject, splitKey, TYPES } from '../../kube/objects.ts';
import { AFTER_WRITE_MS, writeStatus } from '../../kube/write-status.ts';
import type { Result } from '../../runtime/controller.ts';
import { conditionsOf, mergeConditions, no, unknown, type Verdict, yes } from '../../status/conditions.ts';
import { readConfigMaps, readSecrets } from '../../world/references.ts';
import { faultsOf, readRestHook } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import { type HookReport, joinReports, reachable, saturated } from './verdicts.ts';

/** Says whether a RestHook can be used, and whether its backend answers. */
export async function reconcileRestHook(world: World, key: string): Promise<Result> {
  const object = world.stores.restHooks.get(key);
  if (!object || object.metadata.deletionTimestamp) return {};
  const checked = readRestHook(object);
  if (!checked.ok) {
    const faults = faultsOf(checked);
    return write(world, object, [
      no('Accepted', 'InvalidSpec', faults),
      unknown('ResolvedRefs', 'InvalidSpec', faults),
    ]);
  }
  const broken = await brokenReference(world, checked.resource);
  const resolved = broken
    ? no('ResolvedRefs', 'RefNotFound', broken)
    : yes('ResolvedRefs', 'ResolvedRefs', 'everything that is referred to is there');
  const accepted = yes('Accepted', 'Accepted', 'the RestHook is valid');
  const health = healthOf(world, key);
  const result = await write(world, object, [accepted, resolved, reachable(health), saturated(health)]);
  if (!hasReferences(checked.resource.spec)) return result;
  return { requeueAfterMs: broken ? CachedReads.missingMs : CachedReads.refreshMs };
}

const hasReferences = ({ auth, tls }: RestHookSpec): boolean => auth.type !== 'none' || tls.caBundleRef !== undefined;

async function brokenReference(world: World, resource: Resource<RestHookSpec>): Promise<string | null> {
  const { metadata, spec } = resource;
  const namespace = metadata.namespace ?? '';
  const secret = spec.auth.type === 'none' ? undefined : spec.auth.secretRef?.name;
  const caBundle = spec.tls.caBundleRef?.name;
  const secrets = await readSecrets(world, namespace, secret === undefined ? [] : [secret]);
  const configMaps = await readConfigMaps(world, namespace, caBundle === undefined ? [] : [caBundle]);
  const rendered = renderHook(resource, new Assets({ secrets, configMaps }));
  return typeof rendered === 'string' ? rendered : null;
}

/** What all pods of the namespace that use it say. */
export function healthOf({ fleets }: Pick<World, 'fleets'>, key: string): HookReport {
  const { name, namespace } = splitKey(key);
  const told = [...fleets.entries()]
    .filter(([server]) => splitKey(server).namespace === namespace)
    .flatMap(([, fleet]) => fleet.statuses())
    .flatMap(({ hooks }) => hooks.filter((hook) => hook.name === name));
  return joinReports(told);
}

async function write(world: World, object: KubeObject, verdicts: readonly Verdict[]): Promise<Result> {
  const before = conditionsOf(object);
  const { generation } = object.metadata;
  const conditions = mergeConditions(before, verdicts, generation, world.clock);
  const status = { observedGeneration: generation, conditions };
  const isWritten = await writeStatus(world.client, TYPES.RestHook, object, status);
  for (const { message, reason, status, type } of verdicts) {
    const known = before?.find((each) => each.type === type);
    const isBad = status === (type === 'Saturated' ? 'True' : 'False');
    if (!isBad || (known?.status === status && known.reason === reason)) continue;
    await world.events.say(object, { type: 'Warning', reason, action: 'Reconcile', note: message });
  }
  return isWritten ? { requeueAfterMs: AFTER_WRITE_MS } : {};
}
