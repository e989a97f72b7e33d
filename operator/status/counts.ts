import type { PodStatus } from '../../crds/schema/internal.ts';
import { isNotFound, isRefusal, NotLeaderError } from '../kube/api-error.ts';
import { type KubeObject, keyOf, type ResourceType, rfc3339, splitKey, TYPES } from '../kube/objects.ts';
import { writeStatus } from '../kube/write-status.ts';
import { healthOf } from '../pods/hook-health.ts';
import { podsOf } from '../pods/pod.ts';
import { isForeignHook } from '../world/hook-owner.ts';
import { mediaServerOf } from '../world/references.ts';
import type { World } from '../world/world.ts';

/** Counts change all the time: they are written at most this often and cause no reconcile. */
const EVERY_MS = 30_000;

/**
 * Writes the numbers of streams and the times of the last backend calls. While a pod does not answer, the counts of its
 * fleet stay, because its streams may still be live.
 */
export class Counts {
  readonly #world: World;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
  }

  /** Never throws. */
  async write(): Promise<void> {
    const { clock, log } = this.#world;
    if (clock.monotonic() - this.#writtenAt < EVERY_MS) return;
    this.#writtenAt = clock.monotonic();
    try {
      await this.#mediaServers();
      await this.#streamApps();
      await this.#restHooks();
    } catch (error) {
      if (!(error instanceof NotLeaderError)) log.warn({ reason: String(error) }, 'counts could not be written');
    }
  }

  /** An object that is gone, or whose status the API server refuses, does not stop the others. */
  async #writeOne(type: ResourceType, object: KubeObject, status: Readonly<Record<string, unknown>>): Promise<void> {
    const { client, log } = this.#world;
    try {
      await writeStatus(client, type, object, status);
    } catch (error) {
      if (!isNotFound(error) && !isRefusal(error)) throw error;
      log.warn({ kind: type.kind, object: keyOf(object), reason: String(error) }, 'counts could not be written');
    }
  }

  async #mediaServers(): Promise<void> {
    const { stores } = this.#world;
    for (const object of stores.mediaServers.all()) {
      const statuses = this.#statusesOf(keyOf(object));
      if (statuses) await this.#writeOne(TYPES.MediaServer, object, totals(statuses));
    }
  }

  async #streamApps(): Promise<void> {
    const { stores } = this.#world;
    for (const object of stores.streamApps.all()) {
      const { appKey } = object['spec'] as { appKey: string };
      const statuses = this.#statusesOf(mediaServerOf(object));
      if (!statuses) continue;
      const own = statuses.flatMap(({ apps }) => apps.filter((app) => app.appKey === appKey));
      await this.#writeOne(TYPES.StreamApp, object, totals(own));
    }
  }

  /** The reports of a MediaServer's pods; null when one is missing or another operator manages the MediaServer. */
  #statusesOf(mediaServer: string): PodStatus[] | null {
    const { fleets, ownership, stores } = this.#world;
    const object = stores.mediaServers.get(mediaServer);
    // The operator that manages a MediaServer writes its counts.
    if (object && ownership.isForeign(object)) return null;
    const { name, namespace } = splitKey(mediaServer);
    const fleet = fleets.find(mediaServer);
    const pods = podsOf(stores.pods, namespace, name);
    // The MediaServer has not been reconciled since the operator started.
    if (!fleet) return pods.length === 0 ? [] : null;
    return fleet.isHeard(pods) ? fleet.statuses() : null;
  }

  async #restHooks(): Promise<void> {
    const { stores } = this.#world;
    for (const object of stores.restHooks.all()) {
      if (isForeignHook(this.#world, object)) continue;
      const { lastFailureAt, lastSuccessAt } = healthOf(this.#world.fleets, keyOf(object));
      await this.#writeOne(TYPES.RestHook, object, {
        ...(lastSuccessAt ? { lastSuccessTime: rfc3339(lastSuccessAt) } : {}),
        ...(lastFailureAt ? { lastFailureTime: rfc3339(lastFailureAt) } : {}),
      });
    }
  }
}

type Counted = { readonly publications: number; readonly playbacks: number };

function totals(counted: readonly Counted[]): Counted {
  const sum = (read: (each: Counted) => number): number => counted.reduce((total, each) => total + read(each), 0);
  return { publications: sum((each) => each.publications), playbacks: sum((each) => each.playbacks) };
}

type NoStreams = { readonly publications: 0; readonly playbacks: 0 };

/** Zeros for an object without counts, so that its columns are not empty until the next count. */
export function firstCounts({ status }: KubeObject): NoStreams | Record<string, never> {
  const isCounted = (status as { readonly publications?: number } | undefined)?.publications !== undefined;
  return isCounted ? {} : { publications: 0, playbacks: 0 };
}
