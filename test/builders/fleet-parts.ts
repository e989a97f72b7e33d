import type { FleetKey } from '../../crds/render/fleet-key.ts';
import { renderServerConfig } from '../../crds/render/server-config.ts';
import type { PodApp, PodHook, PodStatus } from '../../crds/schema/internal.ts';
import { MEDIA_SERVER } from '../../crds/schema/kinds.ts';
import { validateResource } from '../../crds/validate/resource.ts';
import type { Rendered } from '../../operator/pods/fleets.ts';
import type { Pod } from '../../operator/pods/pod.ts';

export const fleetKey = (identity: string): FleetKey => ({ identity, key: Buffer.alloc(32, identity) });

/** The report of a pod that runs the config with this hash. */
export function podStatus(
  over: { hash?: string; refused?: PodStatus['config']['refused'] } & Omit<Partial<PodStatus>, 'config'> = {},
): PodStatus {
  const { hash = 'h1', refused = null, ...rest } = over;
  return {
    pod: 'live-1',
    config: { counter: 1, hash, refused },
    draining: false,
    publications: 0,
    playbacks: 0,
    apps: [],
    hooks: [],
    ...rest,
  };
}

export const podHook = (name: string, over: Partial<PodHook> = {}): PodHook => ({
  name,
  lastSuccessAt: 0,
  lastFailureAt: 0,
  recentCalls: 0,
  recentFailures: 0,
  saturated: false,
  ...over,
});

export const podApp = (appKey: string, keepAlive: PodApp['keepAlive'], over: Partial<PodApp> = {}): PodApp => ({
  appKey,
  publications: 0,
  playbacks: 0,
  keepAlive,
  ...over,
});

export function runningPod(uid: string, over: Partial<Pod> = {}): Pod {
  return {
    name: `live-${uid}`,
    uid,
    node: 'node-1',
    address: '127.0.0.1',
    internalPort: 9091,
    isRunning: true,
    isReady: true,
    isDeleting: false,
    isLost: false,
    isOver: false,
    endedAt: 0,
    restarts: 0,
    nodeHasFailed: false,
    graceSeconds: 570,
    trouble: null,
    ...over,
  };
}

/** A rendered config of a MediaServer without apps, with this hash. */
export function renderedOf(hash: string, over: Partial<Rendered> = {}): Rendered {
  const checked = validateResource(MEDIA_SERVER, {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'MediaServer',
    metadata: { name: 'live' },
    spec: {},
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.findings));
  const nothing = { apps: [], hooks: [], secrets: new Map(), configMaps: new Map() };
  const { config } = renderServerConfig({ mediaServer: checked.resource, ...nothing }).bundle;
  return { hash, push: { counter: 1, config, assets: {} }, findings: [], apps: new Map(), ...over };
}
