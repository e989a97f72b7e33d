import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges that promtool takes for counters because of their names. Each is the sum of a gauge with a label. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Creates a registry with the default metrics of the process. */
export function newRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}
