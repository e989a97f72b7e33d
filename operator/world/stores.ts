import { MANAGED_BY } from '../builders/common.ts';
import { type ResourceType, TYPES } from '../kube/objects.ts';
import { Store } from '../kube/store.ts';

/** Selects the objects that the operator created. */
const OWN = Object.entries(MANAGED_BY)
  .map(([name, value]) => `${name}=${value}`)
  .join(',');

type Watched<S extends string> = { readonly store: S; readonly type: ResourceType; readonly labelSelector?: string };

const watched = <const S extends string>(table: readonly Watched<S>[]): readonly Watched<S>[] => table;

/** The watched kinds. Kinds that others create too are limited to our labels. */
export const WATCHED = watched([
  { store: 'mediaServers', type: TYPES.MediaServer },
  { store: 'streamApps', type: TYPES.StreamApp },
  { store: 'restHooks', type: TYPES.RestHook },
  { store: 'streamTerminations', type: TYPES.StreamTermination },
  { store: 'streamCaptures', type: TYPES.StreamCapture },
  { store: 'pods', type: TYPES.Pod, labelSelector: OWN },
  { store: 'deployments', type: TYPES.Deployment, labelSelector: OWN },
  { store: 'services', type: TYPES.Service, labelSelector: OWN },
  { store: 'serviceAccounts', type: TYPES.ServiceAccount, labelSelector: OWN },
  { store: 'ingresses', type: TYPES.Ingress, labelSelector: OWN },
  { store: 'networkPolicies', type: TYPES.NetworkPolicy, labelSelector: OWN },
  { store: 'podDisruptionBudgets', type: TYPES.PodDisruptionBudget, labelSelector: OWN },
]);

/** One store for each watched kind. */
export type Stores = { readonly [name in (typeof WATCHED)[number]['store']]: Store };

export const newStores = (): Stores =>
  Object.fromEntries(WATCHED.map(({ store }) => [store, new Store()])) as Record<keyof Stores, Store>;

/** Undefined for a kind that is not watched. */
export function storeOf(stores: Stores, kind: string): Store | undefined {
  const found = WATCHED.find(({ type }) => type.kind === kind);
  return found && stores[found.store];
}
