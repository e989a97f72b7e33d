import type { KubeObject } from '../kube/objects.ts';
import type { Change, Store } from '../kube/store.ts';
import type { Result } from '../runtime/controller.ts';

/** A custom resource of ours: how it is reconciled, and which changes queue which of its keys. */
export type Kind = {
  /** Label `controller` of the metrics. */
  readonly name: string;
  /** How many of its objects are reconciled at the same time. */
  readonly workers: number;
  readonly objects: Store;
  readonly reconcile: (key: string) => Promise<Result>;
  readonly watches: readonly Watch[];
  /** Keys of the objects whose status comes from the pods of a MediaServer; `key` is that of the MediaServer. */
  readonly followersOf?: (key: string) => Iterable<string>;
};

/** Keys to queue for a change in a store. */
export type Watch = { readonly store: Store; readonly keysOf: (change: Change) => Iterable<string> };

/** What the operator writes itself, the status, is no news. */
export function ofSpec(keysOf: Watch['keysOf']): Watch['keysOf'] {
  return (change) => (isOfInterest(change) ? keysOf(change) : []);
}

function isOfInterest({ after, before }: Change): boolean {
  if (!before || !after) return true;
  const [old, now] = [before.metadata, after.metadata];
  return old.generation !== now.generation || old.deletionTimestamp !== now.deletionTimestamp || old.uid !== now.uid;
}

/** The object as it was and as it is, as far as there is one. */
export const bothOf = ({ after, before }: Change): KubeObject[] => [before, after].filter((each) => each !== undefined);
