import { pino } from 'pino';
import { readConfig } from '../../operator/config.ts';
import { Manager } from '../../operator/manager.ts';
import { OperatorMetrics } from '../../operator/metrics.ts';
import { fastClock } from '../builders/fast-clock.ts';
import type { Api } from './api.ts';
import type { ApiProxy } from './api-proxy.ts';
import { SYSTEM } from './kube.ts';

/** An operator in the process of the test, for one namespace, behind a proxy that fails on demand. */
export class OwnOperator {
  readonly proxy: ApiProxy;
  readonly #manager: Manager;

  private constructor(proxy: ApiProxy, manager: Manager) {
    this.proxy = proxy;
    this.#manager = manager;
  }

  /** `factor` speeds up its clock. `image` is the default image of media servers. */
  static async start(
    api: Api,
    namespace: string,
    { factor = 1, image = api.kube.target.image } = {},
  ): Promise<OwnOperator> {
    const { client, proxy } = await api.through();
    const config = readConfig(['--image', image, '--watch-namespaces', namespace, '--no-leader-election'], {});
    const log = pino({ level: 'silent' });
    const manager = new Manager({ config, client, metrics: new OperatorMetrics(), clock: fastClock(factor), log });
    await manager.watch();
    await manager.lead();
    return new OwnOperator(proxy, manager);
  }

  /** The number of MediaServers that another operator manages. */
  get foreign(): number {
    return this.#manager.foreign();
  }

  stop(): Promise<void> {
    return this.#manager.stop();
  }
}

/** Scales the operator of the chart to zero, since two operators would do the same work. Returns how to undo it. */
export async function withoutChartOperator(api: Api): Promise<() => Promise<void>> {
  const scale = (replicas: number) =>
    api.kube.kubectl(['-n', SYSTEM, 'scale', 'deployment/sluice', `--replicas=${replicas}`]);
  await scale(0);
  const pods = ['-n', SYSTEM, 'wait', 'pod', '-l', 'app.kubernetes.io/name=sluice-operator'];
  await api.kube.kubectl([...pods, '--for=delete', '--timeout=60s'], { timeoutMs: 70_000 });
  return async () => {
    await scale(2);
    await api.kube.kubectl(['-n', SYSTEM, 'rollout', 'status', 'deployment/sluice', '--timeout=60s']);
  };
}
