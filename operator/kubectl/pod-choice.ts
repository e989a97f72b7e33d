import { Failure } from './failure.ts';
import { CONTAINER, isReady, type MediaServer, type Pod } from './objects.ts';

/** A pod may be ready although it no longer answers, until its probe fails. */
const MOST_TRIED = 3;

/** The pods to try, in this order: ready ones, then others that run, such as those that drain. */
export function choosePods(pods: readonly Pod[], server: string): readonly Pod[] {
  const others = pods.filter((pod) => !isReady(pod) && pod.status?.phase === 'Running');
  const chosen = [...pods.filter(isReady), ...others].slice(0, MOST_TRIED);
  if (chosen.length > 0) return chosen;
  throw new Failure(
    `no pod of MediaServer "${server}" runs, so no stream is live. "kubectl sluice status ${server}" says why`,
  );
}

/** The port that the pod was created with, which may differ from the one in the spec. */
export function portOf({ spec }: Pod, server: MediaServer): number {
  const container = spec?.containers?.find(({ name }) => name === CONTAINER);
  return container?.ports?.find(({ name }) => name === 'http')?.containerPort ?? server.spec.rest.http.port;
}
