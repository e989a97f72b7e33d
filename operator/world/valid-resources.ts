import type { Kind } from '../../crds/schema/kinds.ts';
import { MEDIA_SERVER, REST_HOOK, STREAM_APP, STREAM_CAPTURE, STREAM_TERMINATION } from '../../crds/schema/kinds.ts';
import type { MediaServerSpec } from '../../crds/schema/media-server.ts';
import type { RestHookSpec } from '../../crds/schema/rest-hook.ts';
import type { StreamAppSpec } from '../../crds/schema/stream-app.ts';
import type { StreamCaptureSpec } from '../../crds/schema/stream-capture.ts';
import type { StreamTerminationSpec } from '../../crds/schema/stream-termination.ts';
import { type Resource, type Validated, validateResource } from '../../crds/validate/resource.ts';
import type { KubeObject } from '../kube/objects.ts';

// The API server validated an object by the CRD that was installed when the object was written. An object from before
// an upgrade may break a newer rule. Missing defaults are filled in for the same reason.

// Objects are never changed, only replaced, so each is validated once.
function validate<S>(kind: Kind<S>): (object: KubeObject) => Validated<S> {
  const known = new WeakMap<KubeObject, Validated<S>>();
  return (object) => {
    const checked = known.get(object) ?? validateResource(kind, object);
    known.set(object, checked);
    return checked;
  };
}

export const readMediaServer: (object: KubeObject) => Validated<MediaServerSpec> = validate(MEDIA_SERVER);
export const readStreamApp: (object: KubeObject) => Validated<StreamAppSpec> = validate(STREAM_APP);
export const readRestHook: (object: KubeObject) => Validated<RestHookSpec> = validate(REST_HOOK);
export const readStreamCapture: (object: KubeObject) => Validated<StreamCaptureSpec> = validate(STREAM_CAPTURE);
export const readStreamTermination: (object: KubeObject) => Validated<StreamTerminationSpec> =
  validate(STREAM_TERMINATION);

/** The valid objects. */
export function validOnes<S>(
  objects: readonly KubeObject[],
  read: (object: KubeObject) => Validated<S>,
): Resource<S>[] {
  return objects.flatMap((object) => {
    const checked = read(object);
    return checked.ok ? [checked.resource] : [];
  });
}

/** The faults of the invalid objects, by name. */
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
