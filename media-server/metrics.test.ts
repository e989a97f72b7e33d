import { describe, expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

describe('Metrics', () => {
  it('has no label for an app that does not exist', async () => {
    const metrics = new Metrics((appKey) => appKey === 'defaultApp');
    metrics.streamStarted('defaultApp', 'publish', 'started');
    metrics.streamStarted('x'.repeat(1000), 'publish', 'unknown_app');
    const text = await metrics.registry.metrics();
    expect(text).toContain('sluice_stream_starts_total{app="defaultApp",direction="publish",result="started"} 1');
    expect(text).toContain('sluice_stream_starts_total{app="unknown",direction="publish",result="unknown_app"} 1');
    expect(text).not.toContain('xxx');
  });

  it('reads gauges at each scrape, and forgets apps that no longer have any', async () => {
    const metrics = new Metrics(() => true);
    const streams = [{ appKey: 'a', direction: 'play' as const }];
    metrics.observe({
      streams: () => streams,
      sessions: () => [{ kind: 'whip' as const }, { kind: 'whip' as const }],
      keepAlive: () => ({ subjects: 3, overdueSeconds: 1.5 }),
      workers: async () => [{ index: 0, pid: 1, legs: 2, cpuSeconds: 4 }],
      draining: () => true,
      receiveDrops: async () => 3,
      pipes: () => ({ incoming: 2, outgoing: 1 }),
    });
    const before = await metrics.registry.metrics();
    expect(before).toContain('sluice_streams{app="a",direction="play"} 1');
    for (const line of [
      'sluice_sessions{kind="whip"} 2',
      'sluice_sessions{kind="whep"} 0',
      'sluice_keepalive_subject_streams 3',
      'sluice_keepalive_overdue_seconds 1.5',
      'sluice_worker_transports{worker="0"} 2',
      'sluice_worker_cpu_seconds_total{worker="0"} 4',
      'sluice_draining 1',
    ]) {
      expect(before).toContain(line);
    }
    streams.pop();
    expect(await metrics.registry.metrics()).not.toContain('app="a"');
  });

  it('keeps counting the CPU time of a worker that restarts or does not answer', async () => {
    const metrics = new Metrics(() => true);
    const readings = [
      { pid: 1, cpuSeconds: 4 },
      { pid: 1, cpuSeconds: 0 },
      { pid: 1, cpuSeconds: 5 },
      { pid: 2, cpuSeconds: 1 },
      { pid: 2, cpuSeconds: 3 },
    ];
    let reading = readings[0];
    metrics.observe({
      streams: () => [],
      sessions: () => [],
      keepAlive: () => ({ subjects: 0, overdueSeconds: 0 }),
      workers: async () => (reading ? [{ index: 0, legs: 0, ...reading }] : []),
      draining: () => false,
      receiveDrops: async () => 3,
      pipes: () => ({ incoming: 2, outgoing: 1 }),
    });
    const counted: string[] = [];
    for (reading of [...readings, undefined]) {
      const text = await metrics.registry.metrics();
      counted.push(/^sluice_worker_cpu_seconds_total\{worker="0"\} (\S+)$/m.exec(text)?.[1] ?? '');
    }
    expect(counted).toEqual(['4', '4', '5', '6', '8', '8']);
    expect(await metrics.registry.metrics()).toContain('# TYPE sluice_worker_cpu_seconds_total counter');
  });

  it('shows the one config that runs', async () => {
    const metrics = new Metrics(() => true);
    metrics.configApplied('one');
    metrics.configApplied('two');
    metrics.configRefused();
    const text = await metrics.registry.metrics();
    expect(text).toContain('sluice_config_info{hash="two"} 1');
    expect(text).not.toContain('hash="one"');
    expect(text).toContain('sluice_config_last_reload_successful 0');
  });
});
