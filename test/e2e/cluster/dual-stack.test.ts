import { isIPv6 } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { hasIPv6, nodeAddress, SETTINGS } from '../../cluster/settings.ts';
import { Backend } from '../../harness/backend.ts';
import { apiSecret, ClusterStage, restHook, streamApp } from '../../harness/cluster-stage.ts';
import { fetchThrough } from '../../harness/kube.ts';
import { type Fetch, RtcClient } from '../../harness/rtc-client.ts';
import { until } from '../../harness/wait.ts';

const MACHINE = SETTINGS.machine.ipv6;

describe.runIf(inject('target').kind === 'embedded' && hasIPv6)('on a dual-stack cluster', () => {
  let stage: ClusterStage;
  let backend: Backend;

  beforeAll(async () => {
    stage = await ClusterStage.open('dual-stack');
    backend = await Backend.start(0, MACHINE);
    const app = streamApp('default', { appKey: 'defaultApp' });
    await stage.apply(apiSecret(), stage.mediaServer(), restHook(backend.url), app);
    await stage.ready();
  });

  afterAll(async () => {
    await stage.clear();
    await backend.close();
  });

  /** Publishes and plays with signalling at a URL, media and hooks over IPv6 alone. */
  async function streams(name: string, base: string, fetch?: Fetch): Promise<void> {
    const options = { bindAddress: MACHINE, ...(fetch ? { fetch } : {}) };
    const publisher = await RtcClient.publish(`${base}/whip/defaultApp/${name}`, options);
    stage.leaves(publisher);
    await publisher.connected();
    const player = await RtcClient.play(`${base}/whep/defaultApp/${name}`, options);
    stage.leaves(player);
    await player.connected();
    await until('packets arrive', () => player.received > 0);
    for (const { connection } of [publisher, player]) {
      expect(isIPv6(connection.getSelectedCandidatePair()?.remote.address ?? '')).toBe(true);
    }
    await backend.waitFor('StreamKeepAliveEvent', (call) => call.body['name'] === name);
  }

  it('the Service has addresses of both families', async () => {
    const { spec } = await stage.get('service/live');
    expect(spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
  });

  it('a client of a pod needs no IPv4', async () => {
    const [pod] = await stage.pods();
    const address = pod.status.podIPs.map(({ ip }: { ip: string }) => ip).find(isIPv6);
    await streams('by-pod', `http://[${address}]:8081`);
  });

  it('a client of the ingress controller needs no IPv4', async () => {
    const ingress = fetchThrough(nodeAddress(1).ipv6);
    try {
      await streams('by-ingress', `http://${stage.host}`, ingress.fetch);
      const [pod] = await stage.pods();
      const { items } = await stage.get('endpointslices', '-l', 'kubernetes.io/service-name=live');
      const addresses = items.flatMap(({ endpoints }: { endpoints: { addresses: string[] }[] }) =>
        endpoints.flatMap((endpoint) => endpoint.addresses),
      );
      expect(new Set(addresses)).toEqual(new Set(pod.status.podIPs.map(({ ip }: { ip: string }) => ip)));
    } finally {
      await ingress.close();
    }
  });

  it('a pod reaches the Service over IPv6', async () => {
    const { spec } = await stage.get('service/live');
    const url = `http://[${spec.clusterIPs.find(isIPv6)}]:${spec.ports[0].port}/play`;
    const script = `fetch('${url}').then(({ status }) => console.log(status))`;
    const exec = ['-n', stage.namespace, 'exec', 'deployment/live', '--', 'node', '-e', script];
    expect((await stage.kube.kubectl(exec)).trim()).toBe('200');
  });
});
