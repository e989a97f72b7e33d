import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import type { Log } from '../logger.ts';
import { UserFault } from '../user-fault.ts';
import { type Change, diffConfigs, keepRestartFields } from './diff.ts';
import { hashOf } from './hash.ts';
import type { Loaded } from './load.ts';

export type ReloadDeps = {
  readonly log: Log;
  readonly load: () => Promise<Loaded>;
  readonly current: () => ConfigBundle;
  /** Takes over the config, or throws with the old one still running. */
  readonly apply: (bundle: ConfigBundle) => void;
  readonly refused: () => void;
  /** What was read is what runs already. */
  readonly unchanged: () => void;
};

/** Loads and applies, one after the other: whatever is wrong, the last good config goes on running. */
export class Reloader {
  readonly #deps: ReloadDeps;
  #running: Promise<void> | null = null;
  #again = false;
  /** Hash of the config that was last warned of. */
  #warnedOf = '';

  constructor(deps: ReloadDeps) {
    this.#deps = deps;
  }

  /** Something may have changed. A call during a reload makes one more afterwards. */
  trigger(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#reload().finally(() => {
      this.#running = null;
      if (!this.#again) return;
      this.#again = false;
      this.trigger();
    });
  }

  async #reload(): Promise<void> {
    const { apply, current, load, log, refused, unchanged } = this.#deps;
    try {
      const loaded = await load();
      const changes = diffConfigs(current().config, loaded.bundle.config);
      this.#warn(loaded, changes);
      const next = { ...loaded.bundle, config: keepRestartFields(current().config, loaded.bundle.config) };
      if (hashOf(next) === hashOf(current())) {
        unchanged();
        return;
      }
      apply(next);
      log.info({ changed: changes.map(({ path }) => path), hash: hashOf(next) }, 'the new config runs');
    } catch (error) {
      refused();
      this.#warnedOf = '';
      const reason = error instanceof Error ? error.message : String(error);
      const details = error instanceof UserFault ? {} : { err: error };
      log.error({ reason, ...details }, 'the new config is refused, the old one goes on running');
    }
  }

  /** Once for each content: a folder is read more often than it changes. */
  #warn({ bundle, findings }: Loaded, changes: readonly Change[]): void {
    const hash = hashOf(bundle);
    if (hash === this.#warnedOf) return;
    this.#warnedOf = hash;
    for (const finding of findings) this.#deps.log.warn({ finding }, 'a resource is left out');
    const fields = changes.filter(({ mark }) => mark === 'restart').map(({ path }) => path);
    if (fields.length > 0) this.#deps.log.warn({ fields }, 'these fields need a restart, their old values stay');
  }
}
