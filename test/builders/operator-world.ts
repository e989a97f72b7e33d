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

/** Who manages the MediaServers. */
export const OPERATOR = 'sluice-system/sluice-operator';

/** What reconcilers work with, real but for the API server, of which there are only objects and a list of calls. */
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

  /** As if a watch had brought it: with a new version, in its store and for whoever reads it. */
  have(object: KubeObject): KubeObject {
    if (object.kind !== 'MediaServer') return this.haveAsIs(object);
    const status = { operator: { name: OPERATOR }, ...(object['status'] as object | undefined) };
    return this.haveAsIs({ ...object, status });
  }

  /** A MediaServer that does not say which operator manages it is not taken for one of this operator. */
  haveAsIs(object: KubeObject): KubeObject {
    const seen = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version++) } };
    storeOf(this.stores, object.kind)?.set(seen);
    const type = Object.values<ResourceType>(TYPES).find(({ kind }) => kind === object.kind);
    if (type) this.client.have(type, seen);
    return seen;
  }

  /** Everything that was written comes back, as from a real API server; the writes since it was asked last. */
  settleWrites(): string[] {
    for (const { body, contentType, method, path } of this.client.accepted) {
      if (method !== 'PATCH') continue;
      if (contentType === 'application/apply-patch+yaml') this.have(body as KubeObject);
      else this.#merge(path, body as Record<string, object>);
    }
    return this.client.takeWrites();
  }

  /** A merge patch of an object of ours, one level deep. */
  #merge(path: string, patch: Readonly<Record<string, object>>): void {
    const key = path.replace('/status', '').split('/').slice(-3);
    const { mediaServers, restHooks, streamApps } = this.stores;
    const store = { mediaservers: mediaServers, streamapps: streamApps, resthooks: restHooks }[key[1] ?? ''];
    const object = store?.get(`${key[0]}/${key[2]}`);
    if (!object) return;
    const merged = Object.entries(patch).map(([name, fields]) => [name, { ...(object[name] as object), ...fields }]);
    this.have({ ...object, ...Object.fromEntries(merged) });
  }

  /** The status of an object as it was written last. */
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
