import type { Kind } from '../../crds/schema/kinds.ts';
import { MEDIA_SERVER, REST_HOOK, STREAM_APP } from '../../crds/schema/kinds.ts';
import type { MediaServerSpec } from '../../crds/schema/media-server.ts';
import type { RestHookSpec } from '../../crds/schema/rest-hook.ts';
import type { StreamAppSpec } from '../../crds/schema/stream-app.ts';
import { type Resource, type Validated, validateResource } from '../../crds/validate/resource.ts';
import type { KubeObject } from '../kube/objects.ts';

// The API server has checked an object by the rules of the CRD that was installed when it was written; an object of
// before an upgrade may break a rule of today. Defaults are filled in the same way.

const validate =
  <S>(kind: Kind<S>) =>
  (object: KubeObject): Validated<S> =>
    validateResource(kind, object);

export const readMediaServer: (object: KubeObject) => Validated<MediaServerSpec> = validate(MEDIA_SERVER);
export const readStreamApp: (object: KubeObject) => Validated<StreamAppSpec> = validate(STREAM_APP);
export const readRestHook: (object: KubeObject) => Validated<RestHookSpec> = validate(REST_HOOK);

/** Those that are valid. */
export function validOnes<S>(
  objects: readonly KubeObject[],
  read: (object: KubeObject) => Validated<S>,
): Resource<S>[] {
  return objects.flatMap((object) => {
    const checked = read(object);
    return checked.ok ? [checked.resource] : [];
  });
}

/** The faults of those that are not valid, by name. */
export function invalidOnes<S>(
  objects: readonly KubeObject[],
  read: (object: KubeObject) => Validated<S>,
): Map<string, string> {
  return new Map(
    objects.flatMap((object): [string, string][] => {
      const checked = read(object);
      return checked.ok ? [] : [[object.metadata.name, faultsOf(checked)]];
    }),
  );
}

/** The faults of an object in one line. */
export function faultsOf<S>(checked: Extract<Validated<S>, { ok: false }>): string {
  return checked.findings.map(({ field, reason }) => `${field}: ${reason}`).join('; ');
}
