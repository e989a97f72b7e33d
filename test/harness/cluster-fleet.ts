import { ClusterStage } from './cluster-stage.ts';
import type { Json } from './kube.ts';
import type { RtcClient } from './rtc-client.ts';
import { until } from './wait.ts';

export const SLOW = { timeoutMs: 90_000, everyMs: 200 };

/** A MediaServer `live` with three pods that know one another, behind the ingress. */
export class ClusterFleet {
  readonly stage: ClusterStage;

  private constructor(stage: ClusterStage) {
    this.stage = stage;
  }

  static async open(namespace: string): Promise<ClusterFleet> {
    const fleet = new ClusterFleet(await ClusterStage.open(namespace));
    await fleet.stage.live({ replicas: 3 });
    await fleet.ready(3);
    await fleet.#ingressReaches(3);
    return fleet;
  }

  async ready(replicas: number): Promise<void> {
    await until(
      `${replicas} pods are ready and know one another`,
      async () => {
        const { status } = await this.stage.get('mediaserver/live');
        const ready = status.conditions.find(({ type }: Json) => type === 'FleetReady');
        return status.readyReplicas === replicas && status.replicas === replicas && ready.status === 'True';
      },
      SLOW,
    );
  }

  /** Publishes through the ingress, which sends each request to another pod. */
  async publishMany(count: number): Promise<RtcClient[]> {
    const streams: RtcClient[] = [];
    for (let index = 0; index < count; index++) streams.push(await this.stage.publish(`stream-${index}`));
    return streams;
  }

  /** Ends streams until the fleet can say that none is left. */
  async endAll(): Promise<void> {
    await until('nothing is left', async () => (await this.stage.terminate({})) === 404, SLOW);
  }

  /** The ingress controller learns of new pods a moment after they are ready. */
  async #ingressReaches(replicas: number): Promise<void> {
    const seen = new Set<string | undefined>();
    await until(
      'the ingress reaches all pods',
      async () => {
        const { location } = await this.stage.offer('publish', `probe-${seen.size}-${performance.now()}`);
        // The path of a session: whip, app, name, pod, secret.
        if (location !== '') seen.add(new URL(location).pathname.split('/')[4]);
        return seen.size === replicas;
      },
      SLOW,
    );
    await this.stage.leave();
  }
}
