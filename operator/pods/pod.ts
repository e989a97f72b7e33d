import { INTERNAL_PORT } from '../../crds/schema/media-server.ts';
import { CONTAINER, PORT_NAMES, selectorOf } from '../builders/common.ts';
import type { KubeObject } from '../kube/objects.ts';
import type { Store } from '../kube/store.ts';

/** A pod as the operator looks at it. */
export type Pod = {
  readonly name: string;
  readonly uid: string;
  /** Empty until it has one. */
  readonly address: string;
  /** Where it listens for the operator: what it was made with, not what its MediaServer wants by now. */
  readonly internalPort: number;
  /** Name of its node, empty until it has one. */
  readonly node: string;
  /** Its container runs: it can be asked. Also while it is being deleted. */
  readonly isRunning: boolean;
  readonly isReady: boolean;
  readonly isDeleting: boolean;
  /** It was ready and is so no more: its node has failed, or its probes do. */
  readonly isLost: boolean;
  /** How long it may take to end, seconds. */
  readonly graceSeconds: number;
  /** Why it does not get to run, null = it does. */
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
  state?: { running?: { startedAt?: string }; waiting?: { reason?: string; message?: string }; terminated?: Ended };
  lastState?: { terminated?: Ended };
};

type Ended = { reason?: string; exitCode?: number; message?: string };

/** Waiting for these is no trouble. */
const NORMAL_WAITS = ['ContainerCreating', 'PodInitializing'];

/** The pods of one MediaServer, those that are being deleted included. */
export function podsOf(pods: Store, namespace: string, mediaServer: string): Pod[] {
  return pods.list(namespace, selectorOf({ name: mediaServer })).map(podOf);
}

function podOf({ metadata, spec, status: raw }: KubeObject): Pod {
  const status = (raw ?? {}) as PodStatus;
  // Others, such as a mesh's proxy, may stand before it.
  const container = status.containerStatuses?.find(({ name }) => name === CONTAINER);
  const own = (spec ?? {}) as PodSpec;
  const isDeleting = metadata.deletionTimestamp !== undefined;
  // One that has failed for good, such as by eviction, has been replaced.
  const isOver = isDeleting || status.phase === 'Failed';
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    address: status.podIP ?? '',
    internalPort: internalPortOf(own),
    node: own.nodeName ?? '',
    isRunning: container?.state?.running !== undefined && status.podIP !== undefined,
    isReady: readyOf(status)?.status === 'True',
    isDeleting,
    isLost: !isOver && isLost(status, container),
    graceSeconds: own.terminationGracePeriodSeconds ?? 0,
    trouble: isOver ? null : troubleOf(status, container),
  };
}

const readyOf = ({ conditions = [] }: PodStatus) => conditions.find(({ type }) => type === 'Ready');

/** A pod that starts is not ready since before its container runs. */
function isLost(status: PodStatus, container: ContainerStatus | undefined): boolean {
  const startedAt = Date.parse(container?.state?.running?.startedAt ?? '');
  const ready = readyOf(status);
  return ready?.status === 'False' && Date.parse(ready.lastTransitionTime ?? '') > startedAt;
}

function internalPortOf({ containers = [] }: PodSpec): number {
  const container = containers.find(({ name }) => name === CONTAINER);
  const port = container?.ports?.find(({ name }) => name === PORT_NAMES.internal);
  return port?.containerPort ?? INTERNAL_PORT;
}

function troubleOf({ conditions = [] }: PodStatus, container: ContainerStatus | undefined): Pod['trouble'] {
  const crash = crashOf(container);
  if (crash) return crash;
  const waiting = container?.state?.waiting;
  if (waiting?.reason && !NORMAL_WAITS.includes(waiting.reason)) {
    return { reason: waiting.reason, message: waiting.message ?? '' };
  }
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return { reason: scheduled.reason ?? '', message: scheduled.message ?? '' };
  return null;
}

/** Also while it runs again, until it is ready: else one that crashes again and again would be well in between. */
function crashOf(container: ContainerStatus | undefined): Pod['trouble'] {
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  if (!ended || container?.ready) return null;
  const [lastWords = ''] = (ended.message ?? '').split('\n', 1);
  const message = `the container exited with code ${ended.exitCode}${lastWords === '' ? '' : `: ${lastWords}`}`;
  // Kubernetes' own word for the rest is "Error" while it runs again, and CrashLoopBackOff while it waits for that.
  return { reason: ended.reason === 'OOMKilled' ? ended.reason : 'CrashLoopBackOff', message };
}
