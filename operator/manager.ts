import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/logger.ts';
import { MANAGED_BY } from './builders/common.ts';
import type { OperatorConfig } from './config.ts';
import { classifyError, reconcileMediaServer } from './kinds/media-server/reconcile.ts';
import { reconcileRestHook } from './kinds/rest-hook/reconcile.ts';
import { mediaServerOf, reconcileStreamApp } from './kinds/stream-app/reconcile.ts';
import { CachedReads } from './kube/cached-reads.ts';
import type { KubeClient } from './kube/client.ts';
import { EventRecorder } from './kube/events.ts';
import { type KubeObject, keyOf, type ResourceType, splitKey, TYPES } from './kube/objects.ts';
import { Reflector } from './kube/reflector.ts';
import type { Change, Store } from './kube/store.ts';
import type { OperatorMetrics } from './metrics.ts';
import { Fleets } from './pods/fleets.ts';
import { podsOf } from './pods/pod.ts';
import { Poller } from './pods/poller.ts';
import { Controller, type Result } from './runtime/controller.ts';
import { conditionsOf } from './status/conditions.ts';
import { Counts } from './status/counts.ts';
import { newStores, type Stores } from './world/stores.ts';
import type { World } from './world/world.ts';

export type ManagerDeps = {
  readonly config: OperatorConfig;
  readonly client: KubeClient;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly log: Log;
};

const OWN = Object.entries(MANAGED_BY)
  .map(([name, value]) => `${name}=${value}`)
  .join(',');
/** Pods that do not answer hold a worker for seconds: those of one user, or of a lost node, must not hold up the others. */
const WORKERS = { mediaServer: 32, streamApp: 8, restHook: 4 };

/** The watch table, the three controllers, and who is told when something changes. */
export class Manager {
  readonly #deps: ManagerDeps;
  readonly #world: World;
  readonly #reflectors: Reflector[];
  readonly #controllers: { mediaServer: Controller; streamApp: Controller; restHook: Controller };
  readonly #poller: Poller;
  #synced = false;

  constructor(deps: ManagerDeps) {
    this.#deps = deps;
    const { client, clock, config, log } = deps;
    const stores = newStores();
    this.#world = {
      client,
      stores,
      clock,
      log,
      reads: new CachedReads(client, clock),
      fleets: new Fleets(),
      events: new EventRecorder(client, config.identity, clock, log),
    };
    this.#reflectors = this.#watch(stores);
    this.#controllers = this.#makeControllers();
    const counts = new Counts(this.#world);
    this.#poller = new Poller({
      fleets: this.#world.fleets,
      clock,
      podsOf: (key) => {
        const { name, namespace } = splitKey(key);
        return podsOf(stores.pods, namespace, name);
      },
      onChange: (key) => {
        this.#controllers.mediaServer.enqueue(key);
        this.#tellOfFleet(key);
      },
      onRound: () => counts.write(),
    });
  }

  /** Everything that is watched is in the stores. */
  get synced(): boolean {
    return this.#synced;
  }

  depths(): Record<string, number> {
    const { mediaServer, restHook, streamApp } = this.#controllers;
    return { mediaserver: mediaServer.depth, streamapp: streamApp.depth, resthook: restHook.depth };
  }

  /** How many MediaServers have each condition True. */
  conditions(): Record<string, number> {
    const counts: Record<string, number> = { Available: 0, Progressing: 0, ConfigApplied: 0, Degraded: 0 };
    for (const mediaServer of this.#world.stores.mediaServers.all()) {
      for (const each of conditionsOf(mediaServer) ?? [])
        if (each.status === 'True') counts[each.type] = (counts[each.type] ?? 0) + 1;
    }
    return counts;
  }

  /** Watches; every replica does, so that the next leader need not begin anew. Resolves when everything is listed. */
  async watch(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.start();
    await this.#listed();
    this.#synced = true;
  }

  /** Begins to work: the leader alone, and not on half a list: apps that are not in it would seem to be deleted. */
  async lead(): Promise<void> {
    await this.#listed();
    this.#route(this.#world.stores);
    this.#enqueueAll(this.#world.stores);
    for (const controller of Object.values(this.#controllers)) controller.start();
    this.#poller.start();
  }

  async stop(): Promise<void> {
    await this.#poller.stop();
    await Promise.all(Object.values(this.#controllers).map((controller) => controller.stop()));
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
    await this.#world.fleets.close();
  }

  async #listed(): Promise<void> {
    await Promise.all(this.#reflectors.map(({ synced }) => synced));
  }

  #watch(stores: Stores): Reflector[] {
    const { watchNamespaces } = this.#deps.config;
    const namespaces = watchNamespaces.length === 0 ? [null] : watchNamespaces;
    const table: readonly [ResourceType, Store, string?][] = [
      [TYPES.MediaServer, stores.mediaServers],
      [TYPES.StreamApp, stores.streamApps],
      [TYPES.RestHook, stores.restHooks],
      [TYPES.Pod, stores.pods, OWN],
      [TYPES.Deployment, stores.deployments, OWN],
      [TYPES.Service, stores.services, OWN],
      [TYPES.ServiceAccount, stores.serviceAccounts, OWN],
      [TYPES.Ingress, stores.ingresses, OWN],
      [TYPES.NetworkPolicy, stores.networkPolicies, OWN],
      [TYPES.PodDisruptionBudget, stores.podDisruptionBudgets, OWN],
    ];
    return table.flatMap(([type, store, labelSelector]) =>
      namespaces.map((namespace) => {
        const options = { type, namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
        return new Reflector(options, store, this.#deps);
      }),
    );
  }

  #makeControllers() {
    const world = this.#world;
    const options = { image: this.#deps.config.image, onFleetChange: (key: string) => this.#tellOfFleet(key) };
    return {
      mediaServer: this.#controller('mediaserver', WORKERS.mediaServer, (key) =>
        reconcileMediaServer(world, options, key),
      ),
      streamApp: this.#controller('streamapp', WORKERS.streamApp, (key) => reconcileStreamApp(world, key)),
      restHook: this.#controller('resthook', WORKERS.restHook, (key) => reconcileRestHook(world, key)),
    };
  }

  #controller(name: string, workers: number, reconcile: (key: string) => Promise<Result>): Controller {
    const { clock, log, metrics } = this.#deps;
    return new Controller(
      { name, workers, reconcile },
      {
        clock,
        log,
        queue: metrics.queue(name),
        observe: (outcome, seconds) => metrics.reconciled(name, outcome, seconds),
        classify: classifyError,
      },
    );
  }

  /** Which key is queued for which change. */
  #route(stores: Stores): void {
    const { mediaServer, restHook, streamApp } = this.#controllers;
    stores.mediaServers.onChange((change) => {
      if (!isOfInterest(change)) return;
      mediaServer.enqueue(change.key);
      // Apps that refer to a MediaServer that comes or goes.
      if (!change.before || !change.after) this.#appsOf(change.key, streamApp);
    });
    stores.streamApps.onChange((change) => {
      if (!isOfInterest(change)) return;
      streamApp.enqueue(change.key);
      for (const object of [change.before, change.after]) if (object) mediaServer.enqueue(mediaServerOf(object));
    });
    stores.restHooks.onChange((change) => {
      if (!isOfInterest(change)) return;
      restHook.enqueue(change.key);
      for (const server of this.#serversOf(change.key)) mediaServer.enqueue(server);
    });
    const { deployments, ingresses, networkPolicies, podDisruptionBudgets, pods, serviceAccounts, services } = stores;
    const owned = [deployments, ingresses, networkPolicies, podDisruptionBudgets, pods, serviceAccounts, services];
    for (const store of owned) store.onChange((change) => this.#ownerChanged(change));
  }

  /** What has come before anybody listened. */
  #enqueueAll({ mediaServers, restHooks, streamApps }: Stores): void {
    const { mediaServer, restHook, streamApp } = this.#controllers;
    for (const object of mediaServers.all()) mediaServer.enqueue(keyOf(object));
    for (const object of streamApps.all()) streamApp.enqueue(keyOf(object));
    for (const object of restHooks.all()) restHook.enqueue(keyOf(object));
  }

  /** A child or a pod, by its label. */
  #ownerChanged({ after, before }: Change): void {
    const { labels, namespace = '' } = (after ?? before)?.metadata ?? {};
    const name = labels?.['app.kubernetes.io/instance'];
    if (name) this.#controllers.mediaServer.enqueue(`${namespace}/${name}`);
  }

  #tellOfFleet(key: string): void {
    this.#appsOf(key, this.#controllers.streamApp);
    const { namespace } = splitKey(key);
    for (const hook of this.#world.stores.restHooks.list(namespace)) this.#controllers.restHook.enqueue(keyOf(hook));
  }

  #appsOf(mediaServer: string, controller: Controller): void {
    for (const app of this.#world.stores.streamApps.all()) {
      if (mediaServerOf(app) === mediaServer) controller.enqueue(keyOf(app));
    }
  }

  /** The MediaServers whose apps use a RestHook. */
  #serversOf(hook: string): Set<string> {
    const { name, namespace } = splitKey(hook);
    const apps = this.#world.stores.streamApps.list(namespace).filter((app) => hookOf(app) === name);
    return new Set(apps.map(mediaServerOf));
  }
}

const hookOf = (app: KubeObject): string | undefined =>
  (app['spec'] as { restHookRef?: { name: string } }).restHookRef?.name;

/** What we write ourselves, the status, is no news. */
function isOfInterest({ after, before }: Change): boolean {
  if (!before || !after) return true;
  const [old, now] = [before.metadata, after.metadata];
  return old.generation !== now.generation || old.deletionTimestamp !== now.deletionTimestamp || old.uid !== now.uid;
}
