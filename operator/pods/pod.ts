import { INTERNAL_PORT } from '../../crds/schema/media-server.ts';
import { CAPTURE_CONTAINERS, CONTAINER, captureSelectorOf, PORT_NAMES, selectorOf } from '../builders/common.ts';
import type { KubeObject } from '../kube/objects.ts';
import type { Store } from '../kube/store.ts';

/** A pod as the operator sees it. */
export type Pod = {
  readonly name: string;
  readonly uid: string;
  /** Empty until the pod has an address. */
  readonly address: string;
  /** The port that the pod was created with, not the one in the current spec. */
  readonly internalPort: number;
  /** The name of its node; empty until the pod is scheduled. */
  readonly node: string;
  /** Its container runs, so the pod can be called. True also while the pod is being deleted. */
  readonly isRunning: boolean;
  readonly isReady: boolean;
  readonly isDeleting: boolean;
  /** It has ended for good: phase Failed or Succeeded. */
  readonly isOver: boolean;
  /** When its container last ended, Unix milliseconds by the clock of its node; 0 = it has not ended yet. */
  readonly endedAt: number;
  /** How often its container has been restarted. */
  readonly restarts: number;
  /** Kubernetes deletes it because its node has failed. */
  readonly nodeHasFailed: boolean;
  /** It was ready and no longer is: its node has failed, or its probes fail. */
  readonly isLost: boolean;
  /** Its termination grace period, seconds. */
  readonly graceSeconds: number;
  /** Why the pod does not run; null = nothing prevents it. */
  readonly trouble: { readonly reason: string; readonly message: string } | null;
};

type PodSpec = {
  nodeName?: string;
  terminationGracePeriodSeconds?: number;
  containers?: { name: string; ports?: { name?: string; containerPort: number }[] }[];
};

type PodStatus = {
  phase?: string;
  podIP?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  containerStatuses?: ContainerStatus[];
};

type ContainerStatus = {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: { running?: { startedAt?: string }; waiting?: { reason?: string; message?: string }; terminated?: Ended };
  lastState?: { terminated?: Ended };
};

type Ended = { reason?: string; exitCode?: number; message?: string; finishedAt?: string };

/** Reasons for waiting that are normal. */
const NORMAL_WAITS = ['ContainerCreating', 'PodInitializing'];

/** The media pods of one MediaServer, including those being deleted. */
export function podsOf(pods: Store, namespace: string, mediaServer: string): Pod[] {
  return pods.list(namespace, selectorOf({ name: mediaServer })).map((pod) => podOf(pod, CONTAINER));
}

/** The capture pods of one MediaServer, including those being deleted. */
export function capturePodsOf(pods: Store, namespace: string, mediaServer: string): Pod[] {
  const found = pods.list(namespace, captureSelectorOf({ name: mediaServer }));
  return found.map((pod) => podOf(pod, CAPTURE_CONTAINERS.capture, [CAPTURE_CONTAINERS.sources]));
}

/** `others` are containers that the pod needs as well. */
function podOf({ metadata, spec, status: raw }: KubeObject, ownContainer: string, others: readonly string[] = []): Pod {
  const status = (raw ?? {}) as PodStatus;
  // Other containers, such as the proxy of a service mesh, may come before it.
  const container = containerOf(status, ownContainer);
  const own = (spec ?? {}) as PodSpec;
  const isDeleting = metadata.deletionTimestamp !== undefined;
  // A pod that failed for good, for example by eviction, has been replaced.
  const isReplaced = isDeleting || isOver(status);
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    address: status.podIP ?? '',
    internalPort: internalPortOf(own, ownContainer),
    node: own.nodeName ?? '',
    isRunning: container?.state?.running !== undefined && status.podIP !== undefined,
    isReady: readyOf(status)?.status === 'True',
    isDeleting,
    isOver: isOver(status),
    endedAt: endedAt(container),
    restarts: restartsOf(container),
    nodeHasFailed: hasFailedNode(status),
    isLost: !isReplaced && isLost(status, container),
    graceSeconds: own.terminationGracePeriodSeconds ?? 0,
    trouble: isReplaced ? null : troubleOf(status, [container, ...others.map((name) => containerOf(status, name))]),
  };
}

const readyOf = ({ conditions = [] }: PodStatus) => conditions.find(({ type }) => type === 'Ready');

const isOver = ({ phase }: PodStatus): boolean => phase === 'Failed' || phase === 'Succeeded';

const endedAt = (container: ContainerStatus | undefined): number => Date.parse(endOf(container)?.finishedAt ?? '') || 0;

const restartsOf = (container: ContainerStatus | undefined): number => container?.restartCount ?? 0;

const endOf = (container: ContainerStatus | undefined): Ended | undefined =>
  container?.state?.terminated ?? container?.lastState?.terminated;

/** The reason that the node life-cycle controller gives when it deletes the pods of a node that does not answer. */
const BY_TAINT = 'DeletionByTaintManager';

const hasFailedNode = ({ conditions = [] }: PodStatus): boolean =>
  conditions.some(
    ({ reason, status, type }) => type === 'DisruptionTarget' && status === 'True' && reason === BY_TAINT,
  );

/** A starting pod became unready before its container started; a lost pod did so afterwards. */
function isLost(status: PodStatus, container: ContainerStatus | undefined): boolean {
  const startedAt = Date.parse(container?.state?.running?.startedAt ?? '');
  const ready = readyOf(status);
  return ready?.status === 'False' && Date.parse(ready.lastTransitionTime ?? '') > startedAt;
}

function internalPortOf({ containers = [] }: PodSpec, ownContainer: string): number {
  const container = containers.find(({ name }) => name === ownContainer);
  const port = container?.ports?.find(({ name }) => name === PORT_NAMES.internal);
  return port?.containerPort ?? INTERNAL_PORT;
}

const containerOf = ({ containerStatuses = [] }: PodStatus, name: string): ContainerStatus | undefined =>
  containerStatuses.find((each) => each.name === name);

function troubleOf(
  { conditions = [] }: PodStatus,
  containers: readonly (ContainerStatus | undefined)[],
): Pod['trouble'] {
  const crash = containers.map(crashOf).find((each) => each !== null);
  if (crash) return crash;
  const waits = containers.map((container) => container?.state?.waiting);
  const waiting = waits.find((each) => each?.reason && !NORMAL_WAITS.includes(each.reason));
  if (waiting) return { reason: waiting.reason ?? '', message: waiting.message ?? '' };
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return { reason: scheduled.reason ?? '', message: scheduled.message ?? '' };
  return null;
}

/** Reported until the container is ready again: a crash loop must not look healthy between two crashes. */
function crashOf(container: ContainerStatus | undefined): Pod['trouble'] {
  const ended = endOf(container);
  if (!ended || container?.ready) return null;
  const [lastWords = ''] = (ended.message ?? '').split('\n', 1);
  const message = `the container exited with code ${ended.exitCode}${lastWords === '' ? '' : `: ${lastWords}`}`;
  // For other causes Kubernetes alternates between "Error" while it runs and CrashLoopBackOff while it waits.
  return { reason: ended.reason === 'OOMKilled' ? ended.reason : 'CrashLoopBackOff', message };
}
