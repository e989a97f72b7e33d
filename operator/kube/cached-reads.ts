import type { Clock } from '../../process/clock.ts';
import { read } from './apply.ts';
import type { Caller } from './client.ts';
import { type KubeObject, pathOf, type ResourceType } from './objects.ts';

/**
 * Secrets and ConfigMaps are never listed or watched. The first caller after this time reads the object again. Callers
 * come at least this often, so a cached object is at most a minute old.
 */
const FRESH_MS = 30_000;
/** A missing or incomplete object is read more often, because a user is probably about to create it. */
const MISSING_MS = 5_000;

type Entry = { readonly at: number; readonly object: KubeObject | null };

/** Caches single objects by name for half a minute. */
export class CachedReads {
  readonly #client: Caller;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  #writes = 0;

  constructor(client: Caller, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Returns null if the object does not exist. `isWhole` tells whether it has what the caller needs. */
  async get(
    type: ResourceType,
    namespace: string | null,
    name: string,
    isWhole: (object: KubeObject) => boolean = () => true,
  ): Promise<KubeObject | null> {
    const path = pathOf(type, namespace, name);
    const known = this.#entries.get(path);
    const age = this.#clock.monotonic() - (known?.at ?? 0);
    if (known && age < (known.object && isWhole(known.object) ? FRESH_MS : MISSING_MS)) return known.object;
    const writes = this.#writes;
    const object = await read(this.#client, type, namespace, name);
    // After a write during the read, the object may be out of date.
    if (writes === this.#writes) this.#remember(path, object);
    return object;
  }

  /** The number of cached objects. */
  get size(): number {
    return this.#entries.size;
  }

  /** Must be called after each write to the object. */
  forget(type: ResourceType, namespace: string, name: string): void {
    this.#writes += 1;
    this.#entries.delete(pathOf(type, namespace, name));
  }

  /** Also evicts stale entries, which may never be read again. */
  #remember(path: string, object: KubeObject | null): void {
    const now = this.#clock.monotonic();
    this.#entries.delete(path);
    this.#entries.set(path, { at: now, object });
    for (const [oldest, { at }] of this.#entries) {
      if (now - at < FRESH_MS) return;
      this.#entries.delete(oldest);
    }
  }

  /** How long an object that exists stays cached, milliseconds. */
  static readonly refreshMs = FRESH_MS;
  static readonly missingMs = MISSING_MS;
}
