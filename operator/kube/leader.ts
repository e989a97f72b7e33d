import { type Clock, sleep } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { isConflict, isNotFound } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { type KubeObject, pathOf, TYPES } from './objects.ts';

export type LeaderOptions = {
  readonly namespace: string;
  readonly name: string;
  /** This replica's name, different at each start. */
  readonly identity: string;
  readonly timing?: Partial<LeaderTiming>;
};

export type LeaderTiming = {
  /** How long after its last renewal the lease cannot be taken. */
  readonly leaseMs: number;
  /** How long a leader writes without a renewal. Less than `leaseMs`, so that it stops before the lease expires. */
  readonly renewWithinMs: number;
  readonly retryMs: number;
};

const TIMING: LeaderTiming = { leaseMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 };

type LeaseSpec = {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
};

/**
 * Leader election on a Lease, as in client-go. `isLeader` becomes false as soon as a renewal is overdue. A write that
 * starts while it is true and ends within `leadsForMs` cannot overlap with a write of a new leader.
 */
export class LeaderElection {
  readonly #client: KubeClient;
  readonly #options: LeaderOptions;
  readonly #timing: LeaderTiming;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** The last lease version seen, and when by our own clock; the clocks of other replicas are not trusted. */
  #seen = { version: '', at: 0 };

  constructor(client: KubeClient, options: LeaderOptions, clock: Clock, log: Log) {
    this.#client = client;
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#clock = clock;
    this.#log = log;
  }

  get isLeader(): boolean {
    return this.#clock.monotonic() - this.#renewedAt < this.#timing.renewWithinMs;
  }

  /** How long no other replica can take the lease, milliseconds; 0 = this replica does not lead. */
  get leadsForMs(): number {
    return this.isLeader ? this.#renewedAt + this.#timing.leaseMs - this.#clock.monotonic() : 0;
  }

  /** Runs until `stop`. Calls `onLead` when this replica starts to lead, and `onLost` when it no longer leads. */
  start(onLead: () => void, onLost: () => void): void {
    this.#running = this.#run(onLead, onLost);
  }

  /** Releases the lease, so that another replica need not wait for it to expire. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    if (this.isLeader) await this.#release().catch(() => undefined);
    this.#renewedAt = Number.NEGATIVE_INFINITY;
  }

  async #run(onLead: () => void, onLost: () => void): Promise<void> {
    const { signal } = this.#stopped;
    let leads = false;
    while (!signal.aborted) {
      await this.#tryOnce();
      // `stop` releases a lease that was taken meanwhile.
      if (signal.aborted) return;
      if (this.isLeader !== leads) {
        leads = this.isLeader;
        this.#tell(leads, leads ? onLead : onLost);
      }
      await sleep(this.#clock, this.#timing.retryMs, signal);
    }
  }

  #tell(leads: boolean, listener: () => void): void {
    const { identity } = this.#options;
    this.#log.info({ identity }, leads ? 'this replica leads' : 'this replica no longer leads');
    listener();
  }

  async #tryOnce(): Promise<void> {
    const startedAt = this.#clock.monotonic();
    try {
      const lease = await this.#read();
      if (lease && !this.#mayTake(lease)) return;
      await this.#write(lease);
      // The time before the request, because the server may have handled it immediately.
      this.#renewedAt = startedAt;
    } catch (error) {
      if (!isConflict(error)) this.#log.warn({ reason: String(error) }, 'the lease could not be renewed');
    }
  }

  #mayTake(lease: KubeObject): boolean {
    const spec = (lease['spec'] ?? {}) as LeaseSpec;
    const version = lease.metadata.resourceVersion ?? '';
    if (version !== this.#seen.version) this.#seen = { version, at: this.#clock.monotonic() };
    if (!spec.holderIdentity || spec.holderIdentity === this.#options.identity) return true;
    return this.#clock.monotonic() - this.#seen.at > (spec.leaseDurationSeconds ?? 15) * 1000;
  }

  async #read(): Promise<KubeObject | null> {
    const { name, namespace } = this.#options;
    try {
      return await this.#client.call<KubeObject>('GET', pathOf(TYPES.Lease, namespace, name), this.#call());
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  async #write(lease: KubeObject | null): Promise<void> {
    const { identity, name, namespace } = this.#options;
    const now = microTime(this.#clock.now());
    const before = (lease?.['spec'] ?? {}) as LeaseSpec;
    const isOurs = before.holderIdentity === identity;
    const spec: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1000),
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (lease && !isOurs ? 1 : 0),
    };
    await this.#put(lease, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace },
      spec,
    });
  }

  /** Writes with the resource version that was read, so that only one of two concurrent replicas succeeds. */
  async #put(lease: KubeObject | null, wanted: KubeObject): Promise<void> {
    const { name, namespace } = this.#options;
    const { resourceVersion } = lease?.metadata ?? {};
    const body = { ...wanted, metadata: { ...wanted.metadata, ...(resourceVersion ? { resourceVersion } : {}) } };
    if (lease) await this.#client.call('PUT', pathOf(TYPES.Lease, namespace, name), { ...this.#call(), body });
    else await this.#client.call('POST', pathOf(TYPES.Lease, namespace), { ...this.#call(), body });
  }

  async #release(): Promise<void> {
    const lease = await this.#read();
    const spec = (lease?.['spec'] ?? {}) as LeaseSpec;
    if (!lease || spec.holderIdentity !== this.#options.identity) return;
    await this.#put(lease, { ...lease, spec: { ...spec, holderIdentity: '' } });
  }

  /** A call must not outlast the leadership that it extends. */
  #call(): { signal: AbortSignal } {
    return { signal: AbortSignal.timeout(this.#timing.renewWithinMs / 2) };
  }
}

/** `metav1.MicroTime`. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '000Z');
