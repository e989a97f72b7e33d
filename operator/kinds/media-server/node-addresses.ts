import { isIPv4, isIPv6 } from 'node:net';
import type { MediaServerSpec } from '../../../crds/schema/media-server.ts';
import { announcesNode } from '../../builders/common.ts';
import { ApiError } from '../../kube/api-error.ts';
import { type KubeObject, TYPES } from '../../kube/objects.ts';
import type { Pod } from '../../pods/pod.ts';
import type { World } from '../../world/world.ts';
import type { Fault } from './verdicts.ts';

/** External addresses by node name: one address, or one of each family separated by a comma. */
export type NodeAddresses = {
  /** null = the operator is not allowed to read Nodes; the known addresses stay. */
  readonly byNode: Readonly<Record<string, string>> | null;
  /** Why a pod waits for the address of its node. */
  readonly fault: Fault | null;
};

/** Reads the Nodes of these pods; null = the MediaServer does not announce node addresses. */
export async function nodeAddresses(
  { reads }: Pick<World, 'reads'>,
  spec: MediaServerSpec,
  pods: readonly Pod[],
): Promise<NodeAddresses | null> {
  if (!announcesNode(spec)) return null;
  const names = [...new Set(pods.map(({ node }) => node))].filter((name) => name !== '').sort();
  try {
    const nodes = await Promise.all(names.map((name) => reads.get(TYPES.Node, null, name, hasExternal)));
    return joinNodes(names, nodes);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    const message =
      'media.announcedAddress is NodeExternalIP, but the operator is not allowed to read Nodes: ' +
      'set rbac.readNodes in the chart';
    return { byNode: null, fault: { reason: 'NodesForbidden', message } };
  }
}

function joinNodes(names: readonly string[], nodes: readonly (KubeObject | null)[]): NodeAddresses {
  const pairs = names.map((name, index): [string, string | undefined] => [name, externalAddress(nodes[index] ?? null)]);
  const without = pairs.find(([, address]) => address === undefined);
  const message = `node ${without?.[0]} has no ExternalIP: the pods on it wait for one`;
  return {
    byNode: Object.fromEntries(pairs.flatMap(([name, address]) => (address === undefined ? [] : [[name, address]]))),
    fault: without ? { reason: 'NodeAddressMissing', message } : null,
  };
}

const hasExternal = (node: KubeObject): boolean => externalAddress(node) !== undefined;

function externalAddress(node: KubeObject | null): string | undefined {
  const { addresses = [] } = (node?.['status'] ?? {}) as { addresses?: { type: string; address: string }[] };
  const external = addresses.filter(({ type }) => type === 'ExternalIP').map(({ address }) => address);
  const families = [external.find(isIPv4), external.find(isIPv6)].filter((address) => address !== undefined);
  return families.length === 0 ? undefined : families.join(',');
}
