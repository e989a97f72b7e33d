import type { PodReport } from './fleets.ts';
import { reachable } from './hook-health.ts';

/** What conditions are made of, of what pods have said; counts are not. Two that are equal tell the same. */
export function essence(reports: ReadonlyMap<string, PodReport>): string {
  return JSON.stringify([...reports].map(([uid, each]) => [uid, essenceOf(each)]));
}

function essenceOf(each: PodReport): unknown {
  if (each.kind === 'failed') return each.kind;
  const { apps, config, draining, hooks } = each.status;
  const health = hooks.map(({ name, ...report }) => [name, reachable(report).reason, report.saturated]);
  return { config, draining, health, checked: apps.map(({ appKey, keepAlive }) => [appKey, keepAlive]) };
}
