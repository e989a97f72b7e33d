import type { KubeObject } from '../kube/objects.ts';
import type { Change, Store } from '../kube/store.ts';
import type { Result } from '../runtime/controller.ts';

/** How one of our custom resources is reconciled, and which changes queue which of its keys. */
export type Kind = {
  /** The label `controller` of the metrics. */
  readonly name: string;
  /** The number of concurrent reconciles. */
  readonly workers: number;
  readonly objects: Store;
  readonly reconcile: (key: string) => Promise<Result>;
  readonly watches: readonly Watch[];
  /** Keys of the objects whose status comes from the pods of a MediaServer; `key` is that of the MediaServer. */
  readonly followersOf?: (key: string) => Iterable<string>;
};

/** The keys to queue for a change in a store. */
export type Watch = { readonly store: Store; readonly keysOf: (change: Change) => Iterable<string> };

/** Ignores changes of the status, which the operator writes itself. */
export function ofSpec(keysOf: Watch['keysOf']): Watch['keysOf'] {
  return (change) => (isOfInterest(change) ? keysOf(change) : []);
}

function isOfInterest({ after, before }: Change): boolean {
  if (!before || !after) return true;
  const [old, now] = [before.metadata, after.metadata];
  return old.generation !== now.generation || old.deletionTimestamp !== now.deletionTimestamp || old.uid !== now.uid;
}

/** The object before and after the change, as far as it exists. */
export const bothOf = ({ after, before }: Change): KubeObject[] => [before, after].filter((each) => each !== undefined);
