import { beforeEach, describe, expect, it } from 'vitest';
import { OperatorMetrics } from './metrics.ts';

describe('OperatorMetrics', () => {
  let metrics: OperatorMetrics;

  beforeEach(() => {
    metrics = new OperatorMetrics();
  });

  /** The samples of our own metrics, without comments and the metrics of Node. */
  async function samples(): Promise<string[]> {
    const text = await metrics.registry.metrics();
    return text.split('\n').filter((line) => line !== '' && !/^(#|process_|nodejs_)/.test(line));
  }

  it('counts reconciles by controller and result, and errors separately', async () => {
    metrics.reconciled('mediaserver', 'success', 0.2);
    metrics.reconciled('mediaserver', 'requeue_after', 0.2);
    metrics.reconciled('streamapp', 'error', 7);
    const lines = await samples();
    expect(lines.filter((line) => !line.includes('_time_seconds'))).toEqual([
      'controller_runtime_reconcile_total{controller="mediaserver",result="success"} 1',
      'controller_runtime_reconcile_total{controller="mediaserver",result="requeue_after"} 1',
      'controller_runtime_reconcile_total{controller="streamapp",result="error"} 1',
      'controller_runtime_reconcile_errors_total{controller="streamapp"} 1',
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'controller_runtime_reconcile_time_seconds_bucket{le="0.1",controller="mediaserver"} 0',
        'controller_runtime_reconcile_time_seconds_bucket{le="0.25",controller="mediaserver"} 2',
        'controller_runtime_reconcile_time_seconds_sum{controller="mediaserver"} 0.4',
        'controller_runtime_reconcile_time_seconds_count{controller="streamapp"} 1',
      ]),
    );
  });

  it('counts the keys of a queue, from zero', async () => {
    const queue = metrics.queue('mediaserver');
    expect(await samples()).toEqual([
      'workqueue_adds_total{name="mediaserver"} 0',
      'workqueue_retries_total{name="mediaserver"} 0',
    ]);
    queue.added();
    queue.added();
    queue.retried();
    queue.waited(0.3);
    expect(await samples()).toEqual(
      expect.arrayContaining([
        'workqueue_adds_total{name="mediaserver"} 2',
        'workqueue_retries_total{name="mediaserver"} 1',
        'workqueue_queue_duration_seconds_sum{name="mediaserver"} 0.3',
        'workqueue_queue_duration_seconds_count{name="mediaserver"} 1',
      ]),
    );
  });

  it('counts requests to the API server by status code and method', async () => {
    metrics.request('GET', '200');
    metrics.request('PATCH', '<error>');
    expect(await samples()).toEqual([
      'rest_client_requests_total{method="GET",code="200"} 1',
      'rest_client_requests_total{method="PATCH",code="<error>"} 1',
    ]);
  });

  it('reads gauges at each scrape', async () => {
    let [depth, leads, available] = [3, false, 1];
    metrics.observe({
      depths: () => ({ mediaserver: depth, streamapp: 0 }),
      leads: () => leads,
      leaseName: 'sluice-operator',
      foreign: () => 2,
      conditions: () => ({ Available: available, Degraded: 0 }),
      captures: () => ({ Connected: 3, Unreachable: 1 }),
    });
    expect(await samples()).toEqual([
      'workqueue_depth{name="mediaserver"} 3',
      'workqueue_depth{name="streamapp"} 0',
      'leader_election_master_status{name="sluice-operator"} 0',
      'sluice_mediaservers_foreign 2',
      'sluice_mediaservers{condition="Available"} 1',
      'sluice_mediaservers{condition="Degraded"} 0',
      'sluice_streamcaptures{reason="Connected"} 3',
      'sluice_streamcaptures{reason="Unreachable"} 1',
    ]);
    [depth, leads, available] = [0, true, 0];
    expect(await samples()).toEqual(
      expect.arrayContaining([
        'workqueue_depth{name="mediaserver"} 0',
        'leader_election_master_status{name="sluice-operator"} 1',
        'sluice_mediaservers{condition="Available"} 0',
      ]),
    );
  });

  it('includes the metrics of Node', async () => {
    expect(await metrics.registry.metrics()).toContain('nodejs_eventloop_lag_seconds');
  });
});
