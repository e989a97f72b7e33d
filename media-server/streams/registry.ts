import type { Direction } from '../../crds/schema/stream.ts';
import type { Played, Stream } from './stream.ts';

/**
 * The one map of this pod's streams, from the first step of admission until the transport is closed. `add` and
 * `remove` are the only ways in and out; every index follows them.
 */
export class StreamRegistry {
  readonly #byId = new Map<string, Stream>();
  readonly #bySession = new Index<string>();
  readonly #byName = new Index<string>();
  readonly #byApp = new Index<string>();
  readonly #byDirection = new Index<Direction>();
  readonly #byAppAndDirection = new Index<string>();
  readonly #publicationsByAppAndName = new Index<string>();
  readonly #byPublication = new Index<Played>();

  /** Called when the last stream leaves. A drain waits for it. */
  onEmpty: (() => void) | null = null;

  add(stream: Stream): void {
    this.#byId.set(stream.id, stream);
    this.#index(stream);
  }

  remove(stream: Stream): void {
    this.#byId.delete(stream.id);
    this.#unindex(stream);
    if (this.#byId.size === 0) this.onEmpty?.();
  }

  /** A backend may overwrite the name of a stream during admission. */
  rename(stream: Stream, name: string): void {
    this.#unindex(stream);
    stream.name = name;
    this.#index(stream);
  }

  /** Binds a playback to the publication that it plays, once that is known. Does nothing once it has left. */
  bind(playback: Stream, publication: Played): void {
    if (!this.#byId.has(playback.id)) return;
    playback.publication = publication;
    this.#byPublication.add(publication, playback);
  }

  get(id: string): Stream | undefined {
    return this.#byId.get(id);
  }

  /** The publication that holds a name in its app, live or still in admission. */
  publication(appKey: string, name: string): Stream | undefined {
    const [holder] = this.#publicationsByAppAndName.get(pair(appKey, name));
    return holder;
  }

  bySession(sessionId: string): ReadonlySet<Stream> {
    return this.#bySession.get(sessionId);
  }

  byName(name: string): ReadonlySet<Stream> {
    return this.#byName.get(name);
  }

  byApp(appKey: string): ReadonlySet<Stream> {
    return this.#byApp.get(appKey);
  }

  byDirection(direction: Direction): ReadonlySet<Stream> {
    return this.#byDirection.get(direction);
  }

  playbacksOf(publication: Played): ReadonlySet<Stream> {
    return this.#byPublication.get(publication);
  }

  /** Publications and playbacks of one app. */
  count(appKey: string, direction: Direction): number {
    return this.#byAppAndDirection.get(pair(appKey, direction)).size;
  }

  all(): Iterable<Stream> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  #index(stream: Stream): void {
    for (const [index, key] of this.#keys(stream)) index.add(key, stream);
  }

  #unindex(stream: Stream): void {
    for (const [index, key] of this.#keys(stream)) index.delete(key, stream);
  }

  #keys(stream: Stream): [Index<unknown>, unknown][] {
    const keys: [Index<unknown>, unknown][] = [
      [this.#bySession, stream.session.id],
      [this.#byName, stream.name],
      [this.#byApp, stream.appKey],
      [this.#byDirection, stream.direction],
      [this.#byAppAndDirection, pair(stream.appKey, stream.direction)],
    ];
    if (stream.published) keys.push([this.#publicationsByAppAndName, pair(stream.appKey, stream.name)]);
    if (stream.publication) keys.push([this.#byPublication, stream.publication]);
    return keys;
  }
}

/** App keys contain no line feed. */
const pair = (appKey: string, of: string): string => `${appKey}\n${of}`;

const NONE: ReadonlySet<Stream> = new Set();

class Index<K> {
  readonly #sets = new Map<K, Set<Stream>>();

  get(key: K): ReadonlySet<Stream> {
    return this.#sets.get(key) ?? NONE;
  }

  add(key: K, stream: Stream): void {
    const set = this.#sets.get(key);
    if (set) set.add(stream);
    else this.#sets.set(key, new Set([stream]));
  }

  delete(key: K, stream: Stream): void {
    const set = this.#sets.get(key);
    if (set?.delete(stream) && set.size === 0) this.#sets.delete(key);
  }
}
