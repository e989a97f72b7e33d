import type { SecretSource } from '../../../crds/render/assets.ts';
import { webSdkSecret } from '../../../crds/render/web-sdk.ts';
import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';
import type { RestHookSpec } from '../../../crds/schema/rest-hook.ts';
import type { StreamAppSpec } from '../../../crds/schema/stream-app.ts';
import type { Resource } from '../../../crds/validate/resource.ts';
import { assetsName, configMapName } from '../../builders/common.ts';
import { type KubeObject, TYPES } from '../../kube/objects.ts';
import { capturePodsOf, type Pod, podsOf } from '../../pods/pod.ts';
import { readConfigMaps, readSecrets } from '../../world/references.ts';
import { invalidOnes, readRestHook, readStreamApp, validOnes } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';
import { type NodeAddresses, nodeAddresses } from './node-addresses.ts';

/** Everything that the reconcile of one MediaServer reads. */
export type Observed = {
  readonly object: KubeObject;
  readonly mediaServer: Resource<MediaServerSpec>;
  readonly appObjects: readonly KubeObject[];
  readonly apps: readonly Resource<StreamAppSpec>[];
  readonly hooks: readonly Resource<RestHookSpec>[];
  /** Faults of the invalid RestHooks of these apps, by name. */
  readonly invalidHooks: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, SecretSource>;
  readonly configMaps: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
  readonly deployment: KubeObject | undefined;
  readonly pods: readonly Pod[];
  readonly capturePods: readonly Pod[];
  /** The ConfigMap holds the last written config; `assets` holds the fleet's keys. */
  readonly configMap: KubeObject | null;
  readonly assets: KubeObject | null;
  /** Live children of kinds that a cluster may not have. */
  readonly optional: readonly KubeObject[];
  /** null = the MediaServer does not announce node addresses. */
  readonly nodes: NodeAddresses | null;
};

/** These types are not watched: a watch of a kind that is not installed never succeeds. */
export const OPTIONAL_TYPES = [TYPES.HTTPRoute, TYPES.PodMonitor] as const;

export async function observe(
  world: World,
  object: KubeObject,
  mediaServer: Resource<MediaServerSpec>,
): Promise<Observed> {
  const { name, namespace = '' } = object.metadata;
  const { reads, stores } = world;
  const appObjects = stores.streamApps
    .list(namespace)
    .filter((app) => (app['spec'] as StreamAppSpec).mediaServerRef.name === name);
  const apps = validOnes(appObjects, readStreamApp);
  const used = new Set(apps.map(({ spec }) => spec.restHookRef?.name));
  const hookObjects = stores.restHooks.list(namespace).filter(({ metadata }) => used.has(metadata.name));
  const hooks = validOnes(hookObjects, readRestHook);
  const names = referenced(mediaServer.spec, hooks);
  const pods = podsOf(stores.pods, namespace, name);
  const [secrets, configMaps, configMap, assets, nodes, optional] = await Promise.all([
    readSecrets(world, namespace, names.secrets),
    readConfigMaps(world, namespace, names.configMaps),
    reads.get(TYPES.ConfigMap, namespace, configMapName({ name })),
    reads.get(TYPES.Secret, namespace, assetsName({ name })),
    nodeAddresses(world, mediaServer.spec, pods),
    Promise.all(OPTIONAL_TYPES.map((type) => reads.get(type, namespace, name))),
  ]);
  return {
    object,
    mediaServer,
    appObjects,
    apps,
    hooks,
    invalidHooks: invalidOnes(hookObjects, readRestHook),
    secrets,
    configMaps,
    deployment: stores.deployments.get(`${namespace}/${name}`),
    pods,
    capturePods: capturePodsOf(stores.pods, namespace, name),
    configMap,
    assets,
    nodes,
    optional: optional.filter((each) => each !== null),
  };
}

type Referenced = { readonly secrets: readonly string[]; readonly configMaps: readonly string[] };

/** The Secrets and ConfigMaps that a MediaServer and its hooks reference. */
function referenced(spec: MediaServerSpec, hooks: readonly Resource<RestHookSpec>[]): Referenced {
  const secrets = [
    spec.rest.authRef?.name,
    spec.rest.https?.certificateRef.name,
    webSdkSecret(spec),
    ...hooks.map(({ spec }) => (spec.auth.type === 'none' ? undefined : spec.auth.secretRef?.name)),
  ];
  const configMaps = hooks.map(({ spec }) => spec.tls.caBundleRef?.name);
  const distinct = (names: readonly (string | undefined)[]): string[] => [
    ...new Set(names.filter((each) => each !== undefined)),
  ];
  return { secrets: distinct(secrets), configMaps: distinct(configMaps) };
}
