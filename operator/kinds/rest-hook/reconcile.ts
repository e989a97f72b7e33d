import { Assets } from '../../../crds/render/assets.ts';
import { renderHook } from '../../../crds/render/rest-hook.ts';
import type { RestHookSpec } from '../../../crds/schema/rest-hook.ts';
import type { Resource } from '../../../crds/validate/resource.ts';
import { CachedReads } from '../../kube/cached-reads.ts';
import { no, unknown, yes } from '../../kube/conditions.ts';
import { healthOf, reachable, saturated } from '../../pods/hook-health.ts';
import type { Result } from '../../runtime/controller.ts';
import { report } from '../../status/report.ts';
import { isForeignHook } from '../../world/hook-owner.ts';
import { readConfigMaps, readSecrets } from '../../world/references.ts';
import { faultsOf, readRestHook } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import { type ReadyRules, ready } from '../ready.ts';

/** Reports whether a RestHook is valid and whether its backend answers. */
export async function reconcileRestHook(world: World, key: string): Promise<Result> {
  const object = world.stores.restHooks.get(key);
  if (!object || object.metadata.deletionTimestamp) return {};
  if (isForeignHook(world, object)) return {};
  const checked = readRestHook(object);
  if (!checked.ok) {
    const faults = faultsOf(checked);
    const invalid = [no('Accepted', 'InvalidSpec', faults), unknown('ResolvedRefs', 'InvalidSpec', faults)];
    return report(world, object, [...invalid, ready(invalid, READY)]);
  }
  const broken = await brokenReference(world, checked.resource);
  const resolved = broken
    ? no('ResolvedRefs', 'RefNotFound', broken)
    : yes('ResolvedRefs', 'ResolvedRefs', 'all references are resolved');
  const accepted = yes('Accepted', 'Accepted', 'the RestHook is valid');
  const health = healthOf(world.fleets, key);
  const verdicts = [accepted, resolved, reachable(health), saturated(health)];
  const result = await report(world, object, [...verdicts, ready(verdicts, READY)]);
  if (!hasReferences(checked.resource.spec)) return result;
  return { requeueAfterMs: broken ? CachedReads.missingMs : CachedReads.refreshMs };
}

/** A backend that is down is no fault of the RestHook. */
const READY: ReadyRules = { mustBeTrue: ['Accepted', 'ResolvedRefs'] };

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
