import { parseDurationMs } from '../schema/duration.ts';
import type { MediaServerSpec } from '../schema/media-server.ts';
import type { RestHookSpec } from '../schema/rest-hook.ts';
import type { AppConfig, ConfigBundle, HookConfig, ServerConfig } from '../schema/server-config.ts';
import type { StreamAppSpec } from '../schema/stream-app.ts';
import { NODE_EXTERNAL_IP } from '../schema/texts.ts';
import type { Resource } from '../validate/resource.ts';
import { assetNames } from './asset-names.ts';
import { type AssetSources, Assets } from './assets.ts';
import { renderHook } from './rest-hook.ts';
import { REST_CERTIFICATE, renderWebSdk } from './web-sdk.ts';

export type RenderInput = AssetSources & {
  readonly mediaServer: Resource<MediaServerSpec>;
  readonly apps: readonly Resource<StreamAppSpec>[];
  readonly hooks: readonly Resource<RestHookSpec>[];
  /** The faults of RestHooks that exist but are not valid, by name. */
  readonly invalidHooks?: ReadonlyMap<string, string>;
};

/** A problem that disables one object or feature and leaves the others running. */
export type RenderFinding = {
  readonly kind: string;
  readonly name: string;
  readonly reason: 'Conflict' | 'RefNotFound' | 'InvalidReference' | 'CaptureDisabled';
  readonly message: string;
};

export type Rendered = { readonly bundle: ConfigBundle; readonly findings: readonly RenderFinding[] };

/**
 * Renders the config of a media server. Pure: the same input gives the same bytes. A reference that does not resolve
 * disables only the affected app (`unresolved`). Throws `RenderError` if the MediaServer itself cannot be rendered.
 */
export function renderServerConfig(input: RenderInput): Rendered {
  const assets = new Assets(input);
  const findings: RenderFinding[] = [];
  const { accepted, conflicts } = acceptApps(input);
  findings.push(...conflicts);

  const hooks = new Map<string, HookConfig>();
  const { invalidHooks = new Map<string, string>() } = input;
  const faults = new Map([...invalidHooks].map(([name, fault]) => [name, `RestHook "${name}" is not valid: ${fault}`]));
  for (const hook of [...input.hooks].sort(byName)) {
    const rendered = renderHook(hook, assets);
    if (typeof rendered === 'string') faults.set(hook.metadata.name, rendered);
    else hooks.set(hook.metadata.name, rendered);
  }
  const apps = accepted.map((app) => renderApp(app, input.mediaServer, hooks, faults));
  for (const [index, { name, unresolved }] of apps.entries()) {
    if (unresolved === undefined) continue;
    const isInvalid = invalidHooks.has(accepted[index]?.spec.restHookRef?.name ?? '');
    const reason = isInvalid ? 'InvalidReference' : 'RefNotFound';
    findings.push({ kind: 'StreamApp', name, reason, message: unresolved });
  }
  const used = new Set(apps.map(({ hook }) => hook));
  const config: ServerConfig = {
    ...renderServer(input.mediaServer, assets),
    hooks: [...hooks.values()].filter(({ name }) => used.has(name)),
    apps,
  };
  const contents = assets.contents();
  const named = assetNames(config).map((name): [string, Buffer] => [name, contents.get(name) ?? Buffer.alloc(0)]);
  return { bundle: { config, assets: new Map(named) }, findings };
}

/** Selects the apps of this MediaServer. If several have the same key, the oldest wins, then the first by name. */
function acceptApps({ apps, mediaServer }: RenderInput) {
  const accepted = new Map<string, Resource<StreamAppSpec>>();
  const conflicts: RenderFinding[] = [];
  const own = apps.filter(({ spec }) => spec.mediaServerRef.name === mediaServer.metadata.name);
  for (const app of own.sort(byAge)) {
    const { appKey } = app.spec;
    const winner = accepted.get(appKey);
    if (winner) {
      const message = `StreamApp "${winner.metadata.name}" already has the appKey "${appKey}"`;
      conflicts.push({ kind: 'StreamApp', name: app.metadata.name, reason: 'Conflict', message });
    } else accepted.set(appKey, app);
  }
  return { accepted: [...accepted.values()].sort(byName), conflicts };
}

function renderServer(
  { metadata, spec }: Resource<MediaServerSpec>,
  assets: Assets,
): Omit<ServerConfig, 'apps' | 'hooks'> {
  const { https } = spec.rest;
  const { playbacks, publications } = spec.limits;
  const webSdk = renderWebSdk(spec, assets);
  const announcedAddress = spec.media.announcedAddress;
  return {
    name: metadata.name,
    // The operator replaces 0 with a number from the resources. Without Kubernetes, 0 means 1.
    workers: Math.max(1, spec.workers),
    media: {
      port: spec.media.port,
      // NodeExternalIP has a different value on each node and is not part of the config.
      ...(announcedAddress === undefined || announcedAddress === NODE_EXTERNAL_IP ? {} : { announcedAddress }),
      codecs: spec.media.codecs,
      cascade: spec.media.cascade,
      udpGso: spec.media.udpGso,
      pipePorts: spec.media.pipePorts,
      iceServers: spec.media.iceServers,
    },
    rest: {
      httpPort: spec.rest.http.port,
      ...(https
        ? { https: { port: https.port, ...assets.certificate(https.certificateRef.name, REST_CERTIFICATE) } }
        : {}),
      ...(spec.rest.authRef ? { auth: assets.restAuth(spec.rest.authRef.name) } : {}),
      emptyFilter: spec.rest.emptyFilter,
      trustedProxies: spec.rest.trustedProxies,
      allowedOrigins: spec.rest.allowedOrigins,
      corsOrigins: spec.rest.corsOrigins,
    },
    ...(webSdk ? { webSdk } : {}),
    keepAlive: { enabled: spec.keepAlive.enabled, appKeys: spec.keepAlive.appKeys },
    limits: { publications, playbacks },
    drain: { timeoutMs: durationMs(spec.drain.timeout) },
  };
}

function renderApp(
  { metadata, spec }: Resource<StreamAppSpec>,
  mediaServer: Resource<MediaServerSpec>,
  hooks: ReadonlyMap<string, HookConfig>,
  faults: ReadonlyMap<string, string>,
): AppConfig {
  const server = mediaServer.spec;
  const hook = spec.restHookRef?.name;
  const codecs = server.media.codecs.filter((codec) => spec.codecs?.includes(codec) ?? true);
  const unresolved =
    codecs.length > 0
      ? unresolvedHook(hook, hooks, faults)
      : `MediaServer "${mediaServer.metadata.name}" has none of its codecs (${spec.codecs?.join(', ')})`;
  const { duration, ...limits } = spec.limits;
  return {
    name: metadata.name,
    appKey: spec.appKey,
    ...(hook !== undefined && unresolved === undefined ? { hook } : {}),
    ...(unresolved === undefined ? {} : { unresolved }),
    keepAlive: {
      enabled: spec.keepAlive.enabled,
      intervalMs: durationMs(spec.keepAlive.interval ?? server.keepAlive.interval),
    },
    limits: { ...limits, durationMs: duration === undefined ? 0 : durationMs(duration) },
    codecs: codecs.length > 0 ? codecs : server.media.codecs,
  };
}

function unresolvedHook(
  hook: string | undefined,
  hooks: ReadonlyMap<string, HookConfig>,
  faults: ReadonlyMap<string, string>,
): string | undefined {
  if (hook === undefined || hooks.has(hook)) return undefined;
  return faults.get(hook) ?? `RestHook "${hook}" does not exist`;
}

/** Parses a text that has already been validated. */
function durationMs(text: string): number {
  return parseDurationMs(text) ?? 0;
}

type Named = { readonly metadata: { readonly name: string; readonly creationTimestamp?: string } };

function byName(a: Named, b: Named): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** The API server's RFC 3339 times can be compared as text. Files have none. */
function byAge(a: Named, b: Named): number {
  const [first, second] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  return first === second ? byName(a, b) : first < second ? -1 : 1;
}
