import { OBJECT_NAME } from '../../crds/schema/kit.ts';

/** Any object of the Kubernetes API, as JSON. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
};

export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
};

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
  readonly blockOwnerDeletion: boolean;
};

/** A kind that the operator reads or writes. */
export type ResourceType = { readonly apiVersion: string; readonly kind: string; readonly plural: string };

const type = (apiVersion: string, kind: string, plural: string): ResourceType => ({ apiVersion, kind, plural });

export const TYPES = {
  MediaServer: type('sluice.dev/v1alpha1', 'MediaServer', 'mediaservers'),
  StreamApp: type('sluice.dev/v1alpha1', 'StreamApp', 'streamapps'),
  RestHook: type('sluice.dev/v1alpha1', 'RestHook', 'resthooks'),
  StreamTermination: type('sluice.dev/v1alpha1', 'StreamTermination', 'streamterminations'),
  StreamCapture: type('sluice.dev/v1alpha1', 'StreamCapture', 'streamcaptures'),
  Pod: type('v1', 'Pod', 'pods'),
  Secret: type('v1', 'Secret', 'secrets'),
  ConfigMap: type('v1', 'ConfigMap', 'configmaps'),
  Service: type('v1', 'Service', 'services'),
  ServiceAccount: type('v1', 'ServiceAccount', 'serviceaccounts'),
  Node: type('v1', 'Node', 'nodes'),
  Deployment: type('apps/v1', 'Deployment', 'deployments'),
  Ingress: type('networking.k8s.io/v1', 'Ingress', 'ingresses'),
  NetworkPolicy: type('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  PodDisruptionBudget: type('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  HTTPRoute: type('gateway.networking.k8s.io/v1', 'HTTPRoute', 'httproutes'),
  PodMonitor: type('monitoring.coreos.com/v1', 'PodMonitor', 'podmonitors'),
  Lease: type('coordination.k8s.io/v1', 'Lease', 'leases'),
  Event: type('events.k8s.io/v1', 'Event', 'events'),
} as const satisfies Record<string, ResourceType>;

/** Throws for a kind that is not in the table. */
export function typeOf({ kind }: Pick<KubeObject, 'kind'>): ResourceType {
  const found = Object.values<ResourceType>(TYPES).find((each) => each.kind === kind);
  if (!found) throw new Error(`${kind}: not a kind that the operator reads or writes`);
  return found;
}

/**
 * `/apis/apps/v1/namespaces/default/deployments/x`. No namespace means all namespaces; no name means the collection.
 * Throws for an invalid object name: `../../kube-system/secrets/x` would lead to another namespace.
 */
export function pathOf({ apiVersion, plural }: ResourceType, namespace: string | null, name?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === null ? '' : `/namespaces/${checkedName(namespace)}`;
  return `${root}${scope}/${plural}${name === undefined ? '' : `/${checkedName(name)}`}`;
}

const NAME = new RegExp(OBJECT_NAME);

function checkedName(name: string): string {
  if (!NAME.test(name)) throw new Error(`"${name}" is not a valid object name`);
  return name;
}

/** A time as Kubernetes writes it, to the second. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** `namespace/name`, the key in queues and stores. */
export const keyOf = ({ metadata }: Pick<KubeObject, 'metadata'>): string =>
  `${metadata.namespace ?? ''}/${metadata.name}`;

export function splitKey(key: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
