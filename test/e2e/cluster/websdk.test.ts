import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned, tlsSecret } from '../../harness/certificate.ts';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { blocksOf } from '../../harness/markdown.ts';
import { until } from '../../harness/wait.ts';
import { type SdkVersion, WebSdkPages } from '../../harness/websdk-pages.ts';
import { tellStory } from '../../harness/websdk-story.ts';

const NAME = 'streamName';
let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('websdk');
  const { host } = stage;
  await stage.apply(tlsSecret('tls', selfSigned(host)));
  const certificateRef = { name: 'tls' };
  const className = stage.kube.target.ingressClass;
  await stage.live({ replicas: 3, webSdk: {}, ingress: { className, host, certificateRef } });
});
afterEach(() => stage.leave());
afterAll(() => stage.clear());

/** The names by which a browser reaches each pod. */
const hostsOfPods = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await stage.pods()).map(({ status }, index) => [`pod-${index}.example.test`, status.podIP]));

describe.each<SdkVersion>(['2.0.276', '2.0.180'])('pages of the Web SDK %s behind an ingress with TLS', (version) => {
  it('publish, play, and are stopped by the server', async ({ onTestFinished }) => {
    const { endpoints } = (await stage.get('mediaserver/live')).status;
    expect(endpoints.wss).toBe(`wss://${stage.host}/websdk`);
    const pages = await WebSdkPages.start(version, { hosts: { [stage.host]: stage.kube.target.ingress } });
    onTestFinished(() => pages.stop());
    const terminate = (filter: object): Promise<number> => stage.terminate(filter);
    await tellStory({ pages, socketUrl: endpoints.wss, name: NAME, backend: stage.backend, terminate });
  });
});

describe('pages that connect to the pods', () => {
  it('publish on one, play on another, and are stopped through a third', async ({ onTestFinished }) => {
    const pages = await WebSdkPages.start('2.0.276', { hosts: await hostsOfPods() });
    onTestFinished(() => pages.stop());
    const publisher = await pages.streaming('ws://pod-0.example.test:8080', NAME);
    await publisher.publish();
    const player = await pages.player('ws://pod-1.example.test:8080', NAME);
    await player.play();
    const [stream] = await stage.found({ name: NAME, published: true });
    expect(stream.mediaSessionId).toBe(await publisher.streamId());
    expect(await stage.terminate({ mediaSessionId: await publisher.streamId() })).toBe(200);
    await publisher.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
    await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
    await publisher.publish();
    await player.play();
    stage.backend.refuseKeepAlive(({ published }) => published === true);
    await publisher.shows({ status: 'FAILED', info: 'Terminated by keep-alive' });
    await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
  });

  it('play what WHIP publishes through the ingress, wherever it is', async ({ onTestFinished }) => {
    const pages = await WebSdkPages.start('2.0.276', { hosts: await hostsOfPods() });
    onTestFinished(() => pages.stop());
    await stage.publish('cam');
    for (const pod of ['pod-0', 'pod-1', 'pod-2']) {
      const player = await pages.player(`ws://${pod}.example.test:8080`, 'cam');
      await player.press();
      await player.shows({ status: 'PLAYING', info: '' });
    }
    await until('all are counted', async () => (await stage.found({ name: 'cam', published: false })).length === 3);
    expect(await stage.terminate({ name: 'cam', published: false })).toBe(200);
  });
});

describe('pages on the host of the ingress', () => {
  it('are served beside the socket, as docs/wcs-pages.md says', async ({ onTestFinished }) => {
    const { host, kube } = stage;
    const { ingress, ingressClass, machine } = kube.target;
    const pages = await WebSdkPages.start('2.0.276', {
      ...{ address: machine, origin: `https://${host}`, hosts: { [host]: ingress } },
    });
    onTestFinished(() => pages.stop());
    const block = blocksOf(await readFile(PAGE, 'utf8')).find(({ text }) => text.includes('kind: Ingress'));
    const [, yours = ''] = (block?.text ?? '').split('---\n');
    const ours = yours.replaceAll('live.example.com', host).replaceAll('live-tls', 'tls');
    await stage.apply(
      ...serviceOf(machine, pages.port),
      ours.replace('ingressClassName: nginx', `ingressClassName: ${ingressClass}`),
    );
    await until('the pages are served', async () => (await stage.status('/examples/min/streaming.html')) === 200);
    const publisher = await pages.streaming(`wss://${host}/websdk`, NAME);
    await publisher.publish();
    const player = await pages.player(`wss://${host}/websdk`, NAME);
    await player.play();
    expect(await stage.terminate({ name: NAME, published: true })).toBe(200);
    await publisher.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
  });
});

const root = join(import.meta.dirname, '../../..');
const PAGE = join(root, 'docs/wcs-pages.md');

/** The Service `pages` for a web server outside the cluster. */
const serviceOf = (address: string, port: number): object[] => [
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'pages' }, spec: { ports: [{ port: 80, targetPort: port }] } },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'pages-1', labels: { 'kubernetes.io/service-name': 'pages' } },
    addressType: 'IPv4',
    ports: [{ port }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  },
];
