import { parseDurationMs } from '../../crds/schema/duration.ts';
import type { MediaServerSpec } from '../../crds/schema/media-server.ts';
import { PORT_NAMES } from './common.ts';

// What the pods of media servers and of captures have in common.

type PodTemplate = MediaServerSpec['podTemplate'];
export type Variable = Readonly<Record<string, unknown>>;

/** The user and the group of our programs. */
export const USER = 65532;

/** What all containers of a pod share of the Pod Security level `restricted`. */
export const RESTRICTED_POD = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

export const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;

export const probe = (path: string, timing: object): object => ({
  httpGet: { path, port: PORT_NAMES.ops },
  timeoutSeconds: 2,
  ...timing,
});

export const fromField = (name: string, fieldPath: string): Variable => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});

/** Keeps the last variable of each name: the API server refuses duplicates. */
export const onePerName = (env: readonly Variable[]): Variable[] => [
  ...new Map(env.map((variable) => [variable['name'], variable])).values(),
];

/** Taints of a node that has failed (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/). */
const NODE_FAILURES = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** By default Kubernetes leaves pods on such a node for 5 minutes. Tolerations set by the user stay as they are. */
export function tolerationsOf({ nodeFailureTimeout, tolerations = [] }: PodTemplate): object[] {
  const tolerationSeconds = Math.ceil((parseDurationMs(nodeFailureTimeout) ?? 0) / 1000);
  const isTolerated = (taint: string): boolean =>
    tolerations.some(
      ({ effect = '', key = '' }) => ['', taint].includes(String(key)) && ['', 'NoExecute'].includes(String(effect)),
    );
  const ours = NODE_FAILURES.filter((taint) => !isTolerated(taint));
  return [...tolerations, ...ours.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }))];
}
