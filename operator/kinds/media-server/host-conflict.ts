import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';
import { type KubeObject, keyOf } from '../../kube/objects.ts';
import type { World } from '../../world/world.ts';
import type { Fault } from './verdicts.ts';

/** Finds an older MediaServer whose Ingress has the same host: the ingress controller may route requests to either. */
export function hostConflict({ stores }: Pick<World, 'stores'>, object: KubeObject): Fault | null {
  const own = ingressOf(object);
  if (own?.host === undefined) return null;
  const others = [...stores.mediaServers.all()].filter((other) => {
    const ingress = ingressOf(other);
    return ingress?.host === own.host && ingress?.className === own.className && rankOf(other) < rankOf(object);
  });
  const [older] = others.sort((one, other) => (rankOf(one) < rankOf(other) ? -1 : 1));
  if (!older) return null;
  const message =
    `spec.ingress.host "${own.host}" is also used by MediaServer "${keyOf(older)}": ` +
    'a request reaches either of them';
  return { reason: 'IngressHostTaken', message };
}

const ingressOf = ({ spec }: KubeObject): MediaServerSpec['ingress'] => (spec as Partial<MediaServerSpec>).ingress;

/** Sorts by age, then by namespace and name. */
const rankOf = (object: KubeObject): string => `${object.metadata.creationTimestamp ?? ''} ${keyOf(object)}`;
