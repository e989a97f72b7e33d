import { hookAssetNames } from '../../crds/render/asset-names.ts';
import type { HookMethod } from '../../crds/schema/hook-methods.ts';
import type { ConfigBundle, HookConfig } from '../../crds/schema/server-config.ts';
import { UserFault } from '../../process/user-fault.ts';
import { HealthRecorder, type HookHealth } from './health.ts';
import { HookClient, type HookClientDeps, type HookRequest, type PoolName } from './hook-client.ts';
import { type ConfigLayer, hookLayer } from './method-config.ts';
import type { HookReply } from './session-hooks.ts';
import { createSigner } from './signature.ts';

export type HookDeps = HookClientDeps;

/** One RestHook at run time: its config, its connection pools, its authentication. */
export type Hook = {
  readonly config: HookConfig;
  readonly layer: ConfigLayer;
  lists(method: HookMethod): boolean;
  /** Posts once over the named pool. Never throws. */
  post(pool: PoolName, request: HookRequest): Promise<HookReply>;
  health(): HookHealth;
  /** Lets calls in flight finish and closes the pools. */
  close(): void;
};

/** Throws an error that names the RestHook and the faulty credential or CA bundle. */
export function createHook(config: HookConfig, assets: ConfigBundle['assets'], deps: HookDeps): Hook {
  try {
    return buildHook(config, assets, deps);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserFault(`RestHook "${config.name}": ${reason}`, { cause: error });
  }
}

function buildHook(config: HookConfig, assets: ConfigBundle['assets'], deps: HookDeps): Hook {
  const methods = new Set<HookMethod>(config.methods.map(({ name }) => name));
  const client = new HookClient(config, createSigner(config.auth, assets), caOf(config, assets), deps);
  const recorder = new HealthRecorder(deps.clock);
  return {
    config,
    layer: hookLayer(config.methods),
    lists: (method) => methods.has(method),
    post: async (pool, request) => {
      const reply = await client.post(pool, request);
      recorder.record(reply);
      return reply;
    },
    health: () => recorder.health(),
    close: () => client.close(),
  };
}

function caOf({ tls }: HookConfig, assets: ConfigBundle['assets']): Buffer | null {
  if (tls.ca === undefined) return null;
  const ca = assets.get(tls.ca);
  if (!ca) throw new Error(`CA bundle ${tls.ca} is missing`);
  return ca;
}

/** True when a hook with the new config would behave exactly like the old one, so that its connections can stay. */
function sameHook(
  config: HookConfig,
  assets: ConfigBundle['assets'],
  previous: { readonly config: HookConfig; readonly assets: ConfigBundle['assets'] },
): boolean {
  if (JSON.stringify(config) !== JSON.stringify(previous.config)) return false;
  return hookAssetNames(config).every((name) => {
    const now = assets.get(name);
    const before = previous.assets.get(name);
    return now === undefined || before === undefined ? now === before : now.equals(before);
  });
}

/** Creates hooks. Returns the previous hook, with its open connections, when nothing about it changed. */
export function hookFactory(deps: HookDeps) {
  const madeFrom = new WeakMap<Hook, ConfigBundle['assets']>();
  return (config: HookConfig, assets: ConfigBundle['assets'], previous: Hook | undefined): Hook => {
    const before = previous && madeFrom.get(previous);
    if (previous && before && sameHook(config, assets, { config: previous.config, assets: before })) return previous;
    const hook = createHook(config, assets, deps);
    madeFrom.set(hook, assets);
    return hook;
  };
}
