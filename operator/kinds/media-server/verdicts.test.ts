import { describe, expect, it } from 'vitest';
import type { RenderFinding } from '../../../crds/render/server-config.ts';
import { podStatus, renderedOf, runningPod } from '../../../test/builders/fleet-parts.ts';
import { no, unknown, type Verdict, yes } from '../../kube/conditions.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { Fleet, type PodReport, type Rendered } from '../../pods/fleets.ts';
import { mediaServerNumbers, mediaServerVerdicts, type StatusInput } from './verdicts.ts';

const deployment = (status: object | undefined, generation = 1): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'live', namespace: 'media', generation },
  ...(status ? { status } : {}),
});
const settled = (count: number) =>
  deployment({ observedGeneration: 1, replicas: count, readyReplicas: count, updatedReplicas: count });

function fleetOf(
  reports: Readonly<Record<string, PodReport>> = {},
  rendered: Rendered | null = renderedOf('new'),
): Fleet {
  const fleet = new Fleet();
  fleet.rendered = rendered;
  for (const [uid, report] of Object.entries(reports)) fleet.reports.set(uid, report);
  return fleet;
}

const answered = (over: Parameters<typeof podStatus>[0]): PodReport => ({ kind: 'answered', status: podStatus(over) });
const RUNS_NEW = answered({ hash: 'new', fleet: { revision: 1, admitted: true, unreached: [] } });

const well = (over: Partial<StatusInput> = {}): StatusInput => ({
  replicas: 1,
  graceSeconds: 570,
  deployment: settled(1),
  pods: [runningPod('a')],
  capturePods: [],
  fleet: fleetOf({ a: RUNS_NEW }),
  fault: null,
  refused: null,
  missing: null,
  rosterFault: null,
  ...over,
});

function verdict(type: string, input: StatusInput): Verdict | undefined {
  return mediaServerVerdicts(input).find((each) => each.type === type);
}

const LOST = runningPod('a', { isReady: false, isLost: true });

const FAULT = { reason: 'InvalidReference', message: 'spec.rest.authRef: Secret "api" does not exist' };
const finding = (name: string, over: Partial<RenderFinding> = {}): RenderFinding => ({
  kind: 'StreamApp',
  name,
  reason: 'RefNotFound',
  message: 'RestHook "gone" does not exist',
  ...over,
});

describe('mediaServerVerdicts', () => {
  it('reports a healthy MediaServer', () => {
    expect(mediaServerVerdicts(well())).toEqual([
      yes('Available', 'PodsReady', '1 of 1 pod ready for new streams'),
      no('Progressing', 'Settled', 'no change is in progress'),
      yes('ConfigApplied', 'Applied', '1 pod runs this config'),
      yes('FleetReady', 'AllKnown', '1 pod runs'),
      no('Degraded', 'AsExpected', 'all is well'),
      yes('Ready', 'Ready', 'everything is as specified'),
    ]);
  });

  it.each<[string, Partial<StatusInput>, Verdict]>([
    [
      'some of its pods are ready',
      { replicas: 3, deployment: deployment({ readyReplicas: 2 }) },
      yes('Available', 'PodsReady', '2 of 3 pods ready for new streams'),
    ],
    [
      'none of its pods is ready',
      { deployment: deployment({}) },
      no('Available', 'NoReadyPods', 'no pod takes new streams'),
    ],
    ['there is no Deployment', { deployment: undefined }, no('Available', 'NoReadyPods', 'no pod takes new streams')],
    ['it is scaled to zero', { replicas: 0 }, no('Available', 'ScaledToZero', 'spec.replicas is 0')],
  ])('sets Available when %s', (_what, over, expected) => {
    expect(verdict('Available', well(over))).toEqual(expected);
  });

  const PENDING = yes('Progressing', 'DeploymentPending', 'the Deployment is being updated');
  it.each<[string, Partial<StatusInput>, Verdict]>([
    ['there is no Deployment yet', { deployment: undefined }, PENDING],
    [
      'the API server refuses the Deployment',
      { refused: { reason: 'DeploymentRefused', message: 'no such toleration' } },
      yes('Progressing', 'DeploymentRefused', 'no such toleration'),
    ],
    ['the Deployment has not been observed yet', { deployment: deployment(undefined) }, PENDING],
    [
      'its newest template has not been observed',
      { deployment: deployment({ observedGeneration: 1, updatedReplicas: 1 }, 2) },
      PENDING,
    ],
    [
      'a pod is of an older template',
      { replicas: 2, deployment: deployment({ observedGeneration: 1, updatedReplicas: 1 }) },
      yes('Progressing', 'Rollout', '1 of 2 pods run the newest pod template'),
    ],
    [
      'an old pod waits for a new one to be ready',
      { deployment: deployment({ observedGeneration: 1, replicas: 2, updatedReplicas: 1 }) },
      yes('Progressing', 'Rollout', '1 pod more than desired'),
    ],
    [
      'the end of an old pod has not been observed yet',
      { pods: [runningPod('a'), runningPod('b')] },
      yes('Progressing', 'Rollout', '1 pod more than desired'),
    ],
    [
      'a pod has failed and is still listed',
      { pods: [runningPod('a'), runningPod('b', { isRunning: false })] },
      no('Progressing', 'Settled', 'no change is in progress'),
    ],
    [
      'a pod drains',
      { pods: [runningPod('a'), runningPod('b', { isDeleting: true })] },
      yes('Progressing', 'Draining', '1 old pod is draining'),
    ],
    [
      'two pods drain',
      { pods: ['a', 'b'].map((uid) => runningPod(uid, { isDeleting: true })) },
      yes('Progressing', 'Draining', '2 old pods are draining'),
    ],
    [
      'it is scaled to zero and nothing is left',
      { replicas: 0, deployment: deployment({ observedGeneration: 1 }), pods: [] },
      no('Progressing', 'Settled', 'no change is in progress'),
    ],
  ])('sets Progressing when %s', (_what, over, expected) => {
    expect(verdict('Progressing', well(over))).toEqual(expected);
  });

  const TWO = [runningPod('a'), runningPod('b', { isDeleting: true, isReady: false })];
  it.each<[string, Partial<StatusInput>, Verdict]>([
    [
      'a pod has the previous drain timeout',
      { pods: [runningPod('a', { graceSeconds: 60 })] },
      yes(
        'ConfigApplied',
        'OldDrainTimeout',
        '1 pod runs this config; drain.timeout is shorter in live-a, created before it changed: ' +
          'kubectl rollout restart applies it',
      ),
    ],
    [
      'the spec cannot be made into a config',
      { fault: FAULT },
      no('ConfigApplied', 'InvalidReference', `${FAULT.message}; pods keep the last good config`),
    ],
    [
      'a pod refuses it',
      { fleet: fleetOf({ a: answered({ pod: 'live-a', refused: { hash: 'new', reason: 'no such codec' } }) }) },
      no('ConfigApplied', 'Refused', 'pod live-a refused the config and keeps the old one: no such codec'),
    ],
    [
      'no pod runs',
      { pods: [runningPod('a', { isRunning: false })] },
      unknown('ConfigApplied', 'NoPods', 'no pod is running yet; a new pod reads the newest config'),
    ],
    [
      'every pod runs it, including one that drains',
      { pods: TWO, fleet: fleetOf({ a: RUNS_NEW, b: RUNS_NEW }) },
      yes('ConfigApplied', 'Applied', '2 pods run this config'),
    ],
    [
      'a draining pod runs an older one',
      { pods: TWO, fleet: fleetOf({ a: RUNS_NEW, b: answered({ hash: 'old' }) }) },
      no('ConfigApplied', 'Pending', '1 of 2 running pods run this config'),
    ],
    [
      'a pod has refused an older one',
      { fleet: fleetOf({ a: answered({ hash: 'old', refused: { hash: 'older', reason: 'no such codec' } }) }) },
      no('ConfigApplied', 'Pending', '0 of 1 running pod run this config'),
    ],
    [
      'a pod cannot be reached',
      { pods: TWO, fleet: fleetOf({ a: RUNS_NEW, b: { kind: 'failed', reason: 'connect ECONNREFUSED' } }) },
      no(
        'ConfigApplied',
        'Pending',
        '1 of 2 running pods run this config; pod live-b cannot be reached: connect ECONNREFUSED',
      ),
    ],
    [
      'nothing has been rendered since the operator started',
      { fleet: fleetOf({ a: RUNS_NEW }, null) },
      no('ConfigApplied', 'Pending', '0 of 1 running pod run this config'),
    ],
  ])('sets ConfigApplied when %s', (_what, over, expected) => {
    expect(verdict('ConfigApplied', well(over))).toEqual(expected);
  });

  const troubled = (reason: string, message: string) => ({
    pods: [runningPod('a'), runningPod('b', { isRunning: false, trouble: { reason, message } })],
  });
  const found = (...findings: readonly RenderFinding[]) => ({
    fleet: fleetOf({ a: RUNS_NEW }, renderedOf('new', { findings })),
  });
  it.each<[string, Partial<StatusInput>, Verdict]>([
    [
      'the node of its only pod is lost',
      { deployment: deployment({ observedGeneration: 1, replicas: 1, updatedReplicas: 1 }), pods: [LOST] },
      yes('Degraded', 'PodNotReady', 'pod live-a on node node-1 is no longer ready'),
    ],
    [
      'the node of a pod is lost while another pod is ready',
      { replicas: 2, deployment: settled(2), pods: [LOST, runningPod('b')] },
      no('Degraded', 'AsExpected', 'all is well'),
    ],
    [
      'the node of its pod is lost and another pod is being created',
      {
        deployment: deployment({ observedGeneration: 1, replicas: 1, updatedReplicas: 1 }),
        pods: [{ ...LOST, isLost: false, isDeleting: true }, runningPod('b', { isReady: false })],
      },
      no('Degraded', 'AsExpected', 'no pod is ready yet'),
    ],
    ['the spec cannot be made into a config', { fault: FAULT }, yes('Degraded', FAULT.reason, FAULT.message)],
    [
      'a pod refuses the config',
      { fleet: fleetOf({ a: answered({ pod: 'live-a', refused: { hash: 'new', reason: 'no such codec' } }) }) },
      yes('Degraded', 'Refused', 'pod live-a refused the config and keeps the old one: no such codec'),
    ],
    [
      'the API server refuses a child',
      { refused: { reason: 'DeploymentRefused', message: 'no such toleration' } },
      yes('Degraded', 'DeploymentRefused', 'no such toleration'),
    ],
    [
      'a pod does not start',
      troubled('ErrImagePull', 'not found'),
      yes('Degraded', 'ErrImagePull', 'pod live-b: not found'),
    ],
    [
      'a pod does not start and has no message',
      troubled('CrashLoopBackOff', ''),
      yes('Degraded', 'CrashLoopBackOff', 'pod live-b: CrashLoopBackOff'),
    ],
    [
      'a pod does not start and gives no reason',
      troubled('', 'no node fits'),
      yes('Degraded', 'PodNotStarting', 'pod live-b: no node fits'),
    ],
    [
      'pods cannot be created because the namespace or a quota forbids them',
      {
        pods: [],
        deployment: deployment({
          conditions: [
            { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'none' },
            { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' },
          ],
        }),
      },
      yes('Degraded', 'FailedCreate', 'pods cannot be created: exceeded quota'),
    ],
    [
      'the cluster lacks a kind',
      { missing: { reason: 'PodMonitorUnavailable', message: 'this cluster has no PodMonitor' } },
      yes('Degraded', 'PodMonitorUnavailable', 'this cluster has no PodMonitor'),
    ],
    [
      'an app is left out',
      found(finding('news')),
      yes('Degraded', 'RefNotFound', 'StreamApp "news" is left out: RestHook "gone" does not exist'),
    ],
    [
      'several apps are left out',
      found(finding('news', { reason: 'Conflict', message: 'the key is taken' }), finding('sport'), finding('film')),
      yes('Degraded', 'Conflict', 'StreamApp "news" is left out: the key is taken (and 2 more)'),
    ],
  ])('sets Degraded when %s', (_what, over, expected) => {
    expect(verdict('Degraded', well(over))).toEqual(expected);
  });

  it('reports the most severe of several faults', () => {
    const all = well({
      fault: FAULT,
      refused: { reason: 'DeploymentRefused', message: 'no such toleration' },
      ...troubled('ErrImagePull', 'not found'),
      missing: { reason: 'PodMonitorUnavailable', message: 'no' },
      ...found(finding('news')),
    });
    const reasons = [
      all,
      { ...all, fault: null },
      { ...all, fault: null, refused: null },
      { ...all, fault: null, refused: null, pods: [] },
      { ...all, fault: null, refused: null, pods: [], missing: null },
    ].map((input) => verdict('Degraded', input)?.reason);
    expect(reasons).toEqual([
      'InvalidReference',
      'DeploymentRefused',
      'ErrImagePull',
      'PodMonitorUnavailable',
      'RefNotFound',
    ]);
  });
});

it('a capture pod that does not start degrades its MediaServer, whose media pods come first', () => {
  const trouble = { reason: 'ImagePullBackOff', message: 'not found' };
  const capturePods = [runningPod('c', { name: 'live-capture-c', isReady: false, trouble })];
  expect(verdict('Degraded', well({ capturePods }))).toEqual(
    yes('Degraded', 'ImagePullBackOff', 'pod live-capture-c: not found'),
  );
  const pods = [runningPod('a', { trouble: { reason: 'OOMKilled', message: 'exited' } })];
  expect(verdict('Degraded', well({ capturePods, pods }))?.reason).toBe('OOMKilled');
});

describe('mediaServerNumbers', () => {
  it('counts pods and apps', () => {
    const rendered = renderedOf('new');
    const input = well({
      replicas: 3,
      deployment: deployment({ replicas: 4, readyReplicas: 2, updatedReplicas: 1 }),
      pods: [runningPod('a'), runningPod('b', { isDeleting: true }), runningPod('c', { isRunning: false })],
      fleet: fleetOf({ a: RUNS_NEW, b: answered({ hash: 'old' }) }, rendered),
    });
    expect(mediaServerNumbers(input)).toEqual({
      replicas: 4,
      readyReplicas: 2,
      updatedReplicas: 1,
      desiredReplicas: 3,
      apps: 0,
      configHash: 'new',
      podsInSync: '1/2',
      drainingPods: 1,
    });
  });

  it('has no config hash if none could be rendered', () => {
    expect(mediaServerNumbers(well({ deployment: undefined, pods: [], fleet: fleetOf({}, null) }))).toEqual({
      replicas: 0,
      readyReplicas: 0,
      updatedReplicas: 0,
      desiredReplicas: 1,
      drainingPods: 0,
    });
  });
});
