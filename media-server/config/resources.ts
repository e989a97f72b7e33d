import type { SecretSource } from '../../crds/render/assets.ts';
import type { RenderFinding, RenderInput } from '../../crds/render/server-config.ts';
import {
  API_VERSION,
  GROUP,
  type Kind,
  MEDIA_SERVER,
  REST_HOOK,
  STREAM_APP,
  STREAM_CAPTURE,
} from '../../crds/schema/kinds.ts';
import type { MediaServerSpec } from '../../crds/schema/media-server.ts';
import type { StreamAppSpec } from '../../crds/schema/stream-app.ts';
import type { StreamCaptureSpec } from '../../crds/schema/stream-capture.ts';
import { NODE_EXTERNAL_IP } from '../../crds/schema/texts.ts';
import { type Resource, validateResource } from '../../crds/validate/resource.ts';
import type { ResourceDocument } from './documents.ts';
import { ConfigError } from './documents.ts';

export type FolderResources = RenderInput & {
  /** Apps whose MediaServer is not in the folder, most likely because of a misspelt name. */
  readonly orphans: readonly RenderFinding[];
  readonly captures: readonly Resource<StreamCaptureSpec>[];
};

/** Reads the resources of a folder as the operator would from the API. Throws `ConfigError`. */
export function readResources(
  documents: readonly ResourceDocument[],
  name: string | null,
  folder: string,
): FolderResources {
  const ofKind = (kind: string) => documents.filter(({ value }) => value['kind'] === kind && isApi(value, kind));
  for (const { value, where } of documents) checkKnown(value, where);
  const mediaServers = unique(ofKind('MediaServer')).map((document) => validated(MEDIA_SERVER, document));
  const mediaServer = choose(mediaServers, name, folder);
  if (mediaServer.spec.media.announcedAddress === NODE_EXTERNAL_IP) {
    const field = `MediaServer "${mediaServer.metadata.name}": spec.media.announcedAddress`;
    throw new ConfigError(
      `${folder}: ${field}: ${NODE_EXTERNAL_IP} needs Kubernetes; must be an address or a host name`,
    );
  }
  const apps = unique(ofKind('StreamApp')).map((document) => validated(STREAM_APP, document));
  return {
    mediaServer,
    apps,
    orphans: apps.flatMap((app) => orphanOf(app, mediaServers)),
    captures: unique(ofKind('StreamCapture')).map((document) => validated(STREAM_CAPTURE, document)),
    hooks: unique(ofKind('RestHook')).map((document) => validated(REST_HOOK, document)),
    secrets: new Map(unique(ofKind('Secret')).map(readSecret)),
    configMaps: new Map(unique(ofKind('ConfigMap')).map(readConfigMap)),
  };
}

/** Allows objects of other API groups, but no unknown kind or version of ours. */
function checkKnown(value: ResourceDocument['value'], where: string): void {
  const apiVersion = String(value['apiVersion'] ?? '');
  const kind = String(value['kind'] ?? '');
  if (apiVersion === '' || kind === '') throw new ConfigError(`${where}: apiVersion and kind are required`);
  const ours = apiVersion.startsWith(`${GROUP}/`);
  if (ours && apiVersion !== API_VERSION)
    throw new ConfigError(`${where}: apiVersion: must be ${API_VERSION}, got ${apiVersion}`);
  if (ours && kind === 'StreamTermination') {
    throw new ConfigError(
      `${where}: a StreamTermination needs the operator; POST to /rest-api/stream/terminate instead`,
    );
  }
  if (ours && !['MediaServer', 'StreamApp', 'RestHook', 'StreamCapture'].includes(kind)) {
    throw new ConfigError(`${where}: kind: must be MediaServer, StreamApp, RestHook or StreamCapture, got ${kind}`);
  }
}

function isApi(value: ResourceDocument['value'], kind: string): boolean {
  return value['apiVersion'] === (kind === 'Secret' || kind === 'ConfigMap' ? 'v1' : API_VERSION);
}

function validated<S>(kind: Kind<S>, { value, where }: ResourceDocument): Resource<S> {
  const result = validateResource(kind, value);
  if (result.ok) return result.resource;
  const faults = result.findings.map(({ field, reason }) => `${field}: ${reason}`).join('; ');
  throw new ConfigError(`${where}: ${kind.kind} "${nameOf(value)}": ${faults}`);
}

/** Refuses duplicates: `kubectl apply` would keep the last one silently. */
function unique(documents: readonly ResourceDocument[]): readonly ResourceDocument[] {
  const seen = new Map<string, string>();
  for (const { value, where } of documents) {
    const name = nameOf(value);
    const other = seen.get(name);
    if (other !== undefined) throw new ConfigError(`${where}: ${value['kind']} "${name}" already exists in ${other}`);
    seen.set(name, where);
  }
  return documents;
}

function orphanOf(
  { metadata, spec }: Resource<StreamAppSpec>,
  mediaServers: readonly Resource<MediaServerSpec>[],
): RenderFinding[] {
  const { name } = spec.mediaServerRef;
  if (mediaServers.some((each) => each.metadata.name === name)) return [];
  const message = `MediaServer "${name}" not found`;
  return [{ kind: 'StreamApp', name: metadata.name, reason: 'RefNotFound', message }];
}

function choose(
  servers: readonly Resource<MediaServerSpec>[],
  name: string | null,
  folder: string,
): Resource<MediaServerSpec> {
  const chosen = name === null ? servers : servers.filter(({ metadata }) => metadata.name === name);
  const [only, ...others] = chosen;
  if (only && others.length === 0) return only;
  if (name !== null) throw new ConfigError(`${folder}: MediaServer "${name}" not found`);
  if (!only) throw new ConfigError(`${folder}: no MediaServer found in its *.yaml, *.yml and *.json files`);
  const names = servers.map(({ metadata }) => metadata.name).join(', ');
  throw new ConfigError(`${folder}: several MediaServers found (${names}); select one with --name`);
}

function readSecret({ value, where }: ResourceDocument): [string, SecretSource] {
  const data = new Map<string, Buffer>();
  for (const [key, text] of entries(value['data'], `${where}: data`)) {
    if (!isBase64(text))
      throw new ConfigError(`${where}: data.${key}: must be base64; plain text belongs in stringData`);
    data.set(key, Buffer.from(text, 'base64'));
  }
  for (const [key, text] of entries(value['stringData'], `${where}: stringData`)) data.set(key, Buffer.from(text));
  return [nameOf(value), { type: String(value['type'] ?? 'Opaque'), data }];
}

/** As the API server decides: standard base64 with padding; line breaks are allowed. */
function isBase64(text: string): boolean {
  const compact = text.replace(/[\r\n]/g, '');
  return Buffer.from(compact, 'base64').toString('base64') === compact;
}

function readConfigMap({ value, where }: ResourceDocument): [string, ReadonlyMap<string, Buffer>] {
  return [
    nameOf(value),
    new Map(entries(value['data'], `${where}: data`).map(([key, text]) => [key, Buffer.from(text)])),
  ];
}

function entries(value: unknown, where: string): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') throw new ConfigError(`${where}: must be an object`);
  return Object.entries(value).map(([key, text]) => {
    if (typeof text !== 'string') throw new ConfigError(`${where}.${key}: must be a string`);
    return [key, text];
  });
}

function nameOf(value: ResourceDocument['value']): string {
  const metadata = value['metadata'];
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata ? String(metadata.name) : '';
}
