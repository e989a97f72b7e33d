import { POLARITY } from '../status/polarity.ts';
import { type Advice, adviceFor, CAPTURE_ADVICE } from './advice.ts';
import type { AnyObject, Condition } from './objects.ts';

export type Finding = {
  /** A problem needs somebody; a note passes by itself, or is what somebody asked for. */
  readonly severity: 'problem' | 'note';
  readonly kind: string;
  readonly name: string;
  /** Other objects of this kind with the same finding, which are not told again. */
  readonly others: readonly string[];
  /** `Degraded=True`. */
  readonly condition: string;
  readonly reason: string;
  readonly message: string;
  readonly advice: Advice | null;
};

/** What is passing, or expected of a new object, becomes a problem when it has not passed after this time. */
const PATIENCE_MS = 60_000;

/** Conditions that are no fault, but change what happens to streams: `type=status` with the reasons. */
const NOTES: Readonly<Record<string, readonly string[]>> = {
  'Progressing=True': ['DeploymentPending', 'Rollout', 'Draining'],
  'ConfigApplied=True': ['OldDrainTimeout'],
  'Failed=True': ['EmptyFilterRefused'],
  'Reachable=True': ['SomeFail'],
  'Capturing=False': ['Idle'],
  'KeepAliveActive=True': ['RefusalOnlyLogged'],
  'KeepAliveActive=False': ['AppKeyNotListed', 'NoHook', 'MethodNotListed', 'PolicyDisable'],
};

type Kinded = { readonly kind: string; readonly object: AnyObject };

/** What the conditions of objects say is wrong, each fact once. Pure. */
export function findingsOf(objects: readonly Kinded[], now: number): Finding[] {
  const all = objects.flatMap((each) => [...unobserved(each, now), ...ofConditions(each, now)]);
  return all
    .filter((finding, index) => !all.some((other, at) => at !== index && tells(other, finding, at < index)))
    .map((finding) => ({ ...finding, others: othersOf(finding, all) }));
}

function othersOf({ kind, message, name, reason, severity }: Finding, all: readonly Finding[]): string[] {
  const same = all.filter((each) => each.kind === kind && each.severity === severity && each.reason === reason);
  const names = same.filter((each) => each.message === message).map((each) => each.name);
  return [...new Set(names)].filter((each) => each !== name);
}

/** Whether `other` says what `finding` says. A MediaServer repeats the faults of its apps, with words around them. */
function tells(other: Finding, finding: Finding, isEarlier: boolean): boolean {
  if (other.severity !== finding.severity || other.reason !== finding.reason) return false;
  if (other.message === finding.message) return isEarlier;
  return finding.message.includes(other.message);
}

function ofConditions({ kind, object }: Kinded, now: number): Finding[] {
  const conditions = object.status?.conditions ?? [];
  const isRefused = conditions.some(({ status, type }) => type === 'Accepted' && status === 'False');
  return conditions.flatMap((condition) => {
    // It repeats why the object is not accepted.
    if (isRefused && condition.type === 'Capturing') return [];
    const severity = severityOf(condition, now);
    return severity === null ? [] : [findingOf(kind, object, condition, severity)];
  });
}

const findingOf = (
  kind: string,
  { metadata }: AnyObject,
  { message, reason, status, type }: Omit<Condition, 'lastTransitionTime'>,
  severity: Finding['severity'],
): Finding => ({
  severity,
  kind,
  name: metadata.name,
  others: [],
  condition: `${type}=${status}`,
  reason,
  message,
  advice: kind === 'StreamCapture' ? CAPTURE_ADVICE : adviceFor(reason, message),
});

function severityOf(condition: Condition, now: number): Finding['severity'] | null {
  const { reason, status, type } = condition;
  if (NOTES[`${type}=${status}`]?.includes(reason)) return 'note';
  if (type === 'Programmed') return ofProgrammed(condition, now);
  const polarity = POLARITY[type];
  // Failed says it for Complete.
  if (!polarity || polarity.bad !== status || type === 'Complete') return null;
  if (polarity.asked?.includes(reason)) return 'note';
  const passes = [...(polarity.passing ?? []), ...(polarity.atFirst ?? [])].includes(reason);
  return passes && isYoung(condition, now) ? 'note' : 'problem';
}

/** A StreamApp has no other condition for an app that pods do not run. */
function ofProgrammed(condition: Condition, now: number): Finding['severity'] | null {
  if (condition.status !== 'False') return null;
  const passes = condition.reason === 'NoPods' || (condition.reason === 'Pending' && isYoung(condition, now));
  return passes ? 'note' : 'problem';
}

const isYoung = ({ lastTransitionTime = '' }: Condition, now: number): boolean =>
  now - (Date.parse(lastTransitionTime) || 0) < PATIENCE_MS;

/** The operator writes each status within seconds; one that lags tells that nobody does. */
function unobserved({ kind, object }: Kinded, now: number): Finding[] {
  const { metadata, status } = object;
  const conditions = status?.conditions ?? [];
  const isNew = now - (Date.parse(metadata.creationTimestamp ?? '') || 0) < PATIENCE_MS;
  if (conditions.length === 0) {
    const message = 'the operator has not written a status';
    const condition = { type: 'Ready', status: 'Unknown', reason: 'NotObserved', message };
    return [findingOf(kind, object, condition, isNew ? 'note' : 'problem')];
  }
  const seen = (status as { observedGeneration?: number }).observedGeneration ?? Infinity;
  const [first] = conditions;
  if (!first || seen >= (metadata.generation ?? 0)) return [];
  const message = 'the operator has not looked at the newest spec yet; the status describes the old one';
  return [findingOf(kind, object, { ...first, reason: 'NotObserved', message }, 'note')];
}
