import { RenderError } from '../../../crds/render/assets.ts';
import type { FleetKey } from '../../../crds/render/fleet-key.ts';
import { hashOf } from '../../../crds/render/hash.ts';
import { renderServerConfig } from '../../../crds/render/server-config.ts';
import { MEDIA_SERVER } from '../../../crds/schema/kinds.ts';
import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';
import { brokenRules } from '../../../crds/validate/resource.ts';
import { buildAssetsSecret, captureKeysOf, fleetKeysOf, type Keys } from '../../builders/assets-secret.ts';
import { buildCaptureDeployment, type CaptureImages } from '../../builders/capture-deployment.ts';
import { buildCaptureNetworkPolicy } from '../../builders/capture-network-policy.ts';
import type { Parent } from '../../builders/common.ts';
import { addressesOf, buildConfigMap, type ConfigVersion, versionOf } from '../../builders/config-map.ts';
import { buildDeployment } from '../../builders/deployment.ts';
import { buildHttpRoute } from '../../builders/http-route.ts';
import { buildIngress } from '../../builders/ingress.ts';
import { buildNetworkPolicy } from '../../builders/network-policy.ts';
import { buildPodDisruptionBudget } from '../../builders/pod-disruption-budget.ts';
import { buildPodMonitor } from '../../builders/pod-monitor.ts';
import { buildService } from '../../builders/service.ts';
import { buildServiceAccount } from '../../builders/service-account.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Rendered } from '../../pods/fleets.ts';
import type { Observed } from './observe.ts';
import type { Fault } from './verdicts.ts';
import { workersOf } from './worker-count.ts';

export type Desired = {
  readonly rendered: Rendered;
  readonly keys: Keys;
  readonly assets: KubeObject;
  readonly configMap: KubeObject;
  /** In the order of writing. */
  readonly children: readonly KubeObject[];
};

export type DesiredOptions = CaptureImages & {
  /** Makes a key of a role that has none. */
  readonly newKey: (role: keyof Keys) => FleetKey;
  /** Unix time, milliseconds. */
  readonly now: number;
  /** The configs that pods report as running. */
  readonly running: readonly ConfigVersion[];
};

type Attempt =
  | { readonly kind: 'desired'; readonly desired: Desired }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** A ConfigMap and a Secret hold at most 1 MiB. */
const MOST_BYTES = 900 * 1024;

class ConfigTooLarge extends Error {}
/** The worker count derived from the resources breaks a rule that the API server cannot check. */
class InvalidWorkers extends Error {}

/** The objects that a MediaServer needs, or a fault, with which the last good state stays. Pure. */
export function desired(observed: Observed, options: DesiredOptions): Attempt {
  try {
    return { kind: 'desired', desired: wantedOf(observed, options) };
  } catch (error) {
    const fault = faultOf(error);
    if (!fault) throw error;
    return { kind: 'fault', fault };
  }
}

function faultOf(error: unknown): Fault | null {
  if (error instanceof RenderError) return { reason: 'InvalidReference', message: error.message, isTransient: true };
  if (error instanceof InvalidWorkers) return { reason: 'InvalidSpec', message: error.message };
  if (error instanceof ConfigTooLarge) return { reason: 'ConfigTooLarge', message: error.message };
  return null;
}

function wantedOf(observed: Observed, options: DesiredOptions): Desired {
  const parent = parentOf(observed);
  const [broken] = brokenRules(MEDIA_SERVER, parent.spec);
  if (broken) throw new InvalidWorkers(`${broken.field}: ${broken.reason}, with ${parent.spec.workers} workers`);
  const resource = { metadata: observed.mediaServer.metadata, spec: parent.spec };
  const { bundle, findings } = renderServerConfig({ ...observed, mediaServer: resource });
  const hash = hashOf(bundle);
  const counter = counterOf(hash, versionOf(observed.configMap), options);
  const keys = {
    fleet: orNew(fleetKeysOf(observed.assets), () => options.newKey('fleet')),
    capture: orNew(captureKeysOf(observed.assets), () => options.newKey('capture')),
  };
  const addresses = observed.nodes && (observed.nodes.byNode ?? addressesOf(observed.configMap));
  const configMap = buildConfigMap(parent, bundle.config, { counter, hash }, addresses);
  checkSize('the rendered config has', Object.values(configMap['data'] as Record<string, string>));
  checkSize('the credentials and CA bundles have', [...bundle.assets.values()]);
  const assets = [...bundle.assets].map(([name, value]): [string, string] => [name, value.toString('base64')]);
  return {
    rendered: {
      hash,
      push: { counter, config: bundle.config, assets: Object.fromEntries(assets) },
      findings,
      apps: new Map(observed.appObjects.map(({ metadata }) => [metadata.name, metadata.generation ?? 0])),
    },
    keys,
    assets: buildAssetsSecret(parent, bundle.assets, keys),
    configMap,
    children: [
      buildServiceAccount(parent),
      buildService(parent),
      buildNetworkPolicy(parent),
      buildPodDisruptionBudget(parent),
      buildDeployment(parent, { image: options.image, config: bundle.config, live: observed.deployment }),
      buildIngress(parent),
      buildHttpRoute(parent),
      buildPodMonitor(parent),
      buildCaptureNetworkPolicy(parent, hostsOf(observed)),
      buildCaptureDeployment(parent, options),
    ].filter((object) => object !== null),
  };
}

const orNew = (keys: readonly FleetKey[], make: () => FleetKey): readonly FleetKey[] =>
  keys.length > 0 ? keys : [make()];

/** The addresses of the pods that are on the network of their node. */
const hostsOf = ({ mediaServer, pods }: Observed): string[] =>
  mediaServer.spec.media.exposure === 'HostNetwork'
    ? [...new Set(pods.map(({ address }) => address).filter((address) => address !== ''))]
    : [];

/**
 * The counter grows with each new config, and beyond that of any pod with another config, because pods keep the higher
 * one. It starts from the clock in case the ConfigMap was deleted: a pod not polled yet still has its old counter.
 */
function counterOf(hash: string, before: ConfigVersion | null, { now, running }: DesiredOptions): number {
  const others = running.filter((each) => each.hash !== hash).map(({ counter }) => counter);
  const highest = Math.max(0, ...others);
  if (before?.hash === hash && before.counter >= highest) return before.counter;
  return Math.max((before?.counter ?? 0) + 1, highest + 1, now);
}

function parentOf({ mediaServer, object }: Observed): Parent {
  const { name, namespace = '', uid = '' } = object.metadata;
  const spec: MediaServerSpec = { ...mediaServer.spec, workers: workersOf(mediaServer.spec) };
  return { name, namespace, uid, spec };
}

function checkSize(what: string, values: readonly (string | Buffer)[]): void {
  const bytes = values.reduce((total, value) => total + Buffer.byteLength(value), 0);
  if (bytes > MOST_BYTES) throw new ConfigTooLarge(`${what} ${bytes} bytes, must be at most ${MOST_BYTES}`);
}
