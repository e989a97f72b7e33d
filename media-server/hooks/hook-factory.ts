import type { ConfigBundle, HookConfig } from '../../crds/schema/server-config.ts';
import { createHook, type Hook, type HookDeps, sameHook } from './hook.ts';

type Assets = ConfigBundle['assets'];

/** Makes hooks, and gives back the previous one, with its open connections, when nothing about it has changed. */
export function hookFactory(deps: HookDeps) {
  const madeFrom = new WeakMap<Hook, Assets>();
  return (config: HookConfig, assets: Assets, previous: Hook | undefined): Hook => {
    const before = previous && madeFrom.get(previous);
    if (previous && before && sameHook(config, assets, { config: previous.config, assets: before })) return previous;
    const hook = createHook(config, assets, deps);
    madeFrom.set(hook, assets);
    return hook;
  };
}
