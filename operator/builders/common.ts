import type { MediaServerSpec } from '../../crds/schema/media-server.ts';
import { NODE_EXTERNAL_IP } from '../../crds/schema/texts.ts';
import type { KubeObject, Metadata, OwnerReference, ResourceType } from '../kube/objects.ts';

/** What every child object of a MediaServer is built from. */
export type Parent = {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly spec: MediaServerSpec;
};

/** The MediaServer that a child object belongs to. */
type Owner = Pick<Parent, 'name' | 'namespace' | 'uid'>;

export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'sluice' } as const;

/** The name of our container; a pod may have others. */
export const CONTAINER = 'media-server';
/** The containers of a capture pod: one reads the sources, the other one publishes. */
export const CAPTURE_CONTAINERS = { sources: 'sources', capture: 'capture' } as const;
/** Names of its ports. A port looked up by name is right for each pod, even while the number changes. */
export const PORT_NAMES = { ops: 'ops', internal: 'internal' } as const;

/** Selects the pods of one MediaServer. It must never change: the selector of a Deployment is immutable. */
export const selectorOf = ({ name }: Pick<Parent, 'name'>): Record<string, string> => ({
  'app.kubernetes.io/name': 'sluice-media-server',
  'app.kubernetes.io/instance': name,
});

/** Selects the capture pods of one MediaServer. It must never change. */
export const captureSelectorOf = ({ name }: Pick<Parent, 'name'>): Record<string, string> => ({
  'app.kubernetes.io/name': 'sluice-capture',
  'app.kubernetes.io/instance': name,
});

export const labelsOf = (parent: Pick<Parent, 'name'>): Record<string, string> => ({
  ...selectorOf(parent),
  ...MANAGED_BY,
});

/** A child object with name, labels and an owner reference, so that it is deleted with its MediaServer. */
export function child(type: ResourceType, parent: Owner, name: string, fields: ChildFields): KubeObject {
  const { annotations, labels, ...rest } = fields;
  const metadata: Metadata = {
    name,
    namespace: parent.namespace,
    labels: { ...labels, ...labelsOf(parent) },
    ...(annotations ? { annotations } : {}),
    ownerReferences: [ownerOf(parent)],
  };
  return { apiVersion: type.apiVersion, kind: type.kind, metadata, ...rest };
}

type ChildFields = {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
};

function ownerOf({ name, uid }: Owner): OwnerReference {
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'MediaServer',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export const configMapName = ({ name }: Pick<Parent, 'name'>): string => `${name}-config`;
export const assetsName = ({ name }: Pick<Parent, 'name'>): string => `${name}-assets`;
/** The name of the Deployment and the NetworkPolicy of the capture pods. */
export const captureName = ({ name }: Pick<Parent, 'name'>): string => `${name}-capture`;
export const rosterName = ({ name }: Pick<Parent, 'name'>): string => `${name}-roster`;

/** Whether clients are told the external address of the pod's node. */
export const announcesNode = ({ media }: Pick<MediaServerSpec, 'media'>): boolean =>
  media.announcedAddress === NODE_EXTERNAL_IP;

type NamedPort = { readonly name: string; readonly port: number };

/** TCP ports for clients, without media: REST API and signalling, and the sockets of the Web SDK if they are on. */
export function clientPorts({ rest, webSdk }: Pick<MediaServerSpec, 'rest' | 'webSdk'>): NamedPort[] {
  const ports = { http: rest.http.port, https: rest.https?.port, ws: webSdk?.http.port, wss: webSdk?.https?.port };
  return Object.entries(ports).flatMap(([name, port]) => (port === undefined ? [] : [{ name, port }]));
}

/** UDP and TCP ports of the workers. */
export function mediaPorts({ media, workers }: MediaServerSpec): number[] {
  return Array.from({ length: workers }, (_, index) => media.port + index);
}
