import type { ConfigBundle } from '../../crds/schema/server-config.ts';

/**
 * A part of the media server that runs by the config. Throws, with nothing changed, if it cannot run this one; what it
 * returns takes the config over. `before` is null the first time.
 */
export type ConfigPart = (bundle: ConfigBundle, before: ConfigBundle | null) => () => void;

/** The config that runs, and the parts that take a new one over, in their order. */
export class CurrentConfig {
  readonly #parts: ConfigPart[] = [];
  #bundle: ConfigBundle;

  constructor(first: ConfigBundle) {
    this.#bundle = first;
  }

  get bundle(): ConfigBundle {
    return this.#bundle;
  }

  /** The part runs the config of now, and each one that comes later. Throws if it cannot run this one. */
  join(part: ConfigPart): void {
    part(this.#bundle, null)();
    this.#parts.push(part);
  }

  /** Takes over a valid config without touching a live stream. Throws if a part refuses it; the old one runs on. */
  apply(bundle: ConfigBundle): void {
    const before = this.#bundle;
    const takeOver = this.#parts.map((part) => part(bundle, before));
    this.#bundle = bundle;
    for (const take of takeOver) take();
  }
}
