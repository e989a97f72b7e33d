import type { Json, Kube } from '../harness/kube.ts';

/** Throws if an Ingress already has the host, since requests would reach either media server. */
export async function needsFreeHost(kube: Kube, host: string): Promise<void> {
  const { items } = JSON.parse(await kube.kubectl(['get', 'ingress', '--all-namespaces', '--output=json']));
  const other = items.find(({ spec }: Json) => spec.rules?.some((rule: Json) => rule.host === host));
  if (!other) return;
  const { name, namespace } = other.metadata;
  throw new Error(
    `the Ingress "${name}" in the namespace "${namespace}" already has the host ${host}, which the demo needs; ` +
      'delete its MediaServer first',
  );
}
