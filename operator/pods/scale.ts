/** `spec.autoscaling`, with times in milliseconds. */
export type ScaleRules = {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetStreams: number;
  readonly scaleDownDelayMs: number;
  /** A pod that is to be removed is removed with its streams after this time. */
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
  // A pod that does not answer may have many streams.
  if (wanted === null) return { replicas: current, lowSince: null, leaving: stillThere(input, pods) };
  if (wanted > current) return { replicas: wanted, lowSince: null, leaving: null };
  if (wanted === current) return { replicas: current, lowSince: null, leaving: released(stillThere(input, pods)) };
  const lowSince = input.state?.lowSince ?? now;
  return remove({ ...input, pods }, { replicas: current, lowSince, leaving: stillThere(input, pods) });
}

function remove({ now, pods, rules }: ScaleInput, state: ScaleState & { readonly lowSince: number }): ScaleState {
  const { leaving, lowSince, replicas } = state;
  if (leaving?.isReleased || now - lowSince < rules.scaleDownDelayMs) return state;
  if (!leaving) {
    const emptiest = [...pods].filter(({ isReady }) => isReady).sort(byStreams)[0];
    return emptiest ? { ...state, leaving: { uid: emptiest.uid, since: now, isReleased: false } } : state;
  }
  const isEmpty = pods.find(({ uid }) => uid === leaving.uid)?.streams === 0;
  if (!isEmpty && now - leaving.since < rules.drainTimeoutMs) return state;
  // The ReplicaSet deletes pods that are not ready first.
  return { replicas: replicas - 1, lowSince, leaving: { ...leaving, isReleased: true } };
}

/** The pod that leaves, until it is being deleted: it must not become ready in between. */
function stillThere({ state }: ScaleInput, pods: readonly ScaledPod[]): ScaleState['leaving'] {
  const leaving = state?.leaving ?? null;
  return leaving && pods.some(({ uid }) => uid === leaving.uid) ? leaving : null;
}

/** A pod that need not leave any more takes streams again, unless its removal has begun. */
const released = (leaving: ScaleState['leaving']): ScaleState['leaving'] => (leaving?.isReleased ? leaving : null);

/** null if a pod has not answered. */
function wantedReplicas(pods: readonly ScaledPod[], rules: ScaleRules): number | null {
  const counts = pods.map(({ streams }) => streams);
  if (!counts.every((streams) => streams !== null)) return null;
  const total = counts.reduce((sum, streams) => sum + streams, 0);
  return clamp(Math.ceil(total / rules.targetStreams), rules);
}

const clamp = (replicas: number, { maxReplicas, minReplicas }: ScaleRules): number =>
  Math.min(maxReplicas, Math.max(minReplicas, replicas));

const byStreams = (one: ScaledPod, other: ScaledPod): number =>
  (one.streams ?? 0) - (other.streams ?? 0) || (one.uid < other.uid ? -1 : 1);
