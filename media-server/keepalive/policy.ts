import type { RestOnError } from '../../crds/schema/hook.ts';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import type { App } from '../apps/app.ts';
import type { SessionHooks } from '../hooks/session-hooks.ts';

/** Why a stream is not checked: the reasons of the StreamApp condition `KeepAliveActive`. */
export type NotChecked =
  | 'ServerDisabled'
  | 'AppKeyNotListed'
  | 'AppDisabled'
  | 'NoHook'
  | 'MethodNotListed'
  | 'PolicyDisable';

export type KeepAlivePolicy = {
  readonly intervalMs: number;
  /** Per call, never longer than the interval. */
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly restOnError: RestOnError;
  /** Calls at the same time to this backend. */
  readonly maxConnections: number;
  /** The backend; streams with the same one share its connections. */
  readonly backend: string;
};

export type PolicyDecision =
  | { readonly checked: true; readonly policy: KeepAlivePolicy }
  | { readonly checked: false; readonly reason: NotChecked };

/** Whether and how a stream is checked (hooks.md §6): the first condition that fails is the reason. */
export function decidePolicy(
  server: ServerConfig['keepAlive'],
  app: App,
  hooks: Pick<SessionHooks, 'methodConfig'>,
): PolicyDecision {
  const { appKey, keepAlive } = app.config;
  if (!server.enabled) return notChecked('ServerDisabled');
  if (server.appKeys.length > 0 && !server.appKeys.includes(appKey)) return notChecked('AppKeyNotListed');
  if (!keepAlive.enabled) return notChecked('AppDisabled');
  if (!app.hook) return notChecked('NoHook');
  const method = app.hook.config.methods.find(({ name }) => name === 'StreamKeepAliveEvent');
  if (!method) return notChecked('MethodNotListed');
  const { restOnError, restPolicy } = hooks.methodConfig('StreamKeepAliveEvent');
  if (restPolicy === 'DISABLE') return notChecked('PolicyDisable');
  const { maxConnections, name, timeoutMs } = app.hook.config;
  return {
    checked: true,
    policy: {
      intervalMs: keepAlive.intervalMs,
      timeoutMs: Math.min(timeoutMs, keepAlive.intervalMs),
      failureThreshold: method.failureThreshold ?? 0,
      restOnError,
      maxConnections,
      backend: name,
    },
  };
}

function notChecked(reason: NotChecked): PolicyDecision {
  return { checked: false, reason };
}
