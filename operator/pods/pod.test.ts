import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/objects.ts';
import { Store } from '../kube/store.ts';
import { capturePodsOf, type Pod, podsOf } from './pod.ts';

const LABELS = { 'app.kubernetes.io/name': 'sluice-media-server', 'app.kubernetes.io/instance': 'live' };

function podObject(status: object, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  const named = { name: 'live-1', namespace: 'media', uid: 'u1', labels: LABELS };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...named, ...metadata }, status };
}

function seen(...objects: readonly KubeObject[]): Pod[] {
  const store = new Store();
  for (const object of objects) store.set(object);
  return podsOf(store, 'media', 'live');
}

const running = { name: 'media-server', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } };
const waiting = (reason: string, message?: string) => ({
  name: 'media-server',
  state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
});
const CRASHED = { ready: false, lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } };
const ready = { type: 'Ready', status: 'True' };
const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes fit' };

const NEW: Pod = {
  name: 'live-1',
  uid: 'u1',
  address: '',
  internalPort: 9091,
  node: '',
  isRunning: false,
  isReady: false,
  isDeleting: false,
  isOver: false,
  endedAt: 0,
  restarts: 0,
  nodeHasFailed: false,
  isLost: false,
  graceSeconds: 0,
  trouble: null,
};

describe('podsOf', () => {
  it('reads the port for the operator that the pod was created with', () => {
    const object = podObject({});
    const proxy = { name: 'proxy', ports: [{ name: 'internal', containerPort: 1 }] };
    const own = {
      name: 'media-server',
      ports: [
        { name: 'ops', containerPort: 2 },
        { name: 'internal', containerPort: 9391 },
      ],
    };
    expect(seen({ ...object, spec: { containers: [proxy, own] } })).toEqual([{ ...NEW, internalPort: 9391 }]);
  });

  it.each<[string, object, Partial<Pod>]>([
    ['has just been made', {}, {}],
    ['is being scheduled', { conditions: [] }, {}],
    [
      'fits on no node',
      { conditions: [unscheduled] },
      { trouble: { reason: 'Unschedulable', message: '0/2 nodes fit' } },
    ],
    ['creates its container', { containerStatuses: [waiting('ContainerCreating')] }, {}],
    ['waits for its init containers', { containerStatuses: [waiting('PodInitializing')] }, {}],
    [
      'cannot pull its image',
      { podIP: '10.0.0.1', containerStatuses: [waiting('ErrImagePull', 'not found')] },
      { address: '10.0.0.1', trouble: { reason: 'ErrImagePull', message: 'not found' } },
    ],
    [
      'crashes again and again',
      { podIP: '10.0.0.1', containerStatuses: [waiting('CrashLoopBackOff')] },
      { address: '10.0.0.1', trouble: { reason: 'CrashLoopBackOff', message: '' } },
    ],
    [
      'has crashed and is restarted',
      { podIP: '10.0.0.1', containerStatuses: [{ ...running, ...CRASHED }] },
      {
        address: '10.0.0.1',
        isRunning: true,
        trouble: { reason: 'OOMKilled', message: 'the container exited with code 137' },
      },
    ],
    [
      'has crashed and waits for its next start',
      { podIP: '10.0.0.1', containerStatuses: [{ name: 'media-server', state: CRASHED.lastState }] },
      { address: '10.0.0.1', trouble: { reason: 'OOMKilled', message: 'the container exited with code 137' } },
    ],
    [
      'has crashed with a message',
      {
        podIP: '10.0.0.1',
        containerStatuses: [
          {
            ...waiting('CrashLoopBackOff'),
            lastState: { terminated: { reason: 'Error', exitCode: 1, message: 'spec.media.port: it is taken\nmore' } },
          },
        ],
      },
      {
        address: '10.0.0.1',
        trouble: {
          reason: 'CrashLoopBackOff',
          message: 'the container exited with code 1: spec.media.port: it is taken',
        },
      },
    ],
    [
      'has crashed once and is ready again',
      { podIP: '10.0.0.1', containerStatuses: [{ ...running, ...CRASHED, ready: true }], conditions: [ready] },
      { address: '10.0.0.1', isRunning: true, isReady: true },
    ],
    ['runs but has no address yet', { containerStatuses: [running] }, {}],
    [
      'runs',
      { podIP: '10.0.0.1', containerStatuses: [running], conditions: [{ ...ready, status: 'False' }] },
      { address: '10.0.0.1', isRunning: true },
    ],
    [
      'runs and is ready',
      { podIP: 'fd00::1', containerStatuses: [running], conditions: [ready] },
      { address: 'fd00::1', isRunning: true, isReady: true },
    ],
    [
      'was ready and is not ready any more: its node has failed',
      {
        podIP: '10.0.0.1',
        containerStatuses: [running],
        conditions: [{ ...ready, status: 'False', lastTransitionTime: '2026-01-01T00:05:00Z' }],
      },
      { address: '10.0.0.1', isRunning: true, isLost: true },
    ],
    [
      'is not ready since it starts',
      {
        podIP: '10.0.0.1',
        containerStatuses: [running],
        conditions: [{ ...ready, status: 'False', lastTransitionTime: '2025-12-31T23:59:59Z' }],
      },
      { address: '10.0.0.1', isRunning: true },
    ],
    [
      'has ended for good, such as one that was evicted: there is another one',
      { podIP: '10.0.0.1', phase: 'Failed', containerStatuses: [{ name: 'media-server', state: { terminated: {} } }] },
      { address: '10.0.0.1', isOver: true },
    ],
    [
      'is deleted because its node has failed',
      {
        podIP: '10.0.0.1',
        containerStatuses: [running],
        conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }],
      },
      { address: '10.0.0.1', isRunning: true, nodeHasFailed: true },
    ],
    [
      'is evicted by a user',
      {
        podIP: '10.0.0.1',
        containerStatuses: [running],
        conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }],
      },
      { address: '10.0.0.1', isRunning: true },
    ],
    [
      'has restarted',
      {
        podIP: '10.0.0.1',
        containerStatuses: [
          {
            ...running,
            ready: true,
            restartCount: 2,
            lastState: { terminated: { finishedAt: '2026-01-01T00:00:00Z' } },
          },
        ],
      },
      { address: '10.0.0.1', isRunning: true, restarts: 2, endedAt: Date.UTC(2026, 0, 1) },
    ],
  ])('describes a pod that %s', (_what, status, expected) => {
    expect(seen(podObject(status))).toEqual([{ ...NEW, ...expected }]);
  });

  it('reads its own container, whatever the position of a sidecar', () => {
    const sidecar = { name: 'a-proxy', state: { waiting: { reason: 'CrashLoopBackOff' } } };
    const status = { podIP: '10.0.0.1', containerStatuses: [sidecar, running] };
    expect(seen(podObject(status))).toEqual([{ ...NEW, address: '10.0.0.1', isRunning: true }]);
  });

  it('knows the node of a scheduled pod', () => {
    expect(seen({ ...podObject({}), spec: { nodeName: 'node-1' } })).toEqual([{ ...NEW, node: 'node-1' }]);
  });

  it('sees that a pod is being deleted while it still runs', () => {
    const object = podObject(
      { podIP: '10.0.0.1', containerStatuses: [running] },
      { deletionTimestamp: '2026-01-01T00:00:00Z' },
    );
    expect(seen(object)).toEqual([{ ...NEW, address: '10.0.0.1', isRunning: true, isDeleting: true }]);
  });

  it('reports no problem for a container that ends because its pod is deleted', () => {
    const ended = { name: 'media-server', state: { terminated: { reason: 'Completed', exitCode: 0 } } };
    const object = podObject({ containerStatuses: [ended] }, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(seen(object)).toEqual([{ ...NEW, isDeleting: true }]);
  });

  it('lists the pods of this MediaServer only', () => {
    const others = [
      podObject({}, { name: 'other-1', labels: { ...LABELS, 'app.kubernetes.io/instance': 'other' } }),
      podObject({}, { name: 'elsewhere-1', namespace: 'elsewhere' }),
      podObject({}, { name: 'unlabelled-1', labels: {} }),
    ];
    expect(seen(...others, podObject({}))).toEqual([NEW]);
  });
});

it('a capture pod is in trouble also when its other container is, and not because of one that Sluice does not know', () => {
  const labels = { ...LABELS, 'app.kubernetes.io/name': 'sluice-capture' };
  const trouble = (name: string) => {
    const other = { ...waiting('ImagePullBackOff', 'not found'), name };
    const containerStatuses = [{ ...running, name: 'capture' }, other];
    const store = new Store();
    store.set(podObject({ containerStatuses }, { labels }));
    return capturePodsOf(store, 'media', 'live').map((pod) => pod.trouble);
  };
  expect(trouble('sources')).toEqual([{ reason: 'ImagePullBackOff', message: 'not found' }]);
  expect(trouble('proxy')).toEqual([null]);
});
