import type { Clock, Timer } from '../clock.ts';
import type { HookReply } from '../hooks/session-hooks.ts';
import type { Log } from '../logger.ts';
import { BackendQueue } from './backend-queue.ts';
import type { KeepAlivePolicy, PolicyDecision } from './policy.ts';
import { type CheckResult, judge } from './verdict.ts';

/** A call that has not come back this long after its timeout is given up: the stream must not hang on it. */
const GIVE_UP_MARGIN_MS = 1_000;

export type KeepAliveDeps<S extends object> = {
  readonly clock: Clock;
  readonly log: Log;
  readonly policyOf: (subject: S) => PolicyDecision;
  /** One call to the backend. */
  readonly ask: (subject: S, options: { timeoutMs: number; signal: AbortSignal }) => Promise<HookReply>;
  /** Ends the stream; `orderedAt` is when the answer arrived, monotonic milliseconds. */
  readonly end: (subject: S, cause: 'keepalive' | 'keepalive_failure', orderedAt: number) => void;
  readonly onResult: (subject: S, result: CheckResult) => void;
};

export type KeepAliveStats = {
  /** Streams that are checked. */
  readonly subjects: number;
  readonly checking: number;
  /** How late the latest check is, seconds. */
  readonly overdueSeconds: number;
};

/** `armed` = one timer; `checking` = one call: waiting for a connection, sent, or being answered. */
type State<S> =
  | { readonly kind: 'armed'; readonly timer: Timer }
  | { readonly kind: 'checking'; readonly call: Call<S> };

type Entry<S> = {
  readonly subject: S;
  /** Monotonic milliseconds at which the next check is or was due. */
  dueAt: number;
  failures: number;
  policy: KeepAlivePolicy;
  state: State<S>;
};

type Call<S> = {
  readonly abort: AbortController;
  readonly entry: Entry<S>;
  readonly backend: string;
  /** Set when the call has been sent. */
  giveUp: Timer | null;
};

/**
 * The keep-alive loop (hooks.md §6). Every checked stream has an entry here, and every entry is in exactly one state,
 * always: a state is only ever replaced by the next one, in `#arm` and `#check`.
 */
export class KeepAlive<S extends object> {
  readonly #deps: KeepAliveDeps<S>;
  /** All live streams, checked or not: a reload may change that. */
  readonly #live = new Set<S>();
  readonly #entries = new Map<S, Entry<S>>();
  readonly #queues = new Map<string, BackendQueue<Call<S>>>();

  constructor(deps: KeepAliveDeps<S>) {
    this.#deps = deps;
  }

  /** A stream went live. */
  add(subject: S): void {
    if (this.#live.has(subject)) return;
    this.#live.add(subject);
    this.#admit(subject);
  }

  /** A stream ends: no further call, the one in flight is aborted and its answer ignored. Idempotent. */
  remove(subject: S): void {
    this.#live.delete(subject);
    this.#drop(subject);
  }

  /** The config has changed: applies to every live stream within its (new) interval. */
  refresh(): void {
    for (const subject of this.#live) {
      const entry = this.#entries.get(subject);
      const decision = this.#deps.policyOf(subject);
      if (!entry) this.#admit(subject);
      else if (!decision.checked) this.#drop(subject);
      else this.#update(entry, decision.policy);
    }
  }

  state(subject: S): 'armed' | 'checking' | null {
    return this.#entries.get(subject)?.state.kind ?? null;
  }

  stats(): KeepAliveStats {
    const now = this.#deps.clock.monotonic();
    let overdueMs = 0;
    let checking = 0;
    for (const entry of this.#entries.values()) {
      if (entry.state.kind === 'checking') checking++;
      overdueMs = Math.max(overdueMs, now - entry.dueAt);
    }
    return { subjects: this.#entries.size, checking, overdueSeconds: overdueMs / 1000 };
  }

  close(): void {
    for (const subject of [...this.#live]) this.remove(subject);
  }

  /** First check one interval after the stream went live, less a random part, so that streams spread out. */
  #admit(subject: S): void {
    const decision = this.#deps.policyOf(subject);
    if (!decision.checked) return;
    const { clock } = this.#deps;
    const delayMs = decision.policy.intervalMs * (1 - clock.random());
    const entry: Entry<S> = {
      subject,
      dueAt: clock.monotonic() + delayMs,
      failures: 0,
      policy: decision.policy,
      state: { kind: 'armed', timer: NO_TIMER },
    };
    this.#entries.set(subject, entry);
    this.#arm(entry, delayMs);
  }

  #drop(subject: S): void {
    const entry = this.#entries.get(subject);
    if (!entry) return;
    this.#entries.delete(subject);
    if (entry.state.kind === 'armed') entry.state.timer.cancel();
    else this.#release(entry.state.call);
  }

  /** A check that is under way goes on; its next one follows the new policy. */
  #update(entry: Entry<S>, policy: KeepAlivePolicy): void {
    entry.policy = policy;
    if (entry.state.kind !== 'armed') return;
    const now = this.#deps.clock.monotonic();
    const remainingMs = entry.dueAt - now;
    if (remainingMs <= policy.intervalMs) return;
    // Spread over the new, shorter interval.
    entry.state.timer.cancel();
    this.#arm(entry, policy.intervalMs * this.#deps.clock.random());
  }

  #arm(entry: Entry<S>, delayMs: number): void {
    const { clock } = this.#deps;
    entry.dueAt = clock.monotonic() + delayMs;
    entry.state = { kind: 'armed', timer: clock.setTimeout(() => this.#check(entry), delayMs) };
  }

  #check(entry: Entry<S>): void {
    const { backend, maxConnections } = entry.policy;
    const call: Call<S> = { abort: new AbortController(), entry, backend, giveUp: null };
    entry.state = { kind: 'checking', call };
    this.#queueOf(backend).push(call, maxConnections);
  }

  /** Timers fire in the order in which checks are due, so a queue is already sorted: oldest due first. */
  #queueOf(backend: string): BackendQueue<Call<S>> {
    const known = this.#queues.get(backend);
    if (known) return known;
    const queue = new BackendQueue<Call<S>>((call) => this.#send(call));
    this.#queues.set(backend, queue);
    return queue;
  }

  #send(call: Call<S>): void {
    const { clock, log } = this.#deps;
    const { policy, subject } = call.entry;
    const options = { timeoutMs: policy.timeoutMs, signal: call.abort.signal };
    call.giveUp = clock.setTimeout(() => {
      log.error({ timeoutMs: policy.timeoutMs }, 'a keep-alive call did not come back after its timeout');
      this.#answered(call, { kind: 'failure', failure: 'timeout' });
    }, policy.timeoutMs + GIVE_UP_MARGIN_MS);
    // Inside the chain, so that an error thrown at once is a failed call as well.
    Promise.resolve()
      .then(() => this.#deps.ask(subject, options))
      .then(
        (reply) => this.#answered(call, reply),
        (error: unknown) => {
          log.error({ err: error }, 'a keep-alive call failed');
          this.#answered(call, { kind: 'failure', failure: 'other' });
        },
      );
  }

  #answered(call: Call<S>, reply: HookReply): void {
    const { entry } = call;
    // Ended meanwhile, or given up.
    if (entry.state.kind !== 'checking' || entry.state.call !== call || this.#entries.get(entry.subject) !== entry)
      return;
    this.#release(call);
    const answeredAt = this.#deps.clock.monotonic();
    const verdict = judge(reply, { ...entry.policy, failures: entry.failures });
    entry.failures = verdict.failures;
    // Armed before anybody else is told, so that nothing that throws there can lose the stream.
    this.#arm(entry, this.#nextDelayMs(entry.policy, reply));
    this.#tell(entry.subject, verdict.result, verdict.cause, answeredAt);
  }

  #tell(subject: S, result: CheckResult, cause: 'keepalive' | 'keepalive_failure' | null, answeredAt: number): void {
    const { end, log, onResult } = this.#deps;
    try {
      onResult(subject, result);
      if (cause !== null) end(subject, cause, answeredAt);
    } catch (error) {
      log.error({ err: error, result }, 'the result of a keep-alive check could not be handled');
    }
  }

  /** One interval, or what `Retry-After` asks for up to one interval. */
  #nextDelayMs({ intervalMs }: KeepAlivePolicy, reply: HookReply): number {
    const asked = reply.kind === 'status' && reply.status >= 400 ? reply.retryAfterMs : null;
    return asked === null ? intervalMs : Math.min(intervalMs, Math.max(asked, MIN_RETRY_MS));
  }

  /** Gives back the connection, or the place in the queue. Idempotent. */
  #release(call: Call<S>): void {
    call.giveUp?.cancel();
    call.giveUp = null;
    call.abort.abort();
    const queue = this.#queues.get(call.backend);
    queue?.remove(call);
    if (queue?.idle) this.#queues.delete(call.backend);
  }
}

/** A backend cannot ask for more than one check a second. */
const MIN_RETRY_MS = 1_000;
const NO_TIMER: Timer = { cancel: () => undefined };
