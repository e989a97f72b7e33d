import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { apiSecret, ClusterStage } from '../../harness/cluster-stage.ts';
import { until } from '../../harness/wait.ts';

const SLOW = { timeoutMs: 60_000, everyMs: 200 };
let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('exposure');
  // Restricted pods cannot use host ports.
  const privileged = 'pod-security.kubernetes.io/enforce=privileged';
  await stage.kube.kubectl(['label', '--overwrite', 'namespace', stage.namespace, privileged]);
});

afterEach(async () => {
  await stage.leave();
  await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'mserver,sapp,rhook', '--all'], { timeoutMs: 90_000 });
});

afterAll(async () => {
  await stage.kube.install();
  await stage.clear();
});

/** Candidates of the answer to a client: the addresses for its media. */
const announced = (answer: string): string[] =>
  [...answer.matchAll(/^a=candidate:\S+ \d \S+ \d+ (\S+) /gm)].map(([, address = '']) => address);

/** Publishes and plays, and expects both to get these addresses and packets to arrive. */
async function streamsBy(addresses: readonly string[]): Promise<void> {
  const publisher = await stage.publish('cam');
  const player = await stage.play('cam');
  for (const { answer } of [publisher, player]) expect(new Set(announced(answer))).toEqual(new Set(addresses));
}

/** Addresses of the pod's node, of both families if the cluster has both. */
const addressesOfNode = (): Promise<string[]> =>
  until('the pod has a node', async () => {
    const [pod] = await stage.pods();
    return pod?.status.hostIPs?.map(({ ip }: Address) => ip);
  });

type Address = { readonly ip: string };

describe('media', () => {
  it('goes to the pod by default', async () => {
    await stage.live();
    const [pod] = await stage.pods();
    await streamsBy(pod.status.podIPs.map(({ ip }: Address) => ip));
  });

  it('goes to a port of the node with HostPort', async () => {
    await stage.live({ media: { exposure: 'HostPort' } });
    await streamsBy(await addressesOfNode());
  });

  it('goes to the node itself with HostNetwork', async () => {
    await stage.live({ media: { exposure: 'HostNetwork' } });
    await streamsBy(await addressesOfNode());
  });

  it('goes to a node whose ports for metrics and the operator are taken', { timeout: 240_000 }, async () => {
    const { items: nodes } = await stage.get('nodes');
    // Its pods have the default ports of every node.
    const media = { exposure: 'HostNetwork' };
    await stage.apply(apiSecret(), stage.mediaServer({ replicas: nodes.length, media, ingress: null }, 'first'));
    const allReady = ['wait', 'mediaserver/first', `--for=jsonpath={.status.readyReplicas}=${nodes.length}`];
    await stage.kube.kubectl(['-n', stage.namespace, ...allReady, '--timeout=60s'], { timeoutMs: 70_000 });
    const others = { media: { ...media, port: 46_444 }, ops: { port: 9190 }, internal: { port: 9191 } };
    await stage.live({ ...others, rest: { authRef: { name: 'api' }, http: { port: 8181 } } });
    await streamsBy(await addressesOfNode());
    await stage.patch('mediaserver/live', { spec: { ops: { port: 9290 }, internal: { port: 9291 } } });
    await stage.ready();
    // The operator reached the pod on its own port.
    await stage.patch('mediaserver/live', { spec: { keepAlive: { interval: '2s' } } });
    await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
  });
});

describe.runIf(inject('target').kind === 'embedded')('on the embedded cluster', () => {
  it('media goes to the external address of the node with NodeExternalIP', { timeout: 240_000 }, async () => {
    const media = { exposure: 'HostPort', announcedAddress: 'NodeExternalIP' };
    await stage.apply(stage.mediaServer({ media, rest: {} }));
    await stage.condition('mediaserver/live', 'Degraded', 'True', 'NodesForbidden');
    await stage.kube.install('--set', 'rbac.readNodes=true');
    await stage.condition('mediaserver/live', 'Degraded', 'True', 'NodeAddressMissing');
    const [address = ''] = await addressesOfNode();
    await until('the pod is told', () => tellExternal(address), SLOW);
    await stage.live({ media });
    await streamsBy([address]);
  });

  it('signalling goes through a Gateway with an HTTPRoute', async () => {
    const httpRoute = { parentRefs: [{ name: 'traefik', namespace: 'kube-system' }], hostnames: [stage.host] };
    await stage.live({ ingress: null, httpRoute });
    expect(await stage.kube.kubectl(['-n', stage.namespace, 'get', 'ingress', '-o', 'name'])).toBe('');
    await stage.publish('cam');
    await stage.play('cam');
    expect(await stage.terminate({}, {})).toBe(401);
    expect(await stage.terminate({})).toBe(200);
    const { status } = await stage.get('mediaserver/live');
    expect(status.endpoints).toEqual({ http: `http://${stage.host}` });
  });
});

/** Sets the address repeatedly, like a cloud controller, since a kubelet without a cloud removes it. */
async function tellExternal(address: string): Promise<boolean> {
  const [pod] = await stage.pods();
  const patch = JSON.stringify({ status: { addresses: [{ type: 'ExternalIP', address }] } });
  const node = ['patch', 'node', pod.spec.nodeName, '--subresource=status', '--type=strategic', '-p', patch];
  await stage.kube.kubectl(node);
  const { data } = await stage.get('configmap/live-config');
  return data['announced.json']?.includes(address) ?? false;
}
