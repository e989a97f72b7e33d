import type { RenderFinding } from '../../../crds/render/server-config.ts';
import { namesOf, no, unknown, type Verdict, yes } from '../../kube/conditions.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Fleet } from '../../pods/fleets.ts';
import type { Pod } from '../../pods/pod.ts';
import { type ReadyRules, ready } from '../ready.ts';
import { type FleetInput, fleetReady } from './fleet-ready.ts';

/** Why the newest spec cannot be turned into a config; the last good config stays. */
export type Fault = {
  readonly reason: string;
  readonly message: string;
  /** It may pass without a change of the spec, so the operator looks again after a few seconds. */
  readonly isTransient?: true;
};

export type StatusInput = Pick<FleetInput, 'rosterFault'> & {
  readonly replicas: number;
  /** The grace period of new pods, seconds. */
  readonly graceSeconds: number;
  readonly deployment: KubeObject | undefined;
  readonly pods: readonly Pod[];
  /** The pods that capture sources. */
  readonly capturePods: readonly Pod[];
  readonly fleet: Fleet;
  readonly fault: Fault | null;
  /** A child that the API server refused. */
  readonly refused: Fault | null;
  /** A requested feature that is not available, or a host that another MediaServer uses too. */
  readonly missing: Fault | null;
};

type DeploymentStatus = {
  replicas?: number;
  readyReplicas?: number;
  updatedReplicas?: number;
  observedGeneration?: number;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
};

/** The conditions of a MediaServer. Pure. */
export function mediaServerVerdicts(input: StatusInput): Verdict[] {
  return withReady([available(input), progressing(input), configApplied(input), fleetReady(input), degraded(input)]);
}

/** The conditions of a MediaServer whose spec is invalid. Pure. */
export function faultVerdicts(fault: Fault): Verdict[] {
  return withReady([configFault(fault), yes('Degraded', fault.reason, fault.message)]);
}

/** The conditions of a MediaServer that is being deleted: its pods get no new config. Pure. */
export function deletionVerdicts(pods: readonly Pod[]): Verdict[] {
  return withReady([
    no('Available', 'Deleted', 'the pods drain; then all objects are deleted'),
    yes('Progressing', 'Draining', lettingEnd(pods.length, 'pod')),
  ]);
}

/** Old pods that drain run what was specified before; the new ones are there. */
const READY: ReadyRules = {
  mustBeFalse: ['Degraded', 'Progressing'],
  mustBeTrue: ['ConfigApplied', 'Available', 'FleetReady'],
  accepts: ['Draining', 'ScaledToZero', 'NoPods'],
};

const withReady = (verdicts: readonly Verdict[]): Verdict[] => [...verdicts, ready(verdicts, READY)];

const configFault = ({ message, reason }: Fault): Verdict =>
  no('ConfigApplied', reason, `${message}; pods keep the last good config`);

const plural = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

const lettingEnd = (count: number, thing: string): string =>
  `${plural(count, thing)} ${count === 1 ? 'is' : 'are'} draining`;

function available({ deployment, replicas }: StatusInput): Verdict {
  const ready = statusOf(deployment).readyReplicas ?? 0;
  if (replicas === 0) return no('Available', 'ScaledToZero', 'spec.replicas is 0');
  if (ready === 0) return no('Available', 'NoReadyPods', 'no pod takes new streams');
  return yes('Available', 'PodsReady', `${ready} of ${plural(replicas, 'pod')} ready for new streams`);
}

function progressing({ deployment, pods, refused, replicas }: StatusInput): Verdict {
  // The live objects differ from the spec: this must not look like the end of a rollout.
  if (refused) return yes('Progressing', refused.reason, refused.message);
  const { observedGeneration = 0, replicas: made = 0, updatedReplicas = 0 } = statusOf(deployment);
  const draining = pods.filter(({ isDeleting }) => isDeleting).length;
  const running = pods.filter(({ isDeleting, isRunning }) => isRunning && !isDeleting).length;
  const tooMany = Math.max(made, running) - replicas;
  const isBehind = !deployment || observedGeneration < (deployment.metadata.generation ?? 0);
  if (isBehind) return yes('Progressing', 'DeploymentPending', 'the Deployment is being updated');
  if (updatedReplicas < replicas) {
    return yes(
      'Progressing',
      'Rollout',
      `${updatedReplicas} of ${plural(replicas, 'pod')} run the newest pod template`,
    );
  }
  // A new pod counts as soon as it is created; an old pod is deleted once the new one is ready.
  if (tooMany > 0) return yes('Progressing', 'Rollout', `${plural(tooMany, 'pod')} more than desired`);
  if (draining > 0) return yes('Progressing', 'Draining', lettingEnd(draining, 'old pod'));
  return no('Progressing', 'Settled', 'no change is in progress');
}

function configApplied(input: StatusInput): Verdict {
  const { fault, fleet, pods } = input;
  if (fault) return configFault(fault);
  const refusal = refusedConfig(fleet);
  if (refusal) return no('ConfigApplied', refusal.reason, refusal.message);
  const { running, synced } = input.fleet.inSync(input.pods);
  if (running === 0)
    return unknown('ConfigApplied', 'NoPods', 'no pod is running yet; a new pod reads the newest config');
  if (synced === running) return applied(input, running);
  const failed = pods.find(({ isRunning, uid }) => isRunning && fleet.reports.get(uid)?.kind === 'failed');
  const report = failed && fleet.reports.get(failed.uid);
  const why = failed && report?.kind === 'failed' ? `; pod ${failed.name} cannot be reached: ${report.reason}` : '';
  return no('ConfigApplied', 'Pending', `${synced} of ${plural(running, 'running pod')} run this config${why}`);
}

/** A pod keeps the drain timeout that it was created with. */
function applied({ graceSeconds, pods }: StatusInput, running: number): Verdict {
  const runs = running === 1 ? '1 pod runs this config' : `${running} pods run this config`;
  const short = pods.filter((pod) => pod.isRunning && !pod.isDeleting && pod.graceSeconds < graceSeconds);
  if (short.length === 0) return yes('ConfigApplied', 'Applied', runs);
  const names = namesOf(short.map(({ name }) => name));
  const why = `drain.timeout is shorter in ${names}, created before it changed: kubectl rollout restart applies it`;
  return yes('ConfigApplied', 'OldDrainTimeout', `${runs}; ${why}`);
}

function refusedConfig(fleet: Fleet): Fault | null {
  for (const { config, pod } of fleet.statuses()) {
    if (!config.refused || config.refused.hash !== fleet.rendered?.hash) continue;
    return {
      reason: 'Refused',
      message: `pod ${pod} refused the config and keeps the old one: ${config.refused.reason}`,
    };
  }
  return null;
}

function degraded(input: StatusInput): Verdict {
  const { capturePods, deployment, fault, fleet, missing, pods, refused, replicas } = input;
  const ofPods = troubleOf(pods) ?? unmade(deployment) ?? lostPods(input) ?? troubleOf(capturePods);
  const gravest =
    fault ?? refused ?? refusedConfig(fleet) ?? ofPods ?? missing ?? leftOut(fleet.rendered?.findings ?? []);
  if (gravest) return yes('Degraded', gravest.reason, gravest.message);
  const isAwaited = replicas > 0 && !statusOf(deployment).readyReplicas;
  return no('Degraded', 'AsExpected', isAwaited ? 'no pod is ready yet' : 'all is well');
}

function troubleOf(pods: readonly Pod[]): Fault | null {
  const troubled = pods.find(({ trouble }) => trouble !== null);
  if (!troubled?.trouble) return null;
  const { message, reason } = troubled.trouble;
  return { reason: reason || 'PodNotStarting', message: `pod ${troubled.name}: ${message || reason}` };
}

/** No pod is ready and none is about to be: the nodes of the pods have failed, or their probes fail. */
function lostPods({ deployment, pods, replicas }: StatusInput): Fault | null {
  const { readyReplicas = 0, replicas: made = 0 } = statusOf(deployment);
  const [first, ...others] = pods.filter(({ isLost }) => isLost);
  if (!first || replicas === 0 || readyReplicas > 0 || others.length + 1 < made) return null;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return { reason: 'PodNotReady', message: `pod ${first.name} on node ${first.node} is no longer ready${more}` };
}

/** Pods cannot be created: the namespace does not allow them, or a quota is used up. */
function unmade(deployment: KubeObject | undefined): Fault | null {
  const { conditions = [] } = statusOf(deployment);
  const failure = conditions.find(({ status, type }) => type === 'ReplicaFailure' && status === 'True');
  if (!failure) return null;
  return { reason: failure.reason || 'FailedCreate', message: `pods cannot be created: ${failure.message}` };
}

function leftOut([first, ...others]: readonly RenderFinding[]): Fault | null {
  if (!first) return null;
  const { kind, message, name, reason } = first;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return { reason, message: `${kind} "${name}" is left out: ${message}${more}` };
}

/**
 * The status fields beside the conditions and the counts. An operator that has not rendered a config since it started
 * does not know which config pods run, so it leaves those fields as they are.
 */
export function mediaServerNumbers(input: StatusInput): Readonly<Record<string, unknown>> {
  const { deployment, fleet, pods, replicas } = input;
  const { readyReplicas = 0, replicas: made = 0, updatedReplicas = 0 } = statusOf(deployment);
  const { running, synced } = fleet.inSync(pods);
  const ofConfig = fleet.rendered && {
    apps: fleet.rendered.push.config.apps.length,
    configHash: fleet.rendered.hash,
    podsInSync: `${synced}/${running}`,
  };
  return {
    replicas: made,
    readyReplicas,
    updatedReplicas,
    desiredReplicas: replicas,
    ...ofConfig,
    drainingPods: pods.filter(({ isDeleting }) => isDeleting).length,
  };
}

function statusOf(deployment: KubeObject | undefined): DeploymentStatus {
  return (deployment?.['status'] ?? {}) as DeploymentStatus;
}
