import type { SecretSource } from '../../crds/render/assets.ts';
import type { StreamAppSpec } from '../../crds/schema/stream-app.ts';
import type { StreamCaptureSpec } from '../../crds/schema/stream-capture.ts';
import type { KubeObject } from '../kube/objects.ts';
import { TYPES } from '../kube/objects.ts';
import type { World } from './world.ts';

/** Secrets by name; those that do not exist are left out. */
export async function readSecrets(
  { reads }: Pick<World, 'reads'>,
  namespace: string,
  names: readonly string[],
): Promise<Map<string, SecretSource>> {
  const found = await Promise.all(names.map((name) => reads.get(TYPES.Secret, namespace, name)));
  const present = found.filter((secret) => secret !== null);
  return new Map(
    present.map((secret) => [
      secret.metadata.name,
      { type: String(secret['type'] ?? 'Opaque'), data: decoded(secret['data'], 'base64') },
    ]),
  );
}

/** ConfigMaps by name; those that do not exist are left out. */
export async function readConfigMaps(
  { reads }: Pick<World, 'reads'>,
  namespace: string,
  names: readonly string[],
): Promise<Map<string, ReadonlyMap<string, Buffer>>> {
  const found = await Promise.all(names.map((name) => reads.get(TYPES.ConfigMap, namespace, name)));
  const present = found.filter((configMap) => configMap !== null);
  return new Map(present.map((configMap) => [configMap.metadata.name, decoded(configMap['data'], 'utf8')]));
}

function decoded(data: unknown, encoding: BufferEncoding): Map<string, Buffer> {
  const entries = Object.entries((data ?? {}) as Record<string, string>);
  return new Map(entries.map(([key, text]) => [key, Buffer.from(text, encoding)]));
}

/** The MediaServer that an app or a StreamTermination belongs to. */
export function mediaServerOf(object: KubeObject): string {
  const { mediaServerRef } = object['spec'] as StreamAppSpec;
  return `${object.metadata.namespace ?? ''}/${mediaServerRef.name}`;
}

/** The MediaServer that a StreamCapture belongs to by its app; null if the app does not exist. */
export function mediaServerOfCapture({ stores }: Pick<World, 'stores'>, { metadata, spec }: KubeObject): string | null {
  const { appRef } = spec as StreamCaptureSpec;
  const app = stores.streamApps.get(`${metadata.namespace ?? ''}/${appRef.name}`);
  return app ? mediaServerOf(app) : null;
}
