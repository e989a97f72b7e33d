import { renderServerConfig } from '../../crds/render/server-config.ts';
import { type Kind, MEDIA_SERVER, REST_HOOK, STREAM_APP } from '../../crds/schema/kinds.ts';
import type { MediaServerSpec } from '../../crds/schema/media-server.ts';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { type Resource, validateResource } from '../../crds/validate/resource.ts';
import type { Parent } from '../../operator/builders/common.ts';
import type { Observed } from '../../operator/kinds/media-server/observe.ts';
import type { KubeObject, Metadata } from '../../operator/kube/objects.ts';

type Fields = Readonly<Record<string, unknown>>;

function object(kind: string, name: string, spec: Fields, metadata: Partial<Metadata>): KubeObject {
  const base = { name, namespace: 'media', uid: `uid-${name}`, generation: 1, resourceVersion: '1' };
  return { apiVersion: 'sluice.dev/v1alpha1', kind, metadata: { ...base, ...metadata }, spec };
}

/** Objects as the API server returns them, in the namespace `media`. */
export const mediaServerObject = (spec: Fields = {}, metadata: Partial<Metadata> = {}): KubeObject =>
  object('MediaServer', metadata.name ?? 'live', spec, metadata);

export const streamAppObject = (name: string, spec: Fields = {}, metadata: Partial<Metadata> = {}): KubeObject =>
  object('StreamApp', name, { appKey: name, mediaServerRef: { name: 'live' }, ...spec }, metadata);

export const restHookObject = (name: string, spec: Fields = {}, metadata: Partial<Metadata> = {}): KubeObject =>
  object('RestHook', name, { url: 'http://backend.example/MyAPI', ...spec }, metadata);

export const terminationObject = (spec: Fields = {}, metadata: Partial<Metadata> = {}): KubeObject =>
  object('StreamTermination', metadata.name ?? 'stop', { mediaServerRef: { name: 'live' }, ...spec }, metadata);

export function validated<S>(kind: Kind<S>, each: KubeObject): Resource<S> {
  const checked = validateResource(kind, each);
  if (!checked.ok) throw new Error(JSON.stringify(checked.findings));
  return checked.resource;
}

export const mediaServer = (spec: Fields = {}): Resource<MediaServerSpec> =>
  validated(MEDIA_SERVER, mediaServerObject(spec));
export const streamApp = (name: string, spec: Fields = {}) => validated(STREAM_APP, streamAppObject(name, spec));
export const restHook = (name: string, spec: Fields = {}) => validated(REST_HOOK, restHookObject(name, spec));

/** What the children of the MediaServer `live` are built from. */
export const parentOf = (spec: Fields = {}): Parent => ({
  name: 'live',
  namespace: 'media',
  uid: 'uid-live',
  spec: mediaServer(spec).spec,
});

/** Renders the config of a MediaServer. All credentials that it names are the same. */
export function configOf(spec: Fields = {}, apps: readonly string[] = []): ServerConfig {
  const data = new Map(['tls.crt', 'tls.key', 'token'].map((key) => [key, Buffer.from('x')]));
  const secrets = new Map(['tls', 'api'].map((name) => [name, { type: 'Opaque', data }]));
  const sources = { secrets, configMaps: new Map(), hooks: [], apps: apps.map((name) => streamApp(name)) };
  return renderServerConfig({ mediaServer: mediaServer(spec), ...sources }).bundle.config;
}

/** Metadata of every child of the MediaServer `live`. */
export const childMetadata = (name: string) => ({
  name,
  namespace: 'media',
  labels: {
    'app.kubernetes.io/name': 'sluice-media-server',
    'app.kubernetes.io/instance': 'live',
    'app.kubernetes.io/managed-by': 'sluice',
  },
  ownerReferences: [
    {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'MediaServer',
      name: 'live',
      uid: 'uid-live',
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
});

/** A pod of the MediaServer `live`; its container runs. */
export const podObject = (state: object = { running: {} }, over: Partial<Metadata> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...childMetadata('live-1'), uid: 'u1', ...over },
  spec: { terminationGracePeriodSeconds: 570 },
  status: { podIP: '127.0.0.1', containerStatuses: [{ name: 'media-server', state }] },
});

export const SELECTOR = { 'app.kubernetes.io/name': 'sluice-media-server', 'app.kubernetes.io/instance': 'live' };

/** The observed state for a reconcile of the MediaServer `live`. */
export function observedOf(spec: Fields = {}, over: Partial<Observed> = {}): Observed {
  return {
    object: mediaServerObject(spec),
    mediaServer: mediaServer(spec),
    appObjects: [],
    apps: [],
    hooks: [],
    invalidHooks: new Map(),
    secrets: new Map(),
    configMaps: new Map(),
    deployment: undefined,
    pods: [],
    capturePods: [],
    configMap: null,
    assets: null,
    nodes: null,
    optional: [],
    ...over,
  };
}
