import { Counter, Gauge, Histogram } from 'prom-client';
import type { EndCause } from '../crds/schema/end-causes.ts';
import type { HookMethod } from '../crds/schema/hook-methods.ts';
import type { Direction } from '../crds/schema/stream.ts';
import { newRegistry } from '../process/default-metrics.ts';
import type { CheckResult } from './keepalive/verdict.ts';
import type { WorkerInfo } from './media/media.ts';
import type { WorkerPart } from './media/worker-error.ts';
import type { Rejection } from './sessions/requests.ts';
import type { SessionKind } from './streams/session.ts';
import type { Closing } from './websdk/closings.ts';
import type { MessageResult } from './websdk/conversation.ts';
import type { MessageName } from './websdk/messages/table.ts';
import type { UpgradeRefusal } from './websdk/upgrades.ts';

/** Values that are read at each scrape. */
export type MetricSources = {
  readonly streams: () => Iterable<{ readonly appKey: string; readonly direction: Direction }>;
  readonly sessions: () => Iterable<{ readonly kind: SessionKind }>;
  readonly keepAlive: () => { readonly subjects: number; readonly overdueSeconds: number };
  readonly workers: () => Promise<readonly WorkerInfo[]>;
  readonly draining: () => boolean;
  readonly receiveDrops: () => Promise<number>;
  readonly pipes: () => { readonly incoming: number; readonly outgoing: number };
};

const FAST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Kinds that every media server has. The dashboard finds media servers by their series. */
const ALWAYS_SHOWN: readonly SessionKind[] = ['whip', 'whep'];

/** All metrics of a media server, in a registry of its own. Names and labels: docs/metrics.md. */
export class Metrics {
  readonly registry = newRegistry();
  /** A label may only name an app that exists; requests for others are counted under `unknown`. */
  readonly #isApp: (appKey: string) => boolean;
  readonly #starts = this.#counter('sluice_stream_starts_total', 'Requests to publish or play', [
    'app',
    'direction',
    'result',
  ]);
  readonly #ends = this.#counter('sluice_stream_ends_total', 'Streams that ended', ['app', 'direction', 'cause']);
  readonly #terminations = this.#histogram(
    'sluice_termination_duration_seconds',
    'Time from the order to end a stream until its transport is closed',
    ['cause'],
  );
  readonly #terminateRequests = this.#counter(
    'sluice_terminate_requests_total',
    'Calls of /stream/terminate and /connection/terminate',
    ['scope', 'result'],
  );
  readonly #peerRequests = this.#counter('sluice_peer_requests_total', 'Calls to other pods of the fleet', [
    'peer_op',
    'result',
  ]);
  readonly #claimsUnanswered = this.#counter(
    'sluice_claims_unanswered_total',
    'Pods that could not be asked whether a stream name or an id is in use',
    [],
  );
  readonly #pipeFailures = this.#counter(
    'sluice_pipe_failures_total',
    'Streams that could not be fetched from another pod',
    [],
  );
  readonly #checks = this.#counter('sluice_keepalive_checks_total', 'Keep-alive checks by result', ['app', 'result']);
  readonly #hookRequests = this.#counter('sluice_hook_requests_total', 'Calls to backends', [
    'app',
    'method',
    'result',
  ]);
  readonly #hookDurations = this.#histogram('sluice_hook_request_duration_seconds', 'Duration of calls to backends', [
    'method',
  ]);
  readonly #hookDrops = this.#counter(
    'sluice_hook_queue_dropped_total',
    'Events that were dropped before delivery',
    [],
  );
  readonly #ignored = this.#counter(
    'sluice_hook_config_ignored_total',
    'Fields of restClientConfig that were ignored',
    ['app'],
  );
  readonly #joins = this.#histogram(
    'sluice_join_duration_seconds',
    'Time from the POST or the message of a client until its transport is connected',
    ['direction'],
  );
  readonly #rtpBytes = this.#counter('sluice_rtp_bytes_total', 'RTP bytes received or sent', ['direction']);
  readonly #workerDeaths = this.#counter('sluice_worker_deaths_total', 'mediasoup workers that died', []);
  readonly #workerErrors = this.#counter('sluice_worker_errors_total', 'Errors that mediasoup workers reported', [
    'part',
  ]);
  readonly #webSdkMessages = this.#counter('sluice_websdk_messages_total', 'Messages of pages that use the Web SDK', [
    'message',
    'result',
  ]);
  readonly #webSdkCloses = this.#counter(
    'sluice_websdk_closes_total',
    'Sockets of the Web SDK that the media server refused or closed',
    ['reason'],
  );
  readonly #reload = this.#gauge(
    'sluice_config_last_reload_successful',
    '1 = the last config was applied, 0 = it was refused',
    [],
  );
  readonly #info = this.#gauge('sluice_config_info', 'The running config', ['hash']);

  constructor(isApp: (appKey: string) => boolean) {
    this.#isApp = isApp;
  }

  /** Registers gauges that are read at each scrape. */
  observe(sources: MetricSources): void {
    const streams = this.#gauge('sluice_streams', 'Streams that have not ended', ['app', 'direction'], () => {
      streams.reset();
      for (const { appKey, direction } of sources.streams()) streams.inc({ app: this.#app(appKey), direction });
    });
    const sessions = this.#gauge('sluice_sessions', 'Sessions that have not ended', ['kind'], () => {
      sessions.reset();
      for (const kind of ALWAYS_SHOWN) sessions.set({ kind }, 0);
      for (const { kind } of sources.sessions()) sessions.inc({ kind });
    });
    const subjects = this.#gauge('sluice_keepalive_subject_streams', 'Streams under keep-alive checks', [], () => {
      subjects.set(sources.keepAlive().subjects);
    });
    const overdue = this.#gauge(
      'sluice_keepalive_overdue_seconds',
      'How late the latest keep-alive check is',
      [],
      () => {
        overdue.set(sources.keepAlive().overdueSeconds);
      },
    );
    const draining = this.#gauge('sluice_draining', '1 = this media server takes no new publications', [], () => {
      draining.set(sources.draining() ? 1 : 0);
    });
    const pipes = this.#gauge('sluice_pipes', 'Streams on their way between pods', ['direction'], () => {
      const { incoming, outgoing } = sources.pipes();
      pipes.set({ direction: 'in' }, incoming);
      pipes.set({ direction: 'out' }, outgoing);
    });
    const drops = new Counter({
      name: 'sluice_udp_receive_drops_total',
      help: 'Packets of clients that were lost because a worker did not read them in time',
      registers: [this.registry],
      collect: async () => {
        const count = await sources.receiveDrops();
        drops.reset();
        drops.inc(count);
      },
    });
    this.#observeWorkers(sources);
  }

  streamStarted(appKey: string, direction: Direction, result: 'started' | Rejection['result']): void {
    this.#starts.inc({ app: this.#app(appKey), direction, result });
  }

  streamEnded(appKey: string, direction: Direction, cause: EndCause, seconds: number): void {
    this.#ends.inc({ app: this.#app(appKey), direction, cause });
    this.#terminations.observe({ cause }, seconds);
  }

  joined(direction: Direction, seconds: number): void {
    this.#joins.observe({ direction }, seconds);
  }

  terminateRequest(scope: string, result: string): void {
    this.#terminateRequests.inc({ scope, result });
  }

  peerRequest(op: string, result: 'answered' | 'refused' | 'failed'): void {
    this.#peerRequests.inc({ peer_op: op, result });
  }

  pipeFailed(): void {
    this.#pipeFailures.inc();
  }

  claimUnanswered(): void {
    this.#claimsUnanswered.inc();
  }

  keepAliveCheck(appKey: string, result: CheckResult): void {
    this.#checks.inc({ app: this.#app(appKey), result });
  }

  hookRequest(appKey: string, method: HookMethod, result: string, seconds: number): void {
    this.#hookRequests.inc({ app: this.#app(appKey), method, result });
    this.#hookDurations.observe({ method }, seconds);
  }

  hookEventDropped(): void {
    this.#hookDrops.inc();
  }

  hookConfigIgnored(appKey: string, parts: number): void {
    this.#ignored.inc({ app: this.#app(appKey) }, parts);
  }

  rtpBytes(direction: Direction, bytes: number): void {
    this.#rtpBytes.inc({ direction }, bytes);
  }

  workerDied(): void {
    this.#workerDeaths.inc();
  }

  workerError(part: WorkerPart): void {
    this.#workerErrors.inc({ part });
  }

  webSdkMessage(message: MessageName, result: MessageResult): void {
    this.#webSdkMessages.inc({ message, result });
  }

  webSdkClosed(reason: Closing | UpgradeRefusal): void {
    this.#webSdkCloses.inc({ reason });
  }

  configApplied(hash: string): void {
    this.#reload.set(1);
    this.#info.reset();
    this.#info.set({ hash }, 1);
  }

  configRefused(): void {
    this.#reload.set(0);
  }

  #app(appKey: string): string {
    return this.#isApp(appKey) ? appKey : 'unknown';
  }

  /** Each metric asks the workers itself, since metrics are collected concurrently. */
  #observeWorkers({ workers }: MetricSources): void {
    const transports = this.#gauge(
      'sluice_worker_transports',
      'WebRTC transports of a mediasoup worker',
      ['worker'],
      async () => {
        const all = await workers();
        transports.reset();
        for (const { index, legs } of all) transports.set({ worker: String(index) }, legs);
      },
    );
    const spent = new SpentSeconds();
    const cpu = this.#counter(
      'sluice_worker_cpu_seconds_total',
      'CPU time of a mediasoup worker',
      ['worker'],
      async () => {
        for (const worker of await workers()) cpu.inc({ worker: String(worker.index) }, spent.since(worker));
      },
    );
  }

  #counter<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect?: () => Promise<void>,
  ): Counter<L> {
    return new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      ...(collect ? { collect } : {}),
    });
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    collect?: () => void | Promise<void>,
  ): Gauge<L> {
    return new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      ...(collect ? { collect } : {}),
    });
  }

  #histogram<L extends string>(name: string, help: string, labelNames: readonly L[]): Histogram<L> {
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: FAST_BUCKETS,
      registers: [this.registry],
    });
  }
}

/** A restarted worker counts from zero; its metric continues from the old value. */
class SpentSeconds {
  readonly #last = new Map<number, Pick<WorkerInfo, 'pid' | 'cpuSeconds'>>();

  /** CPU seconds since the last call; 0 if the worker does not answer. */
  since({ cpuSeconds, index, pid }: WorkerInfo): number {
    const last = this.#last.get(index);
    const known = last?.pid === pid ? last.cpuSeconds : 0;
    if (cpuSeconds <= known) return 0;
    this.#last.set(index, { pid, cpuSeconds });
    return cpuSeconds - known;
  }
}
