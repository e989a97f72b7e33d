import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/logger.ts';
import type { OperatorConfig } from './config.ts';
import { capturePodsKind } from './kinds/capture-pods/kind.ts';
import type { Kind } from './kinds/kind.ts';
import { mediaServerKind } from './kinds/media-server/kind.ts';
import type { MediaServerOptions } from './kinds/media-server/reconcile.ts';
import { restHookKind } from './kinds/rest-hook/kind.ts';
import { streamAppKind } from './kinds/stream-app/kind.ts';
import { isOfOther } from './kinds/stream-capture/acceptance.ts';
import { streamCaptureKind } from './kinds/stream-capture/kind.ts';
import { streamTerminationKind } from './kinds/stream-termination/kind.ts';
import { classifyError } from './kube/api-error.ts';
import { CachedReads } from './kube/cached-reads.ts';
import type { KubeClient } from './kube/client.ts';
import { conditionsOf } from './kube/conditions.ts';
import { EventRecorder } from './kube/events.ts';
import { keyOf, splitKey } from './kube/objects.ts';
import { Reflector } from './kube/reflector.ts';
import type { OperatorMetrics } from './metrics.ts';
import { Fleets } from './pods/fleets.ts';
import { podsOf } from './pods/pod.ts';
import { Poller } from './pods/poller.ts';
import { Controller } from './runtime/controller.ts';
import { countReasons } from './status/capture-reasons.ts';
import { Counts } from './status/counts.ts';
import { Ownership } from './world/ownership.ts';
import { newStores, type Stores, WATCHED } from './world/stores.ts';
import type { World } from './world/world.ts';

export type ManagerDeps = {
  readonly config: OperatorConfig;
  readonly client: KubeClient;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly log: Log;
};

type KindOptions = MediaServerOptions & { readonly onCapturePodsChange: (key: string) => void };

/** Our kinds; each defines what it watches. */
function kindsOf(world: World, options: KindOptions) {
  return {
    mediaServer: mediaServerKind(world, options),
    streamApp: streamAppKind(world),
    restHook: restHookKind(world),
    streamTermination: streamTerminationKind(world),
    streamCapture: streamCaptureKind(world),
    capturePods: capturePodsKind(world, { onChange: options.onCapturePodsChange }),
  } as const satisfies Record<string, Kind>;
}

/** Runs the operator: reflectors fill the stores, changes queue keys, and a controller per kind reconciles them. */
export class Manager {
  readonly #deps: ManagerDeps;
  readonly #world: World;
  readonly #reflectors: Reflector[];
  readonly #kinds: ReturnType<typeof kindsOf>;
  readonly #controllers: ReadonlyMap<Kind, Controller>;
  readonly #poller: Poller;
  #synced = false;

  constructor(deps: ManagerDeps) {
    this.#deps = deps;
    const { client, clock, config, log } = deps;
    const stores = newStores();
    const events = new EventRecorder(client, config.identity, clock, log);
    this.#world = {
      client,
      stores,
      clock,
      log,
      reads: new CachedReads(client, clock),
      fleets: new Fleets(),
      events,
      ownership: new Ownership(config.operator, { client, events, clock, log }),
    };
    this.#reflectors = this.#reflect(stores);
    this.#kinds = kindsOf(this.#world, {
      image: config.image,
      sourcesImage: config.sourcesImage,
      onFleetChange: (key) => this.#tellFollowers(key),
      onCapturePodsChange: (key) =>
        this.#enqueue(this.#kinds.streamCapture, this.#kinds.streamCapture.followersOf?.(key) ?? []),
    });
    this.#controllers = new Map(Object.values(this.#kinds).map((kind) => [kind, this.#controllerOf(kind)]));
    const counts = new Counts(this.#world);
    this.#poller = new Poller({
      fleets: this.#world.fleets,
      clock,
      podsOf: (key) => {
        const { name, namespace } = splitKey(key);
        return podsOf(stores.pods, namespace, name);
      },
      onChange: (key) => {
        this.#enqueue(this.#kinds.mediaServer, [key]);
        this.#tellFollowers(key);
      },
      onRound: () => counts.write(),
    });
  }

  /** Whether the initial lists are complete. */
  get synced(): boolean {
    return this.#synced;
  }

  depths(): Record<string, number> {
    return Object.fromEntries([...this.#controllers].map(([{ name }, controller]) => [name, controller.depth]));
  }

  /** The number of MediaServers that another operator manages. */
  foreign(): number {
    const { ownership, stores } = this.#world;
    return [...stores.mediaServers.all()].filter((each) => ownership.isForeign(each)).length;
  }

  /** For each condition, the number of MediaServers of this operator with status True. */
  conditions(): Record<string, number> {
    const counts: Record<string, number> = {
      Available: 0,
      Progressing: 0,
      ConfigApplied: 0,
      FleetReady: 0,
      Degraded: 0,
    };
    for (const mediaServer of this.#world.stores.mediaServers.all()) {
      if (this.#world.ownership.isForeign(mediaServer)) continue;
      for (const each of conditionsOf(mediaServer) ?? [])
        if (each.status === 'True') counts[each.type] = (counts[each.type] ?? 0) + 1;
    }
    return counts;
  }

  /** For each reason of the condition Capturing, the number of StreamCaptures of this operator. */
  captures(): Record<string, number> {
    const all = [...this.#world.stores.streamCaptures.all()];
    return countReasons(all.filter((each) => !isOfOther(this.#world, each)));
  }

  /** Watches in every replica, so that a new leader has full stores. Resolves when the initial lists are complete. */
  async watch(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.start();
    await this.#listed();
    this.#synced = true;
  }

  /** Starts the controllers, in the leader only. Waits for complete lists; a missing app would look deleted. */
  async lead(): Promise<void> {
    await this.#listed();
    for (const kind of this.#controllers.keys()) {
      for (const { keysOf, store } of kind.watches) store.onChange((change) => this.#enqueue(kind, keysOf(change)));
      // Queues the objects that were listed before the listeners were added.
      this.#enqueue(kind, [...kind.objects.all()].map(keyOf));
    }
    for (const controller of this.#controllers.values()) controller.start();
    this.#poller.start();
  }

  async stop(): Promise<void> {
    await this.#poller.stop();
    await Promise.all([...this.#controllers.values()].map((controller) => controller.stop()));
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
    await this.#world.fleets.close();
  }

  async #listed(): Promise<void> {
    await Promise.all(this.#reflectors.map(({ synced }) => synced));
  }

  #reflect(stores: Stores): Reflector[] {
    const { watchNamespaces } = this.#deps.config;
    const namespaces = watchNamespaces.length === 0 ? [null] : watchNamespaces;
    return WATCHED.flatMap(({ labelSelector, store, type }) =>
      namespaces.map((namespace) => {
        const options = { type, namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
        return new Reflector(options, stores[store], this.#deps);
      }),
    );
  }

  #controllerOf({ name, reconcile, workers }: Kind): Controller {
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

  #enqueue(kind: Kind, keys: Iterable<string>): void {
    const controller = this.#controllers.get(kind);
    for (const key of keys) controller?.enqueue(key);
  }

  /** Queues the objects whose status comes from the pods of a MediaServer. */
  #tellFollowers(mediaServer: string): void {
    for (const kind of this.#controllers.keys()) this.#enqueue(kind, kind.followersOf?.(mediaServer) ?? []);
  }
}
