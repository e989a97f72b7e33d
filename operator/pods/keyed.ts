import type { FleetKey } from '../../crds/render/fleet-key.ts';

/** A client with the newest key of its pods. */
export class Keyed<C extends { close(): Promise<void> }> {
  readonly #make: (key: FleetKey) => C;
  #current: { readonly key: FleetKey; readonly client: C } | null = null;

  constructor(make: (key: FleetKey) => C) {
    this.#make = make;
  }

  /** Returns the client with this key and closes a client with another key. */
  use(key: FleetKey): C {
    const known = this.#current;
    if (known && isSame(known.key, key)) return known.client;
    void this.close();
    const client = this.#make(key);
    this.#current = { key, client };
    return client;
  }

  /** null until the first key is known. */
  get client(): C | null {
    return this.#current?.client ?? null;
  }

  get key(): FleetKey | null {
    return this.#current?.key ?? null;
  }

  /** Clears the client at once: a new one may start while the connections of the old one close. */
  async close(): Promise<void> {
    const old = this.#current;
    this.#current = null;
    await old?.client.close();
  }
}

const isSame = (one: FleetKey, other: FleetKey): boolean =>
  one.identity === other.identity && one.key.equals(other.key);
