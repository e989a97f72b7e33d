import { describe, expect, it } from 'vitest';
import { MEDIA_SERVER } from '../../../crds/schema/kinds.ts';
import { validateResource } from '../../../crds/validate/resource.ts';
import { runningPod } from '../../../test/builders/fleet-parts.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { CachedReads } from '../../kube/cached-reads.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Pod } from '../../pods/pod.ts';
import { type NodeAddresses, nodeAddresses } from './node-addresses.ts';

function specWith(announcedAddress: string | undefined) {
  const media = announcedAddress === undefined ? {} : { announcedAddress };
  const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'MediaServer', metadata: { name: 'x' }, spec: { media } };
  const checked = validateResource(MEDIA_SERVER, object);
  if (!checked.ok) throw new Error('the spec is not valid');
  return checked.resource.spec;
}

const node = (name: string, ...addresses: [string, string][]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
});

function look(nodes: readonly KubeObject[], pods: readonly Pod[], status = 200): Promise<NodeAddresses | null> {
  const get: CachedReads['get'] = async (_type, _namespace, name) => {
    if (status !== 200) throw new ApiError('no', { status });
    return nodes.find(({ metadata }) => metadata.name === name) ?? null;
  };
  return nodeAddresses({ reads: { get } as CachedReads }, specWith('NodeExternalIP'), pods);
}

const podOn = (name: string): Pod => ({ ...runningPod(name), node: name });
const outside = node('node-1', ['InternalIP', '10.0.0.1'], ['ExternalIP', '203.0.113.1']);

describe('the addresses of nodes', () => {
  it.each([undefined, '203.0.113.9', 'media.example.com'])('are not read for %s', async (announced) => {
    const get: CachedReads['get'] = () => Promise.reject(new Error('not to be read'));
    expect(await nodeAddresses({ reads: { get } as CachedReads }, specWith(announced), [podOn('node-1')])).toBeNull();
  });

  it('are the external ones of the nodes that have pods', async () => {
    expect(await look([outside], [podOn('node-1'), podOn('node-1'), podOn('')])).toEqual({
      byNode: { 'node-1': '203.0.113.1' },
      fault: null,
    });
  });

  it('are one of each family if a node has both', async () => {
    const addresses = ['2001:db8::1', '203.0.113.1', '203.0.113.2'].map((ip): [string, string] => ['ExternalIP', ip]);
    expect(await look([node('node-1', ...addresses)], [podOn('node-1')])).toMatchObject({
      byNode: { 'node-1': '203.0.113.1,2001:db8::1' },
    });
  });

  it.each([
    ['has none', [outside, node('node-2', ['InternalIP', '10.0.0.2'])]],
    ['is gone', [outside]],
  ])('are given for the other nodes when one %s', async (_what, nodes) => {
    expect(await look(nodes, [podOn('node-1'), podOn('node-2')])).toEqual({
      byNode: { 'node-1': '203.0.113.1' },
      fault: { reason: 'NodeAddressMissing', message: 'node node-2 has no ExternalIP: the pods on it wait for one' },
    });
  });

  it('need a permission, and the message says how to grant it', async () => {
    const seen = await look([], [podOn('node-1')], 403);
    expect(seen).toMatchObject({ byNode: null, fault: { reason: 'NodesForbidden' } });
    expect(seen?.fault?.message).toContain('set rbac.readNodes');
  });

  it('are tried again when the API server fails', async () => {
    await expect(look([], [podOn('node-1')], 500)).rejects.toThrow(ApiError);
  });
});
