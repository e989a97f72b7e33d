import { describe, expect, inject, it } from 'vitest';
import { NAMESPACE } from '../../demo/examples.ts';
import { descendants, isAlive } from '../../harness/descendants.ts';
import { Kube, SYSTEM } from '../../harness/kube.ts';
import { type RunningProcess, startProcess } from '../../harness/processes.ts';
import { until } from '../../harness/wait.ts';

const kube = new Kube({ ...inject('target'), release: async () => undefined });

/** Cleaning up waits for the media server to stop. */
const startDemo = (): RunningProcess =>
  startProcess(process.execPath, ['test/demo/cluster.ts'], { env: kube.env, graceMs: 120_000 });

/** What the demo reported, without the times. */
const steps = ({ lines }: RunningProcess): string[] =>
  lines.flatMap((line) => /^ *[0-9.]+ s {2}(.*)$/.exec(line)?.[1] ?? []);

/** The cluster of the test run with its installed operator. */
async function stays(): Promise<void> {
  expect(await kube.kubectl(['get', 'namespace', NAMESPACE, '--ignore-not-found', '-o', 'name'])).toBe('');
  expect(await kube.helm(['list', '-n', SYSTEM, '--short'])).toBe('sluice\n');
}

describe('the demo on a cluster that is up', () => {
  it('runs every step through the ingress, exits 0, and leaves the cluster as it was', {
    timeout: 300_000,
  }, async () => {
    const demo = startDemo();
    expect(await demo.exited, demo.lines.join('\n')).toBe(0);
    const beginnings = [
      'the cluster is up, with the image ',
      `the Helm release sluice is already installed in ${SYSTEM}`,
      `the namespace ${NAMESPACE} exists`,
      'the media server, its app and the backend from examples/kubernetes are ready',
      'the ingress controller at ',
      'published: ',
      'played: ',
      'kubectl get shows one publication, one playback and a backend that answers',
      'two pods are one media server now, and kubectl sluice finds nothing wrong',
      'two new pods take new streams; the old ones drain, and both pictures still move',
      'stopped, published and played again',
      'playback stopped: the backend answered 403',
      'played again',
      'publication stopped by a 403',
      'published and played again',
      'playback stopped: POST http://live.example.test/rest-api/stream/terminate ' +
        '{"name":"stream1","published":false} -> 200',
      'resumed',
      'everything stopped: POST https://live.example.test/rest-api/stream/terminate {} -> 200',
      'everything stopped once more: StreamTermination end-all: 2 of 2 streams ended',
      'nothing is left',
      'kubectl get shows no live streams',
    ];
    const seen = steps(demo);
    expect(seen.map((step, index) => step.slice(0, beginnings[index]?.length))).toEqual(beginnings);
    expect(demo.lines).toContain('Every step succeeded.');
    await stays();
  });

  it.each([
    ['the image is looked for', 'Kubernetes, the chart'],
    ['the examples are applied', `apply -f examples/kubernetes/`],
    ['streams are live', 'played: the picture moves'],
  ])('leaves nothing behind when it is interrupted while %s', { timeout: 240_000 }, async (_when, line) => {
    const demo = startDemo();
    await until(`"${line}"`, () => demo.lines.some((text) => text.includes(line)), { timeoutMs: 120_000 });
    const started = descendants(demo.child.pid ?? 0);
    await demo.stop('SIGINT');
    expect(demo.child.exitCode, demo.lines.join('\n')).toBe(130);
    await until('all have ended', () => !started.some(isAlive), { timeoutMs: 10_000 });
    await stays();
  });
});
