import type { ConfigBundle } from '../../crds/schema/server-config.ts';

/**
 * A part of the media server that depends on the config. Throws, with nothing changed, if it cannot run this config.
 * The returned function takes the config over. `before` is null the first time.
 */
export type ConfigPart = (bundle: ConfigBundle, before: ConfigBundle | null) => () => void;

/** The running config, and the parts that take over a new one, in order. */
export class CurrentConfig {
  readonly #parts: ConfigPart[] = [];
  #bundle: ConfigBundle;

  constructor(first: ConfigBundle) {
    this.#bundle = first;
  }

  get bundle(): ConfigBundle {
    return this.#bundle;
  }

  /** Applies the current config to the part, and each later one. Throws if it cannot run the current one. */
  join(part: ConfigPart): void {
    part(this.#bundle, null)();
    this.#parts.push(part);
  }

  /** Takes over a valid config without touching a live stream. Throws if a part refuses it. */
  apply(bundle: ConfigBundle): void {
    const before = this.#bundle;
    const takeOver = this.#parts.map((part) => part(bundle, before));
    this.#bundle = bundle;
    for (const take of takeOver) take();
  }
}
