import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import type { Log } from '../logger.ts';
import { UserFault } from '../user-fault.ts';
import { diffConfigs, keepRestartFields } from './diff.ts';
import { hashOf } from './hash.ts';
import type { Loaded } from './load.ts';

export type ReloadDeps = {
  readonly log: Log;
  readonly load: () => Promise<Loaded>;
  readonly current: () => ConfigBundle;
  /** Takes over the config, or throws with the old one still running. */
  readonly apply: (bundle: ConfigBundle) => void;
  readonly refused: () => void;
};

/** Loads and applies, one after the other: whatever is wrong, the last good config goes on running. */
export class Reloader {
  readonly #deps: ReloadDeps;
  #running: Promise<void> | null = null;
  #again = false;

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
    const { apply, current, load, log, refused } = this.#deps;
    try {
      const { bundle, findings } = await load();
      for (const finding of findings) log.warn({ finding }, 'a resource is left out');
      if (hashOf(bundle) === hashOf(current())) return;
      const changes = diffConfigs(current().config, bundle.config);
      const restart = changes.filter(({ mark }) => mark === 'restart').map(({ path }) => path);
      if (restart.length > 0) log.warn({ fields: restart }, 'these fields need a restart, their old values stay');
      apply({ ...bundle, config: keepRestartFields(current().config, bundle.config) });
      log.info({ changed: changes.map(({ path }) => path), hash: hashOf(current()) }, 'the new config runs');
    } catch (error) {
      refused();
      const reason = error instanceof Error ? error.message : String(error);
      log.error(
        { reason, ...(error instanceof UserFault ? {} : { err: error }) },
        'the new config is refused, the old one goes on running',
      );
    }
  }
}
