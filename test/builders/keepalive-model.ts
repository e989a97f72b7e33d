import type { HookFailure, HookReply } from '../../media-server/hooks/session-hooks.ts';
import type { Backend, KeepAlivePolicy, PolicyDecision } from '../../media-server/keepalive/policy.ts';
import { KeepAlive } from '../../media-server/keepalive/schedule.ts';
import type { CheckResult, KeepAliveCause } from '../../media-server/keepalive/verdict.ts';
import { VirtualClock } from './virtual-clock.ts';

/** How a backend, or the client in front of it, behaves. */
export type Behaviour =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | null; readonly delayMs: number }
  | { readonly kind: 'failure'; readonly failure: HookFailure; readonly delayMs: number }
  /** Ignores timeouts and aborts: the worst possible client. */
  | { readonly kind: 'never' }
  | { readonly kind: 'throws' }
  | { readonly kind: 'rejects' };

export type Server = {
  enabled: boolean;
  listed: readonly number[];
  apps: { enabled: boolean; intervalMs: number; hook: number | null }[];
  hooks: { backend: Backend; timeoutMs: number; failureThreshold: number; restOnError: 'FAIL' | 'LOG' }[];
};

/** Which functions currently throw. */
export type Broken = { policyOf: boolean; end: boolean; onResult: boolean; log: boolean };

type Flight = {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  /** null = the call failed, undefined = it has not returned yet. */
  reply: HookReply | null | undefined;
};

/** What the model knows about one live stream. */
export type Subject = {
  readonly id: string;
  readonly app: number;
  /** The last decision that the loop got; null = none yet. */
  decision: PolicyDecision | null;
  /** The stream must be checked within a limited time from here. */
  since: number;
  /** Failures in a row, counted by the model. */
  failures: number;
  flight: Flight | null;
  /** The cause with which the loop ended the stream. */
  ended: KeepAliveCause | null;
};

const GIVE_UP_MARGIN_MS = 1_000;
const UNDECIDED_MS = 1_000;

class Violation extends Error {}

/** A keep-alive loop with its surroundings, and the invariant that must hold whenever nothing is running. */
export class Model {
  readonly clock: VirtualClock;
  readonly loop: KeepAlive<Subject>;
  readonly server: Server;
  readonly broken: Broken = { policyOf: false, end: false, onResult: false, log: false };
  readonly live = new Map<string, Subject>();
  readonly violations: string[] = [];
  behaviours: readonly Behaviour[];
  calls = 0;
  ends = 0;
  #closed = false;
  /** False = calls may wait for a connection, so only their order is guaranteed, not their time. */
  readonly #unlimited: boolean;
  #outside = 0;

  constructor(seed: number, server: Server, behaviours: readonly Behaviour[]) {
    this.clock = new VirtualClock(seed);
    this.server = server;
    this.behaviours = behaviours;
    this.#unlimited = server.hooks.every(({ backend }) => backend.maxConnections > 50);
    const fail = (): never => {
      throw new Error('broken');
    };
    const write = (): void => {
      if (this.broken.log) fail();
    };
    this.loop = new KeepAlive<Subject>({
      clock: this.clock,
      log: { error: write, warn: write, info: write, debug: write, trace: write, child: fail },
      policyOf: (subject) => this.#told(subject),
      ask: (subject, options) => this.#ask(subject, options),
      end: (subject, cause) => this.#end(subject, cause),
      onResult: (subject, result) => this.#onResult(subject, result),
    });
  }

  add(id: string, app: number): void {
    if (this.live.has(id)) return;
    const subject: Subject = {
      id,
      app,
      decision: null,
      since: this.clock.monotonic(),
      failures: 0,
      flight: null,
      ended: null,
    };
    this.live.set(id, subject);
    this.loop.add(subject);
  }

  remove(subject: Subject): void {
    this.live.delete(subject.id);
    this.loop.remove(subject);
    if (this.loop.state(subject) !== null) this.#violated(`${subject.id} is still there after its end`);
  }

  reload(): void {
    this.loop.refresh();
    // A reload may start a new interval.
    for (const subject of this.live.values()) subject.since = this.clock.monotonic();
  }

  /** A stall delays everything, so the time limit counts from its end. */
  async stall(ms: number): Promise<void> {
    await this.clock.stall(ms);
    for (const subject of this.live.values()) subject.since = this.clock.monotonic();
  }

  close(): void {
    this.#closed = true;
    this.loop.close();
    this.live.clear();
    if (this.clock.pending !== this.#outside) this.#violated('a timer is left after closing');
  }

  /** Checks the invariant, which must hold while nothing runs. */
  check(): void {
    const { armed, checking, subjects } = this.loop.stats();
    let inLoop = 0;
    for (const subject of this.live.values()) {
      if (this.loop.state(subject) !== null) inLoop++;
      this.#checkState(subject);
      this.#checkTime(subject);
    }
    if (inLoop !== subjects || armed + checking !== subjects) this.#violated('the loop counts other streams than live');
    const load = this.loop.backends();
    if (load.some((backend) => backend.sent + backend.waiting === 0)) this.#violated('an idle backend is kept');
    const sent = load.reduce((sum, backend) => sum + backend.sent, 0);
    const waiting = load.reduce((sum, backend) => sum + backend.waiting, 0);
    if (sent + waiting !== checking) this.#violated(`${checking} are checking with ${sent + waiting} calls`);
    const timers = this.clock.pending - this.#outside;
    if (timers !== armed + sent) this.#violated(`${timers} timers for ${armed} armed and ${sent} sent`);
  }

  /** A stream has a state exactly if its policy says that it is checked. */
  #checkState(subject: Subject): void {
    if (this.broken.policyOf) return;
    const state = this.loop.state(subject);
    const { checked } = this.#decision(subject);
    const undecided = this.clock.monotonic() - subject.since <= UNDECIDED_MS;
    if (checked && state === null) this.#violated(`${subject.id} is checked and neither armed nor checking`);
    if (!checked && state !== null && !undecided) this.#violated(`${subject.id} is not checked and ${state}`);
  }

  /** No stream is forgotten. */
  #checkTime(subject: Subject): void {
    const decision = this.#decision(subject);
    if (!decision.checked || this.broken.policyOf || !this.#unlimited) return;
    const { intervalMs } = decision.policy;
    // A call from before a reload may still have the longest timeout.
    const longest = Math.max(...this.server.hooks.map(({ timeoutMs }) => timeoutMs), 5_000);
    const late = this.clock.monotonic() - subject.since - (intervalMs + longest + GIVE_UP_MARGIN_MS + UNDECIDED_MS);
    if (late > 0) this.#violated(`${subject.id} was forgotten for ${late} ms`);
  }

  #told(subject: Subject): PolicyDecision {
    if (this.broken.policyOf) throw new Error('broken');
    const decision = this.#decision(subject);
    const before = subject.decision;
    const same = before?.checked && decision.checked && before.policy.backend === decision.policy.backend;
    if (!same) subject.failures = 0;
    subject.decision = decision;
    return decision;
  }

  #decision({ app }: Subject): PolicyDecision {
    const { apps, enabled, hooks, listed } = this.server;
    const config = apps[app];
    const hook = typeof config?.hook === 'number' ? hooks[config.hook] : undefined;
    if (!enabled) return { checked: false, reason: 'ServerDisabled' };
    if (!listed.includes(app)) return { checked: false, reason: 'AppKeyNotListed' };
    if (!config?.enabled) return { checked: false, reason: 'AppDisabled' };
    if (!hook) return { checked: false, reason: 'NoHook' };
    const { backend, failureThreshold, restOnError, timeoutMs } = hook;
    const { intervalMs } = config;
    const policy: KeepAlivePolicy = {
      intervalMs,
      timeoutMs: Math.min(timeoutMs, intervalMs),
      failureThreshold,
      restOnError,
      backend,
    };
    return { checked: true, policy, warning: null };
  }

  #ask(subject: Subject, { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number }): Promise<HookReply> {
    this.calls += 1;
    const { decision } = subject;
    if (this.#closed || this.live.get(subject.id) !== subject)
      this.#violated(`${subject.id} is asked about after its end`);
    if (subject.flight && inFlight(subject.flight)) this.#violated(`${subject.id} has two calls in flight`);
    if (!decision?.checked) {
      this.#violated(`${subject.id} is asked about although it is not checked`);
      return Promise.reject(new Violation());
    }
    const { backend, timeoutMs: expected } = decision.policy;
    if (timeoutMs !== expected) this.#violated(`${subject.id} is given ${timeoutMs} ms instead of ${expected}`);
    if (signal.aborted) this.#violated(`${subject.id} is asked with an aborted signal`);
    subject.since = this.clock.monotonic();
    const flight: Flight = { backend, signal, reply: undefined };
    subject.flight = flight;
    this.#countConnections(backend);
    return this.#behave(flight, timeoutMs);
  }

  #countConnections(backend: Backend): void {
    const flights = [...this.live.values()].filter(({ flight }) => flight?.backend === backend && inFlight(flight));
    if (flights.length > backend.maxConnections)
      this.#violated(`${backend.name} is asked by ${flights.length} at a time`);
  }

  #behave(flight: Flight, timeoutMs: number): Promise<HookReply> {
    const behaviour = this.behaviours[this.calls % this.behaviours.length] ?? { kind: 'never' };
    switch (behaviour.kind) {
      case 'never':
        return new Promise(() => undefined);
      case 'throws':
        flight.reply = null;
        throw new Error('thrown');
      case 'rejects':
        flight.reply = null;
        return Promise.reject(new Error('rejected'));
      default:
        return this.#answer(flight, behaviour, timeoutMs);
    }
  }

  /** A correct client: it answers, fails within its timeout, or is aborted. */
  #answer(flight: Flight, behaviour: Behaviour & { delayMs: number }, timeoutMs: number): Promise<HookReply> {
    const tooLate = behaviour.delayMs >= timeoutMs;
    const reply: HookReply = tooLate ? { kind: 'failure', failure: 'timeout' } : replyOf(behaviour);
    return new Promise((resolve) => {
      const finish = (with_: HookReply): void => {
        this.#outside -= 1;
        flight.reply = with_;
        timer.cancel();
        flight.signal.removeEventListener('abort', abort);
        resolve(with_);
      };
      const abort = (): void => finish({ kind: 'failure', failure: 'aborted' });
      this.#outside += 1;
      const timer = this.clock.setTimeout(() => finish(reply), Math.min(behaviour.delayMs, timeoutMs));
      flight.signal.addEventListener('abort', abort);
    });
  }

  #end(subject: Subject, cause: KeepAliveCause): void {
    this.ends += 1;
    if (this.live.get(subject.id) !== subject) this.#violated(`${subject.id} is ended twice`);
    subject.ended = cause;
    if (this.broken.end) throw new Error('broken');
    this.remove(subject);
  }

  /** Each result must be the expected one, and a stream must end exactly when expected. */
  #onResult(subject: Subject, result: CheckResult): void {
    const { decision, flight } = subject;
    if (!flight || !decision?.checked) {
      this.#violated(`${subject.id} has a result without a call`);
      return;
    }
    const replaced = flight.backend !== decision.policy.backend;
    const expected = this.#expect(subject, flight.reply ?? null, decision.policy, replaced);
    if (result !== expected.result) this.#violated(`${subject.id}: ${result} instead of ${expected.result}`);
    if (subject.ended !== expected.cause)
      this.#violated(`${subject.id} ended by ${subject.ended} instead of ${expected.cause}`);
    subject.ended = null;
    if (this.broken.onResult) throw new Error('broken');
  }

  #expect(subject: Subject, reply: HookReply | null, policy: KeepAlivePolicy, replaced: boolean) {
    const orders = policy.restOnError === 'FAIL';
    const kind = kindOf(reply);
    if (kind === 'failed') {
      subject.failures = replaced ? 0 : subject.failures + 1;
      const reached = policy.failureThreshold > 0 && subject.failures >= policy.failureThreshold;
      return orders && reached ? { result: 'failed_ended', cause: 'keepalive_failure' } : { result: kind, cause: null };
    }
    subject.failures = 0;
    if (kind === 'ok') return { result: kind, cause: null };
    return orders ? { result: kind, cause: 'keepalive' } : { result: 'refused_logged', cause: null };
  }

  #violated(what: string): void {
    this.violations.push(`${this.clock.monotonic()}: ${what}`);
  }
}

function inFlight({ reply, signal }: Flight): boolean {
  return reply === undefined && !signal.aborted;
}

function kindOf(reply: HookReply | null): 'ok' | 'refused' | 'failed' {
  if (reply?.kind !== 'status') return 'failed';
  if (reply.status === 403) return 'refused';
  return reply.status >= 200 && reply.status <= 299 ? 'ok' : 'failed';
}

function replyOf(behaviour: Behaviour): HookReply {
  if (behaviour.kind === 'status') {
    const { retryAfterMs, status } = behaviour;
    return { kind: 'status', status, retryAfterMs, body: '' };
  }
  return { kind: 'failure', failure: behaviour.kind === 'failure' ? behaviour.failure : 'other' };
}
