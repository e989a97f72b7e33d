import { Failure } from './failure.ts';
import { CONTAINER, isReady, type MediaServer, type Pod } from './objects.ts';

/** A ready pod; else one that runs, such as one that drains. */
export function choosePod(pods: readonly Pod[], server: string): Pod {
  const pod = pods.find(isReady) ?? pods.find(({ status }) => status?.phase === 'Running');
  if (pod) return pod;
  throw new Failure(
    `no pod of MediaServer "${server}" runs, so no stream is live. "kubectl sluice status ${server}" says why`,
  );
}

/** The port that the pod was created with, which may differ from the one in the spec. */
export function portOf({ spec }: Pod, server: MediaServer): number {
  const container = spec?.containers?.find(({ name }) => name === CONTAINER);
  return container?.ports?.find(({ name }) => name === 'http')?.containerPort ?? server.spec.rest.http.port;
}
