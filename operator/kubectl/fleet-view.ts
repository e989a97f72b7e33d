import type { Finding } from './findings.ts';
import { findingsOf } from './findings.ts';
import {
  CONTAINER,
  isReady,
  type MediaServer,
  type Pod,
  type RestHook,
  SERVER_LABEL,
  type StreamApp,
  type StreamCapture,
  type StreamTermination,
} from './objects.ts';

/** All objects of a namespace that `status` reads. */
export type Objects = {
  readonly mediaServers: readonly MediaServer[];
  readonly streamApps: readonly StreamApp[];
  readonly restHooks: readonly RestHook[];
  readonly streamTerminations: readonly StreamTermination[];
  readonly streamCaptures: readonly StreamCapture[];
  readonly pods: readonly Pod[];
};

export type PodView = {
  readonly name: string;
  readonly isReady: boolean;
  /** `Running`, `Draining`, or why it waits, such as `CrashLoopBackOff`. */
  readonly state: string;
  readonly restarts: number;
  readonly node: string;
  readonly createdAt: string;
};
export type AppView = {
  readonly name: string;
  readonly appKey: string;
  readonly restHook: string;
  readonly keepAlive: string;
  readonly publications: number;
  readonly playbacks: number;
  readonly ready: string;
};
export type HookView = {
  readonly name: string;
  readonly url: string;
  readonly reachable: string;
  readonly lastSuccessTime: string;
  readonly lastFailureTime: string;
};

export type CaptureView = {
  readonly name: string;
  readonly stream: string;
  /** Host of the source. */
  readonly source: string;
  /** Reason of the condition Capturing. */
  readonly state: string;
  readonly pod: string;
};

/** One MediaServer with everything that belongs to it. */
export type FleetView = {
  readonly name: string;
  readonly namespace: string;
  readonly desiredReplicas: number;
  readonly readyReplicas: number;
  readonly podsInSync: string;
  /** Status of the condition FleetReady. */
  readonly fleetReady: string;
  readonly publications: number;
  readonly playbacks: number;
  readonly endpoints: readonly string[];
  readonly pods: readonly PodView[];
  readonly apps: readonly AppView[];
  readonly hooks: readonly HookView[];
  readonly captures: readonly CaptureView[];
  readonly findings: readonly Finding[];
};

/** The whole answer of `status`. */
export type StatusView = {
  readonly isHealthy: boolean;
  readonly mediaServers: readonly FleetView[];
  /** Of objects that belong to no MediaServer. */
  readonly otherFindings: readonly Finding[];
};

/** What there is to say about one MediaServer, or all of them. Pure. */
export function statusView(objects: Objects, name: string | undefined, now: number): StatusView {
  const chosen = objects.mediaServers.filter(({ metadata }) => name === undefined || metadata.name === name);
  const mediaServers = chosen.map((server) => fleetView(objects, server, now));
  const otherFindings = name === undefined ? findingsOf(strays(objects), now) : [];
  const all = [...mediaServers.flatMap(({ findings }) => findings), ...otherFindings];
  return { isHealthy: !all.some(({ severity }) => severity === 'problem'), mediaServers, otherFindings };
}

function fleetView(objects: Objects, server: MediaServer, now: number): FleetView {
  const { name, namespace = '' } = server.metadata;
  const isOurs = ({ spec }: StreamApp | StreamTermination): boolean => spec.mediaServerRef.name === name;
  const terminations = objects.streamTerminations.filter((each) => isOurs(each) && !isDryRun(each));
  const apps = objects.streamApps.filter(isOurs);
  const hookNames = new Set(apps.map(({ spec }) => spec.restHookRef?.name));
  const hooks = objects.restHooks.filter(({ metadata }) => hookNames.has(metadata.name));
  const appNames = new Set(apps.map(({ metadata }) => metadata.name));
  const captures = objects.streamCaptures.filter(({ spec }) => appNames.has(spec.appRef.name));
  const { status } = server;
  return {
    name,
    namespace,
    desiredReplicas: status?.desiredReplicas ?? server.spec.replicas,
    readyReplicas: status?.readyReplicas ?? 0,
    podsInSync: status?.podsInSync ?? '0/0',
    fleetReady: statusOf(server, 'FleetReady'),
    publications: status?.publications ?? 0,
    playbacks: status?.playbacks ?? 0,
    endpoints: Object.values(status?.endpoints ?? {}),
    pods: objects.pods.filter(({ metadata }) => metadata.labels?.[SERVER_LABEL] === name).map(podView),
    apps: apps.map(appView),
    hooks: hooks.map(hookView),
    captures: captures.map(captureView),
    findings: findingsOf(
      [
        { kind: 'MediaServer', object: server },
        ...apps.map((object) => ({ kind: 'StreamApp', object })),
        ...hooks.map((object) => ({ kind: 'RestHook', object })),
        ...terminations.map((object) => ({ kind: 'StreamTermination', object })),
        ...captures.map((object) => ({ kind: 'StreamCapture', object })),
      ],
      now,
    ),
  };
}

/** One that only counts has told its caller, and ends nothing. */
const isDryRun = ({ spec }: StreamTermination): boolean => spec.dryRun;

/** Objects that no MediaServer of the namespace has in its view. */
function strays({ mediaServers, restHooks, streamApps, streamCaptures, streamTerminations }: Objects) {
  const names = new Set(mediaServers.map(({ metadata }) => metadata.name));
  const isStray = ({ spec }: StreamApp | StreamTermination): boolean => !names.has(spec.mediaServerRef.name);
  const own = new Set(streamApps.filter((app) => !isStray(app)).map(({ metadata }) => metadata.name));
  const used = new Set(streamApps.filter((app) => !isStray(app)).map(({ spec }) => spec.restHookRef?.name));
  return [
    ...streamApps.filter(isStray).map((object) => ({ kind: 'StreamApp', object })),
    ...restHooks.filter(({ metadata }) => !used.has(metadata.name)).map((object) => ({ kind: 'RestHook', object })),
    ...streamTerminations
      .filter((each) => isStray(each) && !isDryRun(each))
      .map((object) => ({ kind: 'StreamTermination', object })),
    ...streamCaptures
      .filter(({ spec }) => !own.has(spec.appRef.name))
      .map((object) => ({ kind: 'StreamCapture', object })),
  ];
}

function podView(pod: Pod): PodView {
  const { metadata, spec, status } = pod;
  const container = status?.containerStatuses?.find(({ name }) => name === CONTAINER);
  const isDraining = metadata.deletionTimestamp !== undefined;
  return {
    name: metadata.name,
    isReady: isReady(pod),
    state: isDraining ? 'Draining' : (container?.state?.waiting?.reason ?? status?.phase ?? 'Pending'),
    restarts: container?.restartCount ?? 0,
    node: spec?.nodeName ?? '',
    createdAt: metadata.creationTimestamp ?? '',
  };
}

const appView = (app: StreamApp): AppView => ({
  name: app.metadata.name,
  appKey: app.spec.appKey,
  restHook: app.spec.restHookRef?.name ?? '',
  keepAlive: statusOf(app, 'KeepAliveActive'),
  publications: app.status?.publications ?? 0,
  playbacks: app.status?.playbacks ?? 0,
  ready: statusOf(app, 'Ready'),
});

const hookView = (hook: RestHook): HookView => ({
  name: hook.metadata.name,
  url: hook.spec.url,
  reachable: statusOf(hook, 'Reachable'),
  lastSuccessTime: hook.status?.lastSuccessTime ?? '',
  lastFailureTime: hook.status?.lastFailureTime ?? '',
});

const captureView = ({ metadata, spec, status }: StreamCapture): CaptureView => ({
  name: metadata.name,
  stream: spec.name,
  source: status?.source ?? '',
  state: status?.conditions?.find(({ type }) => type === 'Capturing')?.reason ?? '',
  pod: status?.assignment?.pod ?? '',
});

const statusOf = ({ status }: MediaServer | StreamApp | RestHook, type: string): string =>
  status?.conditions?.find((condition) => condition.type === type)?.status ?? 'Unknown';
