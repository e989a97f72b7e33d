import type { RenderFinding } from '../../../crds/render/server-config.ts';
import type { PodApp, PodStatus } from '../../../crds/schema/internal.ts';
import type { StreamAppSpec } from '../../../crds/schema/stream-app.ts';
import { no, unknown, type Verdict, yes } from '../../kube/conditions.ts';
import type { Fleet } from '../../pods/fleets.ts';
import type { Pod } from '../../pods/pod.ts';
import { type ReadyRules, ready } from '../ready.ts';

export type StreamAppInput = {
  readonly name: string;
  readonly spec: StreamAppSpec;
  /** Undefined = the MediaServer does not exist. */
  readonly fleet: Fleet | undefined;
  readonly pods: readonly Pod[];
};

/** The conditions of a StreamApp. Pure. */
export function streamAppVerdicts(input: StreamAppInput): Verdict[] {
  const findings =
    input.fleet?.rendered?.findings.filter(({ kind, name }) => kind === 'StreamApp' && name === input.name) ?? [];
  const conflict = findings.find(({ reason }) => reason === 'Conflict');
  const broken = findings.find(({ reason }) => reason !== 'Conflict');
  const accepted = acceptance(input, conflict?.message ?? null);
  const resolved = resolvedRefs(input, broken);
  const runs = programmed(input, [accepted, resolved]);
  return [accepted, resolved, runs, keepAlive(input, accepted), ready([runs], READY)];
}

/** The conditions of an app whose MediaServer has a fault and cannot process it. Pure. */
export function heldUpVerdicts(server: string, fault: NonNullable<Fleet['fault']>): Verdict[] {
  const message = `MediaServer "${server}" takes no changes until this is fixed: ${fault.message}`;
  const runs = no('Programmed', fault.reason, message);
  return [unknown('Accepted', fault.reason, message), runs, ready([runs], READY)];
}

/** The conditions of an app that is not valid. Pure. */
export function invalidVerdicts(faults: string): Verdict[] {
  const runs = no('Programmed', 'InvalidSpec', faults);
  return [no('Accepted', 'InvalidSpec', faults), runs, ready([runs], READY)];
}

/** `Programmed` is False if any reference is broken. */
const READY: ReadyRules = { mustBeTrue: ['Programmed'] };

function acceptance({ fleet, spec }: StreamAppInput, conflict: string | null): Verdict {
  const server = spec.mediaServerRef.name;
  if (!fleet) return unknown('Accepted', 'MediaServerNotFound', noSuch(server));
  if (conflict) return no('Accepted', 'Conflict', conflict);
  return yes('Accepted', 'Accepted', `MediaServer "${server}" serves this app`);
}

const noSuch = (server: string): string => `MediaServer "${server}" not found in this namespace`;

function resolvedRefs({ fleet, spec }: StreamAppInput, broken: RenderFinding | undefined): Verdict {
  if (!fleet) return no('ResolvedRefs', 'MediaServerNotFound', noSuch(spec.mediaServerRef.name));
  if (broken) return no('ResolvedRefs', broken.reason, broken.message);
  return yes('ResolvedRefs', 'ResolvedRefs', 'all references are resolved');
}

/** True when all running pods run the app. */
function programmed(input: StreamAppInput, needed: readonly Verdict[]): Verdict {
  const bad = needed.find(({ status }) => status !== 'True');
  if (bad) return no('Programmed', bad.reason, bad.message);
  const { fleet, pods } = input;
  if (!fleet?.rendered) return no('Programmed', 'Pending', 'the config has not been rendered yet');
  const { running, synced } = fleet.inSync(pods);
  if (running === 0) return no('Programmed', 'NoPods', 'no pod is running');
  if (synced < running) return no('Programmed', 'Pending', `${synced} of ${running} running pods run this config`);
  return yes('Programmed', 'Programmed', running === 1 ? '1 pod runs this app' : `${running} pods run this app`);
}

/** Reports the reason that the pods give; see docs/keep-alive.md#which-streams-are-checked. */
function keepAlive({ fleet, spec }: StreamAppInput, accepted: Verdict): Verdict {
  if (accepted.status === 'False') return no('KeepAliveActive', accepted.reason, accepted.message);
  const first = reportOf(fleet, spec.appKey);
  if (!first) return unknown('KeepAliveActive', 'NoPods', 'no pod that runs this app has reported yet');
  const { checked, reason, warning } = first.keepAlive;
  if (!checked) return no('KeepAliveActive', reason ?? 'NotChecked', WHY[reason ?? ''] ?? 'streams are not checked');
  if (warning) return yes('KeepAliveActive', warning, 'restOnError is LOG: a 403 to StreamKeepAliveEvent ends nothing');
  return yes('KeepAliveActive', 'Active', 'the backend is asked about every stream');
}

/** The report of one pod about the app, preferably of a pod that runs the newest config. */
function reportOf(fleet: Fleet | undefined, appKey: string): PodApp | undefined {
  const statuses = fleet?.statuses() ?? [];
  const isCurrent = ({ config }: PodStatus): boolean => config.hash === fleet?.rendered?.hash;
  const ordered = [...statuses.filter(isCurrent), ...statuses.filter((status) => !isCurrent(status))];
  return ordered.flatMap(({ apps }) => apps).find((app) => app.appKey === appKey);
}

const WHY: Readonly<Record<string, string>> = {
  ServerDisabled: 'spec.keepAlive.enabled of the MediaServer is false',
  AppKeyNotListed: 'spec.keepAlive.appKeys of the MediaServer does not list this appKey',
  AppDisabled: 'spec.keepAlive.enabled of this StreamApp is false',
  NoHook: 'this StreamApp has no restHookRef',
  MethodNotListed: 'the RestHook does not list StreamKeepAliveEvent',
  PolicyDisable: 'the RestHook sets restPolicy DISABLE for StreamKeepAliveEvent',
};
