import { Counter, Gauge, Histogram } from 'prom-client';
import { newRegistry } from '../process/default-metrics.ts';
import type { ReconcileOutcome } from './runtime/controller.ts';
import type { QueueObserver } from './runtime/workqueue.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics use the names and labels of controller-runtime, so that its dashboards and alerts work. */
export class OperatorMetrics {
  readonly registry = newRegistry();
  readonly #reconciles: Counter<'controller' | 'result'>;
  readonly #errors: Counter<'controller'>;
  readonly #seconds: Histogram<'controller'>;
  readonly #adds: Counter<'name'>;
  readonly #retries: Counter<'name'>;
  readonly #waits: Histogram<'name'>;
  readonly #requests: Counter<'code' | 'method'>;

  constructor() {
    const registers = [this.registry];
    this.#reconciles = new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciles by result: success, error, requeue_after',
      labelNames: ['controller', 'result'],
      registers,
    });
    this.#errors = new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Reconciles that failed',
      labelNames: ['controller'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Duration of a reconcile',
      labelNames: ['controller'],
      buckets: SECONDS,
      registers,
    });
    this.#adds = new Counter({ name: 'workqueue_adds_total', help: 'Keys added', labelNames: ['name'], registers });
    this.#retries = new Counter({
      name: 'workqueue_retries_total',
      help: 'Keys added after a failure',
      labelNames: ['name'],
      registers,
    });
    this.#waits = new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'Time that a key waited in the queue',
      labelNames: ['name'],
      buckets: SECONDS,
      registers,
    });
    this.#requests = new Counter({
      name: 'rest_client_requests_total',
      help: 'Requests to the API server by status code and method',
      labelNames: ['code', 'method'],
      registers,
    });
  }

  readonly request = (method: string, code: string): void => this.#requests.inc({ method, code });

  queue(name: string): QueueObserver {
    this.#adds.inc({ name }, 0);
    this.#retries.inc({ name }, 0);
    return {
      added: () => this.#adds.inc({ name }),
      retried: () => this.#retries.inc({ name }),
      waited: (seconds) => this.#waits.observe({ name }, seconds),
    };
  }

  reconciled(controller: string, result: ReconcileOutcome, seconds: number): void {
    this.#reconciles.inc({ controller, result });
    this.#seconds.observe({ controller }, seconds);
    if (result === 'error') this.#errors.inc({ controller });
  }

  /** Registers gauges whose sources are read at each scrape. */
  observe(sources: {
    readonly depths: () => Readonly<Record<string, number>>;
    readonly leads: () => boolean;
    readonly leaseName: string;
    readonly foreign: () => number;
    readonly conditions: () => Readonly<Record<string, number>>;
    readonly captures: () => Readonly<Record<string, number>>;
  }): void {
    const registers = [this.registry];
    new Gauge({
      name: 'workqueue_depth',
      help: 'Keys waiting in the queue',
      labelNames: ['name'],
      registers,
      collect() {
        for (const [name, depth] of Object.entries(sources.depths())) this.set({ name }, depth);
      },
    });
    new Gauge({
      name: 'leader_election_master_status',
      help: '1 = this replica leads',
      labelNames: ['name'],
      registers,
      collect() {
        this.set({ name: sources.leaseName }, sources.leads() ? 1 : 0);
      },
    });
    new Gauge({
      name: 'sluice_mediaservers_foreign',
      help: 'MediaServers that another operator manages',
      registers,
      collect() {
        this.set(sources.foreign());
      },
    });
    new Gauge({
      name: 'sluice_mediaservers',
      help: 'MediaServers of this operator by condition that is True',
      labelNames: ['condition'],
      registers,
      collect() {
        this.reset();
        for (const [condition, count] of Object.entries(sources.conditions())) this.set({ condition }, count);
      },
    });
    new Gauge({
      name: 'sluice_streamcaptures',
      help: 'StreamCaptures of this operator by the reason of the condition Capturing',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of Object.entries(sources.captures())) this.set({ reason }, count);
      },
    });
  }
}
