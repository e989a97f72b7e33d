import type { HookConfig } from '../../crds/schema/server-config.ts';

/** One RestHook at run time: its config, its three connection pools, its authentication. */
export type Hook = {
  readonly config: HookConfig;
};
