import { type KubeObject, keyOf } from './objects.ts';

/** A change of an object. `before` is undefined if it was created, `after` if it was deleted. */
export type Change = {
  readonly key: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
};

/** The last known state of all objects of one kind. Only reflectors write to it. */
export class Store {
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners: ((change: Change) => void)[] = [];

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  all(): Iterable<KubeObject> {
    return this.#objects.values();
  }

  /** The objects of one namespace with these labels. */
  list(namespace: string, labels: Readonly<Record<string, string>> = {}): KubeObject[] {
    const wanted = Object.entries(labels);
    return [...this.#objects.values()].filter(
      ({ metadata }) =>
        metadata.namespace === namespace && wanted.every(([name, value]) => metadata.labels?.[name] === value),
    );
  }

  get size(): number {
    return this.#objects.size;
  }

  set(object: KubeObject): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion && before !== undefined) return;
    this.#objects.set(key, object);
    this.#tell({ key, before, after: object });
  }

  delete(key: string): void {
    const before = this.#objects.get(key);
    if (!before) return;
    this.#objects.delete(key);
    this.#tell({ key, before, after: undefined });
  }

  /** Replaces the objects of one namespace, or of all namespaces (null), with a complete list. */
  replace(namespace: string | null, objects: readonly KubeObject[]): void {
    const listed = new Set(objects.map(keyOf));
    for (const [key, { metadata }] of this.#objects) {
      if ((namespace === null || metadata.namespace === namespace) && !listed.has(key)) this.delete(key);
    }
    for (const object of objects) this.set(object);
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
