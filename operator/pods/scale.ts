/** `spec.autoscaling`, with times in milliseconds. */
export type ScaleRules = {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetStreams: number;
  readonly scaleDownDelayMs: number;
  /** A pod that is to be removed is deleted after this time although it has streams; they drain then. */
  readonly drainTimeoutMs: number;
};

/** What is remembered between two decisions. It is lost when the operator restarts, and then begins anew. */
export type ScaleState = {
  readonly replicas: number;
  /** Since when fewer pods would do, Unix milliseconds; null = they would not. */
  readonly lowSince: number | null;
  /** The pod that takes no new streams, because it is to be removed. */
  readonly leaving: { readonly uid: string; readonly since: number; readonly isReleased: boolean } | null;
};

export type ScaledPod = {
  readonly uid: string;
  /** Publications and playbacks; null = the pod has not answered. */
  readonly streams: number | null;
  readonly isReady: boolean;
  readonly isDeleting: boolean;
};

export type ScaleInput = {
  readonly rules: ScaleRules;
  /** The newest decision; null = none since the operator has started. */
  readonly state: ScaleState | null;
  /** Replicas of the Deployment; null = there is none. */
  readonly replicas: number | null;
  readonly pods: readonly ScaledPod[];
  /** Unix time, milliseconds. */
  readonly now: number;
};

/**
 * Decides how many pods a fleet has. More pods come at once. One pod at a time leaves, the one with the fewest streams:
 * it takes no new streams first, and is removed when it is empty or its time is over. Pure.
 */
export function scale(input: ScaleInput): ScaleState {
  const { now, rules } = input;
  const current = clamp(input.state?.replicas ?? input.replicas ?? rules.minReplicas, rules);
  const pods = input.pods.filter(({ isDeleting }) => !isDeleting);
  const wanted = wantedReplicas(pods, rules);
  const leaving = stillLeaving(input, pods, current);
  if (wanted > current) return { replicas: wanted, lowSince: null, leaving: null };
  if (wanted === current) return { replicas: current, lowSince: null, leaving: released(leaving) };
  // A pod that does not answer may have many streams. During a rollout, pods leave anyway.
  const isCalm = pods.length <= current && pods.every(({ streams }) => streams !== null);
  if (!isCalm) return { replicas: current, lowSince: null, leaving };
  return remove({ ...input, pods }, { replicas: current, lowSince: input.state?.lowSince ?? now, leaving });
}

function remove({ now, pods, rules }: ScaleInput, state: ScaleState & { readonly lowSince: number }): ScaleState {
  const { leaving, lowSince, replicas } = state;
  if (leaving?.isReleased || now - lowSince < rules.scaleDownDelayMs) return state;
  if (!leaving) {
    const emptiest = [...pods].filter(({ isReady }) => isReady).sort(byStreams)[0];
    return emptiest ? { ...state, leaving: { uid: emptiest.uid, since: now, isReleased: false } } : state;
  }
  const pod = pods.find(({ uid }) => uid === leaving.uid);
  const isDue = pod?.streams === 0 || now - leaving.since >= rules.drainTimeoutMs;
  // The ReplicaSet deletes pods that are not ready first.
  if (!isDue || pod?.isReady) return state;
  return { replicas: replicas - 1, lowSince, leaving: { ...leaving, isReleased: true } };
}

/** The pod that leaves, until it is being deleted, or another one has been deleted in its place. */
function stillLeaving({ state }: ScaleInput, pods: readonly ScaledPod[], replicas: number): ScaleState['leaving'] {
  const leaving = state?.leaving ?? null;
  if (!leaving || !pods.some(({ uid }) => uid === leaving.uid)) return null;
  return leaving.isReleased && pods.length <= replicas ? null : leaving;
}

/** A pod that need not leave any more takes streams again, unless its removal has begun. */
const released = (leaving: ScaleState['leaving']): ScaleState['leaving'] => (leaving?.isReleased ? leaving : null);

/** A pod that does not answer counts as empty: the others may need help all the more. */
function wantedReplicas(pods: readonly ScaledPod[], rules: ScaleRules): number {
  const total = pods.reduce((sum, { streams }) => sum + (streams ?? 0), 0);
  return clamp(Math.ceil(total / rules.targetStreams), rules);
}

const clamp = (replicas: number, { maxReplicas, minReplicas }: ScaleRules): number =>
  Math.min(maxReplicas, Math.max(minReplicas, replicas));

const byStreams = (one: ScaledPod, other: ScaledPod): number =>
  (one.streams ?? 0) - (other.streams ?? 0) || (one.uid < other.uid ? -1 : 1);
