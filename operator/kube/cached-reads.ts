import type { Clock } from '../../process/clock.ts';
import { read } from './apply.ts';
import type { Caller } from './client.ts';
import { type KubeObject, pathOf, type ResourceType } from './objects.ts';

/** Secrets and ConfigMaps are never listed or watched. One is read again after this time by whoever looks next, and somebody
 * looks this often: what is known of it is at most a minute old. */
const FRESH_MS = 30_000;
/** One that is not there, or not whole, is looked for more often: somebody is about to make it. */
const MISSING_MS = 5_000;

type Entry = { readonly at: number; readonly object: KubeObject | null };

/** Single objects by name, remembered for half a minute. */
export class CachedReads {
  readonly #client: Caller;
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();
  #writes = 0;

  constructor(client: Caller, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** null when there is no such object. `isWhole`: it has what the caller looks for. */
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
    // Else it may be of before a write of ours.
    if (writes === this.#writes) this.#remember(path, object);
    return object;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** After a write of ours. */
  forget(type: ResourceType, namespace: string, name: string): void {
    this.#writes += 1;
    this.#entries.delete(pathOf(type, namespace, name));
  }

  /** What is no longer fresh goes: nobody may ever ask for it again. */
  #remember(path: string, object: KubeObject | null): void {
    const now = this.#clock.monotonic();
    this.#entries.delete(path);
    this.#entries.set(path, { at: now, object });
    for (const [oldest, { at }] of this.#entries) {
      if (now - at < FRESH_MS) return;
      this.#entries.delete(oldest);
    }
  }

  /** How long until something of these must be read again, milliseconds. */
  static readonly refreshMs = FRESH_MS;
  static readonly missingMs = MISSING_MS;
}
