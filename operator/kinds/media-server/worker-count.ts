import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';
import { parseQuantity } from '../../kube/quantity.ts';

type Cpu = { readonly limits?: { readonly cpu?: unknown }; readonly requests?: { readonly cpu?: unknown } };

const DEFAULT_REQUEST = '500m';

/** Workers per pod: spec.workers if set, otherwise the CPU limit or else the CPU request, rounded up. */
export function workersOf({ resources, workers }: Pick<MediaServerSpec, 'resources' | 'workers'>): number {
  if (workers > 0) return workers;
  const { limits, requests } = (resources ?? { requests: { cpu: DEFAULT_REQUEST } }) as Cpu;
  return Math.max(1, Math.ceil(parseQuantity(limits?.cpu ?? requests?.cpu ?? DEFAULT_REQUEST) ?? 1));
}
