import type { RestOnError } from '../../crds/schema/hook-methods.ts';
import type { HookConfig, ServerConfig } from '../../crds/schema/server-config.ts';
import type { App } from '../apps/app.ts';
import { mergeConfig } from '../hooks/method-config.ts';
import type { SessionHooks } from '../hooks/session-hooks.ts';

/** Why a stream is not checked: the reasons of the StreamApp condition `KeepAliveActive`. */
type NotChecked = 'ServerDisabled' | 'AppKeyNotListed' | 'AppDisabled' | 'NoHook' | 'MethodNotListed' | 'PolicyDisable';

/** The backend of a check. Compared by identity: after a reload, the replaced RestHook has its own connections. */
export type Backend = Pick<HookConfig, 'name' | 'maxConnections'>;

export type KeepAlivePolicy = {
  readonly intervalMs: number;
  /** Per call, never longer than the interval. */
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly restOnError: RestOnError;
  readonly backend: Backend;
};

export type PolicyDecision =
  | {
      readonly checked: true;
      readonly policy: KeepAlivePolicy;
      /** A 403 of the backend would do nothing (`restOnError: LOG`). This is the main trap of WCS, so it is shown. */
      readonly warning: 'RefusalOnlyLogged' | null;
    }
  | { readonly checked: false; readonly reason: NotChecked };

/** Decides whether a stream is checked; the first no is the reason (docs/keep-alive.md#which-streams-are-checked). */
export function decidePolicy(
  server: ServerConfig['keepAlive'],
  { config, hook }: Pick<App, 'config' | 'hook'>,
  hooks: Pick<SessionHooks, 'methodConfig'>,
): PolicyDecision {
  const { appKey, keepAlive } = config;
  if (!server.enabled) return notChecked('ServerDisabled');
  if (server.appKeys.length > 0 && !server.appKeys.includes(appKey)) return notChecked('AppKeyNotListed');
  if (!keepAlive.enabled) return notChecked('AppDisabled');
  if (!hook) return notChecked('NoHook');
  const method = hook.config.methods.find(({ name }) => name === 'StreamKeepAliveEvent');
  if (!method) return notChecked('MethodNotListed');
  const { restOnError, restPolicy } = hooks.methodConfig('StreamKeepAliveEvent');
  if (restPolicy === 'DISABLE') return notChecked('PolicyDisable');
  return {
    checked: true,
    policy: {
      intervalMs: keepAlive.intervalMs,
      timeoutMs: Math.min(hook.config.timeoutMs, keepAlive.intervalMs),
      failureThreshold: method.failureThreshold ?? 0,
      restOnError,
      backend: hook.config,
    },
    warning: restOnError === 'LOG' ? 'RefusalOnlyLogged' : null,
  };
}

/** The same for an app, before any session exists. */
export function decideForApp(server: ServerConfig['keepAlive'], app: Pick<App, 'config' | 'hook'>): PolicyDecision {
  const layer = app.hook?.layer ?? {};
  return decidePolicy(server, app, { methodConfig: (method) => mergeConfig(method, layer) });
}

function notChecked(reason: NotChecked): PolicyDecision {
  return { checked: false, reason };
}

/** Placeholder while the policy of a stream cannot be determined; it is requested again soon. */
export const UNDECIDED: KeepAlivePolicy = {
  intervalMs: 1_000,
  timeoutMs: 1_000,
  failureThreshold: 0,
  restOnError: 'FAIL',
  backend: { name: '', maxConnections: 1 },
};

/** Whether the streams of an app are checked, the reason if not, and whether a 403 would do nothing. */
export function describeKeepAlive(
  server: ServerConfig['keepAlive'],
  app: Pick<App, 'config' | 'hook'>,
): { checked: boolean; reason?: string; warning?: string } {
  const decision = decideForApp(server, app);
  if (!decision.checked) return { checked: false, reason: decision.reason };
  return { checked: true, ...(decision.warning === null ? {} : { warning: decision.warning }) };
}
