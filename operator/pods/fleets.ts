import type { FleetKey } from '../../crds/render/fleet-key.ts';
import type { RenderFinding } from '../../crds/render/server-config.ts';
import type { ConfigPush, PodStatus, Roster } from '../../crds/schema/internal.ts';
import { CapturePods } from './capture-pods.ts';
import { PodClient } from './client.ts';
import { Keyed } from './keyed.ts';
import type { Pod } from './pod.ts';
import type { ScaleState } from './scale.ts';

/** The config that the pods of a MediaServer should run. */
export type Rendered = {
  readonly hash: string;
  readonly push: ConfigPush;
  readonly findings: readonly RenderFinding[];
  /** The generation of each StreamApp that has been processed, by name. */
  readonly apps: ReadonlyMap<string, number>;
};

/** The result of the last call to a pod. */
export type PodReport =
  | { readonly kind: 'answered'; readonly status: PodStatus }
  | { readonly kind: 'failed'; readonly reason: string };

/** The state of the pods of one MediaServer and the client that calls them. It is lost when the operator restarts. */
export class Fleet {
  rendered: Rendered | null = null;
  /** The newest roster that was written; null until this operator has read or written one. */
  roster: Roster | null = null;
  /** The newest decision of autoscaling; null = none. */
  scaling: ScaleState | null = null;
  /** Pods that take no new streams, because they are to be removed, by uid. */
  cordoned: ReadonlySet<string> = new Set();
  /** Why the newest spec is not applied; null = it is. */
  fault: { readonly reason: string; readonly message: string } | null = null;
  /** The state that apps and hooks were last queued for; they are queued again only when it changes. */
  told = '';
  /** By pod uid. */
  readonly reports = new Map<string, PodReport>();
  readonly captures = new CapturePods();
  readonly #keyed = new Keyed((key) => new PodClient(key));

  /** Returns the client with this key and closes a client with another key. */
  use(key: FleetKey): PodClient {
    return this.#keyed.use(key);
  }

  /** null until the first key is known. */
  get client(): PodClient | null {
    return this.#keyed.client;
  }

  /** The key of the client; null until the first key is known. */
  get key(): FleetKey | null {
    return this.#keyed.key;
  }

  /** Drops the reports of all other pods. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.reports.keys()) if (!uids.has(uid)) this.reports.delete(uid);
  }

  /** The statuses of the pods that answered. */
  statuses(): PodStatus[] {
    return [...this.reports.values()].flatMap((report) => (report.kind === 'answered' ? [report.status] : []));
  }

  /** Whether all running pods answered the last call. */
  isHeard(pods: readonly Pod[]): boolean {
    return pods.every(({ isRunning, uid }) => !isRunning || this.reports.get(uid)?.kind === 'answered');
  }

  /** How many of the running pods, draining ones included, run the newest config. */
  inSync(pods: readonly Pod[]): { readonly synced: number; readonly running: number } {
    const running = pods.filter(({ isRunning }) => isRunning);
    const synced = running.filter(({ uid }) => {
      const report = this.reports.get(uid);
      return report?.kind === 'answered' && report.status.config.hash === this.rendered?.hash;
    });
    return { synced: synced.length, running: running.length };
  }

  async close(): Promise<void> {
    await Promise.all([this.#keyed.close(), this.captures.close()]);
  }
}

/** All fleets, by key of the MediaServer. */
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
