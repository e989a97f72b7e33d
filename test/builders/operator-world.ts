import { CachedReads } from '../../operator/kube/cached-reads.ts';
import { EventRecorder } from '../../operator/kube/events.ts';
import { type KubeObject, type ResourceType, TYPES } from '../../operator/kube/objects.ts';
import type { Store } from '../../operator/kube/store.ts';
import { Fleets } from '../../operator/pods/fleets.ts';
import { Ownership } from '../../operator/world/ownership.ts';
import { newStores, storeOf } from '../../operator/world/stores.ts';
import type { World } from '../../operator/world/world.ts';
import { logLines } from './log-lines.ts';
import { RecordedCalls } from './recorded-calls.ts';
import { VirtualClock } from './virtual-clock.ts';

/** The operator that manages the MediaServers. */
export const OPERATOR = 'sluice-system/sluice-operator';

/** The real surroundings of reconcilers, except for the API server, which is a set of objects and a list of calls. */
export class OperatorWorld implements World {
  readonly client = new RecordedCalls();
  readonly clock = new VirtualClock();
  readonly logged = logLines();
  readonly log = this.logged.log;
  readonly reads = new CachedReads(this.client, this.clock);
  readonly fleets = new Fleets();
  readonly events = new EventRecorder(this.client, 'operator-1', this.clock, this.log);
  readonly ownership = new Ownership(OPERATOR, this);
  readonly stores = newStores();
  #version = 100;

  /** Adds an object with a new resource version to its store and to the API server, as a watch does. */
  have(object: KubeObject): KubeObject {
    if (object.kind !== 'MediaServer') return this.haveAsIs(object);
    const status = { operator: { name: OPERATOR }, ...(object['status'] as object | undefined) };
    return this.haveAsIs({ ...object, status });
  }

  /** Like `have`, but a MediaServer without an operator stays without one. */
  haveAsIs(object: KubeObject): KubeObject {
    const seen = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version++) } };
    storeOf(this.stores, object.kind)?.set(seen);
    const type = Object.values<ResourceType>(TYPES).find(({ kind }) => kind === object.kind);
    if (type) this.client.have(type, seen);
    return seen;
  }

  /** Brings all written objects into the stores, as a watch does. Returns the writes since the last call. */
  settleWrites(): string[] {
    for (const { body, contentType, method, path } of this.client.accepted) {
      if (method !== 'PATCH') continue;
      if (contentType === 'application/apply-patch+yaml') this.have(body as KubeObject);
      else this.#merge(path, body as Record<string, object>);
    }
    return this.client.takeWrites();
  }

  /** Applies a merge patch to an object, one level deep. */
  #merge(path: string, patch: Readonly<Record<string, object>>): void {
    const key = path.replace('/status', '').split('/').slice(-3);
    const { mediaServers, restHooks, streamApps, streamCaptures, streamTerminations } = this.stores;
    const store = {
      mediaservers: mediaServers,
      streamapps: streamApps,
      resthooks: restHooks,
      streamterminations: streamTerminations,
      streamcaptures: streamCaptures,
    }[key[1] ?? ''];
    const object = store?.get(`${key[0]}/${key[2]}`);
    if (!object) return;
    const merged = Object.entries(patch).map(([name, fields]) => [name, { ...(object[name] as object), ...fields }]);
    this.have({ ...object, ...Object.fromEntries(merged) });
  }

  /** The last written status of an object. */
  statusOf(store: Store, name = 'live'): Record<string, unknown> {
    return (store.get(`media/${name}`)?.['status'] ?? {}) as Record<string, unknown>;
  }

  /** Conditions as `Type=Status/Reason`. */
  conditionsOf(store: Store, name = 'live'): string[] {
    const { conditions = [] } = this.statusOf(store, name) as { conditions?: Record<string, string>[] };
    return conditions.map(({ reason, status, type }) => `${type}=${status}/${reason}`);
  }

  close(): Promise<void> {
    return this.fleets.close();
  }
}
