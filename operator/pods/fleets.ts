import type { FleetKey } from '../../crds/render/fleet-key.ts';
import type { RenderFinding } from '../../crds/render/server-config.ts';
import type { ConfigPush, PodStatus } from '../../crds/schema/internal.ts';
import { PodClient } from './client.ts';
import type { Pod } from './pod.ts';

/** What the pods of a MediaServer are to run. */
export type Rendered = {
  readonly hash: string;
  readonly push: ConfigPush;
  readonly findings: readonly RenderFinding[];
  /** Generation of each StreamApp that has been looked at, by name. */
  readonly apps: ReadonlyMap<string, number>;
};

/** What a pod has said last. */
export type PodReport =
  | { readonly kind: 'answered'; readonly status: PodStatus }
  | { readonly kind: 'failed'; readonly reason: string };

/** What is known of the pods of one MediaServer, and how they are asked. Nothing of it outlives the operator. */
export class Fleet {
  rendered: Rendered | null = null;
  /** Why the newest spec is not what the pods are to run; null = it is. */
  fault: { readonly reason: string; readonly message: string } | null = null;
  /** What apps and hooks were told last, to tell them of news only. */
  told = '';
  /** By pod uid. */
  readonly reports = new Map<string, PodReport>();
  #client: { readonly key: FleetKey; readonly client: PodClient } | null = null;

  /** The client with this key; one with an older key is closed. */
  use(key: FleetKey): PodClient {
    const known = this.#client;
    if (known && isSame(known.key, key)) return known.client;
    void this.close();
    const client = new PodClient(key);
    this.#client = { key, client };
    return client;
  }

  /** null before the first key is known. */
  get client(): PodClient | null {
    return this.#client?.client ?? null;
  }

  /** The one that pods are asked with; null before the first is known. */
  get key(): FleetKey | null {
    return this.#client?.key ?? null;
  }

  /** Forgets what other pods have said. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.reports.keys()) if (!uids.has(uid)) this.reports.delete(uid);
  }

  /** The answers of the pods. */
  statuses(): PodStatus[] {
    return [...this.reports.values()].flatMap((report) => (report.kind === 'answered' ? [report.status] : []));
  }

  /** Whether all running pods have answered when they were asked last. */
  isHeard(pods: readonly Pod[]): boolean {
    return pods.every(({ isRunning, uid }) => !isRunning || this.reports.get(uid)?.kind === 'answered');
  }

  /** Running pods, those that drain included, that run the newest config. */
  inSync(pods: readonly Pod[]): { readonly synced: number; readonly running: number } {
    const running = pods.filter(({ isRunning }) => isRunning);
    const synced = running.filter(({ uid }) => {
      const report = this.reports.get(uid);
      return report?.kind === 'answered' && report.status.config.hash === this.rendered?.hash;
    });
    return { synced: synced.length, running: running.length };
  }

  /** At once: while the connections of the old client end, there may be a new one. */
  async close(): Promise<void> {
    const old = this.#client;
    this.#client = null;
    await old?.client.close();
  }
}

const isSame = (one: FleetKey, other: FleetKey): boolean =>
  one.identity === other.identity && one.key.equals(other.key);

/** All fleets by the key of their MediaServer. */
export class Fleets {
  readonly #fleets = new Map<string, Fleet>();

  of(key: string): Fleet {
    const known = this.#fleets.get(key);
    if (known) return known;
    const fleet = new Fleet();
    this.#fleets.set(key, fleet);
    return fleet;
  }

  find(key: string): Fleet | undefined {
    return this.#fleets.get(key);
  }

  entries(): Iterable<[string, Fleet]> {
    return this.#fleets.entries();
  }

  async forget(key: string): Promise<void> {
    const fleet = this.#fleets.get(key);
    this.#fleets.delete(key);
    await fleet?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#fleets.keys()].map((key) => this.forget(key)));
  }
}
