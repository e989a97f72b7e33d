import type { KubeClient } from '../../../operator/kube/client.ts';
import { pathOf, TYPES } from '../../../operator/kube/objects.ts';
import type { Json, Kube } from '../../harness/kube.ts';
import { RtspCameras } from '../../harness/sources.ts';
import { until } from '../../harness/wait.ts';
import type { Report } from '../figures.ts';
import { percentile, spread } from '../statistics.ts';

const CAPTURES = 20;

export type AppliedSetup = {
  readonly kube: Kube;
  readonly client: KubeClient;
  readonly namespace: string;
  /** Names of objects. */
  readonly mediaServer: string;
  readonly app: string;
};

/**
 * Applies StreamCaptures on a cluster, one after the other, and waits until the status of each says that it is captured.
 * The MediaServer captures nothing before and after that.
 */
export async function measureApplied(report: Report, setup: AppliedSetup): Promise<void> {
  const { app, client, kube, mediaServer, namespace } = setup;
  const { machine } = kube.target;
  await using undo = new AsyncDisposableStack();
  const cameras = await RtspCameras.start(machine);
  undo.defer(() => cameras.run.stop('SIGKILL'));
  const patch = (spec: object): Promise<unknown> =>
    client.call('PATCH', pathOf(TYPES.MediaServer, namespace, mediaServer), {
      contentType: 'application/merge-patch+json',
      body: { spec },
    });
  const captures = (): Promise<Json | null> =>
    kube.get(namespace, `deployment/${mediaServer}-capture`).catch(() => null);
  undo.defer(async () => {
    await patch({ capture: null });
    const isGone = async (): Promise<boolean> => (await captures()) === null;
    await until('the capture pod is gone', isGone, { timeoutMs: 60_000, everyMs: 200 });
  });
  await patch({ capture: { allow: [{ cidr: `${machine}/32` }] } });
  const isReady = async (): Promise<boolean> => (await captures())?.status?.readyReplicas > 0;
  await until('the capture pod is ready', isReady, { timeoutMs: 60_000, everyMs: 200 });
  const took: number[] = [];
  for (let index = 0; index < CAPTURES; index++) {
    const { apiVersion, kind } = TYPES.StreamCapture;
    const name = `gate-${index}`;
    const path = pathOf(TYPES.StreamCapture, namespace, name);
    const spec = { appRef: { name: app }, name, rtsp: { url: cameras.url('aac') } };
    const appliedAt = performance.now();
    await client.call('POST', pathOf(TYPES.StreamCapture, namespace), {
      body: { apiVersion, kind, metadata: { name }, spec },
    });
    await until(`${name} is captured`, async () => isCapturing(await client.call<Json>('GET', path)), { everyMs: 5 });
    took.push(performance.now() - appliedAt);
    await client.call('DELETE', path);
    await until('its camera is left', () => cameras.count('TEARDOWN', 'aac') === index + 1);
  }
  const p95 = percentile(took, 0.95);
  report('StreamCapture created until it is Capturing=True', `${spread(took)}, p95 ${p95.toFixed(1)}`, {
    measured: p95,
    atMost: 1_000,
    unit: 'ms, p95',
  });
}

const isCapturing = ({ status }: Json): boolean =>
  status?.conditions?.some((each: Json) => each.type === 'Capturing' && each.status === 'True') ?? false;
