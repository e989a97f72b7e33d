import { hashOf } from '../../crds/render/hash.ts';
import type { PodStatus } from '../../crds/schema/internal.ts';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import type { Log } from '../../process/logger.ts';
import { UserFault } from '../../process/user-fault.ts';
import { type Change, changedAssets, diffConfigs, keepRestartFields, specField } from './diff.ts';
import { BetweenStates, type Loaded } from './load.ts';
import { oneAtATime } from './one-at-a-time.ts';

export type ReloadDeps = {
  readonly log: Log;
  readonly load: () => Promise<Loaded>;
  /** The config that the process started with. */
  readonly first: Loaded;
  readonly current: () => ConfigBundle;
  /** Takes over the config, or throws with the old one still running. */
  readonly apply: (bundle: ConfigBundle) => void;
  readonly refused: () => void;
  /** The config that was read is already running. */
  readonly unchanged: () => void;
};

/**
 * Takes new configs over, from files and from the operator's pushes: the higher counter wins. If a config
 * is refused, the last good one keeps running.
 */
export class Reloader {
  readonly #deps: ReloadDeps;
  /** Reloads the config. A call during a reload starts one more afterwards. */
  readonly trigger = oneAtATime(() => this.#reload());
  /** The warnings that were logged last; initially those of the first config. */
  #warnedOf: string;
  #refusedCounter = 0;
  #state: PodStatus['config'];

  constructor(deps: ReloadDeps) {
    this.#deps = deps;
    const hash = hashOf(deps.first.bundle);
    this.#state = { counter: counterOf(deps.first), hash, refused: null };
    this.#warnedOf = warningsOf(deps.first);
  }

  /** The running config, as delivered, and the refusal since then, if any. */
  get state(): PodStatus['config'] {
    return this.#state;
  }

  /** Takes over a config. A config older than the running one is ignored. */
  offer(loaded: Loaded): void {
    if (counterOf(loaded) < this.#state.counter) return;
    try {
      this.#take(loaded);
    } catch (error) {
      this.#refuse(error, loaded);
    }
  }

  async #reload(): Promise<void> {
    try {
      const loaded = await this.#deps.load();
      if (!this.#isOutdated(loaded)) this.offer(loaded);
    } catch (error) {
      if (error instanceof BetweenStates)
        this.#deps.log.info({ reason: error.message }, 'the config is not complete yet');
      else this.#refuse(error, null);
    }
  }

  /** Files of a pod: behind a push by up to a minute, and config and Secrets are not renewed at the same moment. */
  #isOutdated({ bundle, delivery }: Loaded): boolean {
    if (!delivery) return false;
    return delivery.counter < this.#state.counter || hashOf(bundle) !== delivery.hash;
  }

  #take(loaded: Loaded): void {
    const { apply, current, log, unchanged } = this.#deps;
    const changes = diffConfigs(current().config, loaded.bundle.config);
    this.#warn(loaded, changes);
    const next = { ...loaded.bundle, config: keepRestartFields(current().config, loaded.bundle.config) };
    const hash = hashOf(next);
    const counter = counterOf(loaded);
    // The running config may be read again after a newer one was refused.
    const isNewest = counter >= this.#refusedCounter;
    if (hash === hashOf(current())) {
      unchanged();
      if (this.#state.refused && isNewest) log.info({ hash }, 'the config is valid again and already running');
    } else {
      const changedFiles = changedAssets(current().assets, next.assets);
      apply(next);
      log.info({ changed: changes.map(({ path }) => path), changedFiles, hash }, 'the new config is running');
    }
    this.#state = { counter, hash: hashOf(loaded.bundle), refused: isNewest ? null : this.#state.refused };
    if (!isNewest) this.#deps.refused();
  }

  #refuse(error: unknown, loaded: Loaded | null): void {
    this.#deps.refused();
    this.#warnedOf = '';
    this.#refusedCounter = loaded ? counterOf(loaded) : this.#state.counter;
    const reason = error instanceof Error ? error.message : String(error);
    const details = error instanceof UserFault ? {} : { err: error };
    this.#state = { ...this.#state, refused: { hash: loaded ? hashOf(loaded.bundle) : '', reason } };
    this.#deps.log.error({ reason, ...details }, 'the new config is refused; the old one keeps running');
  }

  /** Logs warnings once per content, since a folder is read more often than it changes. */
  #warn(loaded: Loaded, changes: readonly Change[]): void {
    const warnings = warningsOf(loaded);
    if (warnings === this.#warnedOf) return;
    this.#warnedOf = warnings;
    for (const finding of loaded.findings) this.#deps.log.warn({ finding }, 'a resource is left out');
    const fields = changes.filter(({ mark }) => mark === 'restart').map(({ path }) => specField(path));
    if (fields.length > 0)
      this.#deps.log.warn({ fields }, 'changes to these fields need a restart; the old values stay in effect');
  }
}

const counterOf = ({ delivery }: Loaded): number => delivery?.counter ?? 0;

/** Identifies the config together with its findings. */
const warningsOf = ({ bundle, findings }: Loaded): string => `${hashOf(bundle)} ${JSON.stringify(findings)}`;
