import type { AppConfig, ConfigBundle, HookConfig } from '../../crds/schema/server-config.ts';
import type { Hook } from '../hooks/hook.ts';
import type { App } from './app.ts';

export type AppTableDeps = {
  /** Creates the hook of a config, or returns the previous one if nothing has changed. */
  readonly hookFor: (config: HookConfig, assets: ConfigBundle['assets'], previous: Hook | undefined) => Hook;
  /** True while the app has sessions. */
  readonly inUse: (appKey: string) => boolean;
};

type Entry = { config: AppConfig; hook: Hook | null; unresolved: string | null; deleted: boolean };

/** The apps by key, and the hooks that they and their running streams use. */
export class AppTable {
  readonly #deps: AppTableDeps;
  readonly #entries = new Map<string, Entry>();
  #hooks = new Map<string, Hook>();

  constructor(deps: AppTableDeps) {
    this.#deps = deps;
  }

  /** An app for a new session. */
  get(appKey: string): App | undefined {
    const entry = this.#entries.get(appKey);
    return entry?.deleted ? undefined : entry;
  }

  all(): App[] {
    return [...this.#entries.values()].filter((entry) => !entry.deleted);
  }

  /** Creates the hooks of a config, or throws. The returned function takes the config over. */
  prepare({ config, assets }: ConfigBundle): () => void {
    const hooks = new Map(
      config.hooks.map((hook) => [hook.name, this.#deps.hookFor(hook, assets, this.#hooks.get(hook.name))]),
    );
    return () => {
      const before = this.#hooksInUse();
      this.#hooks = hooks;
      this.#setAll(config.apps);
      const after = this.#hooksInUse();
      for (const hook of before) if (!after.has(hook)) hook.close();
    };
  }

  /** The hooks of the newest config. */
  hooks(): Hook[] {
    return [...this.#hooks.values()];
  }

  close(): void {
    for (const hook of this.#hooksInUse()) hook.close();
  }

  #setAll(apps: readonly AppConfig[]): void {
    const keys = new Set(apps.map((app) => app.appKey));
    for (const [appKey, entry] of this.#entries) if (!keys.has(appKey)) this.#retire(appKey, entry);
    for (const app of apps) this.#set(app);
  }

  #set(config: AppConfig): void {
    const hook = config.hook === undefined ? null : (this.#hooks.get(config.hook) ?? null);
    const entry = this.#entries.get(config.appKey);
    if (!entry) {
      this.#entries.set(config.appKey, { config, hook, unresolved: config.unresolved ?? null, deleted: false });
      return;
    }
    entry.deleted = false;
    entry.unresolved = config.unresolved ?? null;
    if (entry.unresolved === null) Object.assign(entry, { config, hook });
  }

  #retire(appKey: string, entry: Entry): void {
    entry.deleted = true;
    if (!this.#deps.inUse(appKey)) this.#entries.delete(appKey);
  }

  #hooksInUse(): Set<Hook> {
    const used = new Set(this.#hooks.values());
    for (const { hook } of this.#entries.values()) if (hook) used.add(hook);
    return used;
  }
}
