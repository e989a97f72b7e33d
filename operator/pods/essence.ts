import type { PodReport } from './fleets.ts';
import { reachable } from './hook-health.ts';

/** The part of the pods' reports that conditions depend on, without counts. Equal strings mean equal conditions. */
export function essence(reports: ReadonlyMap<string, PodReport>): string {
  return JSON.stringify([...reports].map(([uid, each]) => [uid, essenceOf(each)]));
}

function essenceOf(each: PodReport): unknown {
  if (each.kind === 'failed') return each.kind;
  const { apps, config, draining, fleet, hooks } = each.status;
  const health = hooks.map(({ name, ...report }) => [name, reachable(report).reason, report.saturated]);
  return { config, draining, fleet, health, checked: apps.map(({ appKey, keepAlive }) => [appKey, keepAlive]) };
}
