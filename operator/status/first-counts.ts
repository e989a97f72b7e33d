import type { KubeObject } from '../kube/objects.ts';

type NoStreams = { readonly publications: 0; readonly playbacks: 0 };

/** For an object whose streams nobody has counted yet: it has none, and its columns are not empty until the next count. */
export function firstCounts({ status }: KubeObject): NoStreams | Record<string, never> {
  const isCounted = (status as { readonly publications?: number } | undefined)?.publications !== undefined;
  return isCounted ? {} : { publications: 0, playbacks: 0 };
}
