import { createHash } from 'node:crypto';

/** The pod that has a capture. A higher epoch wins over a lower one, wherever both are published. */
export type Assignment = { readonly pod: string; readonly podUid: string; readonly epoch: number };

/** No pod: a capture that is suspended or held takes no room. Its epochs count on. */
export const released = ({ epoch }: Assignment): Assignment => ({ pod: '', podUid: '', epoch: epoch + 1 });

export type Assignable = {
  /** The uid of the StreamCapture. */
  readonly uid: string;
  readonly assignment: Assignment | null;
};

/** A pod that is gone, or has not been ready for too long, is in no list. */
export type Candidate = {
  readonly name: string;
  readonly uid: string;
  /** Only a ready pod is given captures; another one keeps its own. */
  readonly isReady: boolean;
};

/**
 * The new assignments, by uid of the StreamCapture. A capture stays where it is; one whose pod is gone goes to the ready
 * pod with room that is the first for it by rendezvous hashing, so that a lost pod's captures spread over the others.
 * A capture for which no pod has room gets none. Pure.
 */
export function assign(
  captures: readonly Assignable[],
  pods: readonly Candidate[],
  capturesPerPod: number,
): Map<string, Assignment> {
  const loads = new Map(pods.map(({ uid }) => [uid, 0]));
  const add = (uid: string): void => void loads.set(uid, (loads.get(uid) ?? 0) + 1);
  const homeless = captures.filter(({ assignment }) => !assignment || !loads.has(assignment.podUid));
  for (const { assignment } of captures) if (assignment && loads.has(assignment.podUid)) add(assignment.podUid);
  const assigned = new Map<string, Assignment>();
  for (const { assignment, uid } of homeless.toSorted(byUid)) {
    const withRoom = pods.filter((pod) => pod.isReady && (loads.get(pod.uid) ?? 0) < capturesPerPod);
    const [first] = withRoom.toSorted((one, other) => (score(uid, one) < score(uid, other) ? 1 : -1));
    if (!first) continue;
    add(first.uid);
    assigned.set(uid, { pod: first.name, podUid: first.uid, epoch: (assignment?.epoch ?? 0) + 1 });
  }
  return assigned;
}

const byUid = (one: Assignable, other: Assignable): number => (one.uid < other.uid ? -1 : 1);

const score = (capture: string, { uid }: Candidate): string =>
  createHash('sha256').update(`${capture}\0${uid}`).digest('hex');
