import { Store } from '../kube/store.ts';

/** What is watched, each kind in a store. */
export type Stores = {
  readonly mediaServers: Store;
  readonly streamApps: Store;
  readonly restHooks: Store;
  readonly pods: Store;
  readonly deployments: Store;
  readonly services: Store;
  readonly serviceAccounts: Store;
  readonly ingresses: Store;
  readonly networkPolicies: Store;
  readonly podDisruptionBudgets: Store;
};

export const newStores = (): Stores => ({
  mediaServers: new Store(),
  streamApps: new Store(),
  restHooks: new Store(),
  pods: new Store(),
  deployments: new Store(),
  services: new Store(),
  serviceAccounts: new Store(),
  ingresses: new Store(),
  networkPolicies: new Store(),
  podDisruptionBudgets: new Store(),
});

/** Undefined for a kind that is not watched. */
export function storeOf(stores: Stores, kind: string): Store | undefined {
  const byKind: Readonly<Record<string, Store>> = {
    MediaServer: stores.mediaServers,
    StreamApp: stores.streamApps,
    RestHook: stores.restHooks,
    Pod: stores.pods,
    Deployment: stores.deployments,
    Service: stores.services,
    ServiceAccount: stores.serviceAccounts,
    Ingress: stores.ingresses,
    NetworkPolicy: stores.networkPolicies,
    PodDisruptionBudget: stores.podDisruptionBudgets,
  };
  return byKind[kind];
}
