import type { ServerConfig } from '../../crds/schema/server-config.ts';
import type { Log } from '../../process/logger.ts';
import type { App } from '../apps/app.ts';
import { decideForApp } from '../keepalive/policy.ts';

type Warned = {
  /** null at the start. */
  readonly before: ServerConfig | null;
  readonly config: ServerConfig;
  readonly apps: readonly App[];
};

/** Logs surprising effects of a valid config. */
export function warnOfConfig(log: Pick<Log, 'warn'>, { apps, before, config }: Warned): void {
  for (const app of apps) warnOfLoggedRefusals(log, config, app);
  warnOfUnknownAppKeys(log, config, apps);
  const hasLostAuth = !config.rest.auth && (before === null || before.rest.auth);
  if (hasLostAuth) log.warn('rest.authRef is not set: anyone who can reach the REST API can end streams');
}

/** Streams of an app whose key is misspelt there are never checked. */
function warnOfUnknownAppKeys(log: Pick<Log, 'warn'>, { keepAlive }: ServerConfig, apps: readonly App[]): void {
  if (!keepAlive.enabled) return;
  const known = new Set(apps.map(({ config }) => config.appKey));
  const unknown = keepAlive.appKeys.filter((appKey) => !known.has(appKey));
  if (unknown.length > 0)
    log.warn({ appKeys: unknown }, 'spec.keepAlive.appKeys: no app of this media server has these keys');
}

/** WCS's main trap: a backend's 403 that ends nothing. */
function warnOfLoggedRefusals(log: Pick<Log, 'warn'>, config: ServerConfig, app: App): void {
  const decision = decideForApp(config.keepAlive, app);
  if (!decision.checked || decision.warning === null) return;
  const { appKey } = app.config;
  log.warn({ appKey, warning: decision.warning }, 'restOnError is LOG: a 403 to StreamKeepAliveEvent ends nothing');
}
