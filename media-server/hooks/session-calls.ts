import { randomUUID } from 'node:crypto';
import type { AdmissionMethod, EventMethod, HookMethod, MethodConfig } from '../../crds/schema/hook-methods.ts';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { describeReply, isSuccess, judgeAdmission } from './admission-verdict.ts';
import type { Hook } from './hook.ts';
import type { PoolName } from './hook-client.ts';
import type { IgnoredConfig } from './ignored-config.ts';
import { type ConfigLayer, mergeConfig, readSessionLayer } from './method-config.ts';
import { EventQueue, type EventQueues } from './queue.ts';
import { parseObject, readOverwrite } from './read-overwrite.ts';
import { withRetries } from './retry.ts';
import type { Admission, HookBody, HookReply, KeepAliveOptions, SessionHooks } from './session-hooks.ts';
import { excludeFields } from './session-hooks.ts';

export type SessionCallsDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly queues: EventQueues;
  readonly ignored: IgnoredConfig;
  readonly metrics: HookMetrics;
};

export type HookMetrics = {
  hookRequest(appKey: string, method: HookMethod, result: string, seconds: number): void;
  hookEventDropped(): void;
  /** Called with the parts of a `restClientConfig` that are ignored. */
  hookConfigIgnored(appKey: string, parts: number): void;
};

const ALLOWED: Admission = { kind: 'allowed', overwrite: {} };
const NEVER = new AbortController().signal;

/** The part of an app that the calls need; a reload replaces the hook. */
export type HookedApp = { readonly config: { readonly appKey: string }; readonly hook: Hook | null };

/** The calls of one session. The app's hook is read at each call, so that a reload applies to live sessions. */
export class SessionCalls implements SessionHooks {
  readonly #app: HookedApp;
  readonly #deps: SessionCallsDeps;
  readonly #queue: EventQueue;
  #sessionLayer: ConfigLayer = {};
  #sequence = 0;

  /** `streams` counts the streams of the session: more of them have more events. */
  constructor(app: HookedApp, streams: () => number, deps: SessionCallsDeps) {
    const { clock, metrics, queues } = deps;
    this.#app = app;
    this.#deps = deps;
    this.#queue = new EventQueue({ queues, clock, streams, dropped: () => metrics.hookEventDropped() });
  }

  methodConfig(method: HookMethod): MethodConfig {
    return mergeConfig(method, this.#app.hook?.layer ?? {}, this.#sessionLayer);
  }

  async admit(method: AdmissionMethod, body: HookBody, signal: AbortSignal): Promise<Admission> {
    const hook = this.#callable(method);
    if (!hook) return ALLOWED;
    const config = this.methodConfig(method);
    const readBody = readBodyOf(method, config);
    const call = this.#prepare(method, body);
    const reply = await this.#retried(hook, 'admission', { ...call, signal, readBody });
    const verdict = judgeAdmission(method, reply, config.restOnError);
    if (verdict.kind !== 'allowed') return verdict;
    if (verdict.logged === null) return this.#allowed(method, config, reply);
    this.#deps.log.warn(
      { method, appKey: this.#app.config.appKey, reply: verdict.logged },
      'a hook did not allow and is only logged',
    );
    return ALLOWED;
  }

  event(method: EventMethod, body: HookBody): void {
    const hook = this.#callable(method);
    if (!hook) return;
    const call = this.#prepare(method, body);
    this.#queue.add(async () => {
      const reply = await this.#retried(hook, 'events', { ...call, signal: NEVER, readBody: () => false });
      if (isSuccess(reply)) return;
      const { appKey } = this.#app.config;
      this.#deps.log.warn({ method, appKey, reply: describeReply(reply) }, 'the backend did not accept a hook event');
    });
  }

  async keepAlive(body: HookBody, { signal, timeoutMs }: KeepAliveOptions): Promise<HookReply> {
    const hook = this.#app.hook;
    if (!hook) return { kind: 'failure', failure: 'other' };
    const call = { ...this.#prepare('StreamKeepAliveEvent', body), signal, timeoutMs, readBody: () => false };
    const reply = await this.#post(hook, 'keepAlive', call);
    if (reply.kind === 'failure' && reply.stale) return this.#post(this.#app.hook ?? hook, 'keepAlive', call);
    return reply;
  }

  /** The hook, if the method is listed and not disabled. */
  #callable(method: HookMethod): Hook | null {
    const { hook } = this.#app;
    if (!hook?.lists(method)) return null;
    return this.methodConfig(method).restPolicy === 'DISABLE' ? null : hook;
  }

  #prepare(method: HookMethod, body: HookBody): PreparedCall {
    const { restExclude } = this.methodConfig(method);
    this.#sequence += 1;
    return {
      method,
      body: JSON.stringify(excludeFields(body, restExclude)),
      eventId: randomUUID(),
      sequence: this.#sequence,
    };
  }

  /** Reads the hook at each try, since a reload may replace it while a call waits. */
  #retried(hook: Hook, pool: PoolName, call: PostedCall): Promise<HookReply> {
    const { clock } = this.#deps;
    const post = () => this.#post(this.#app.hook ?? hook, pool, call);
    return withRetries(hook.config.retries, { clock, signal: call.signal }, post);
  }

  async #post(hook: Hook, pool: PoolName, call: PostedCall): Promise<HookReply> {
    const { clock, metrics } = this.#deps;
    const startedAt = clock.monotonic();
    const reply = await hook.post(pool, { timeoutMs: hook.config.timeoutMs, ...call });
    const result = reply.kind === 'status' ? `${Math.floor(reply.status / 100)}xx` : reply.failure;
    metrics.hookRequest(this.#app.config.appKey, call.method, result, (clock.monotonic() - startedAt) / 1000);
    return reply;
  }

  #allowed(method: AdmissionMethod, config: MethodConfig, reply: HookReply): Admission {
    const body = reply.kind === 'status' ? reply.body : '';
    if (method === 'connect') {
      this.#takeSessionLayer(body);
      return ALLOWED;
    }
    if (config.restPolicy !== 'OVERWRITE') return ALLOWED;
    const { ignored, overwrite } = readOverwrite(body, config.restOverwrite);
    if (ignored.length > 0) {
      this.#deps.log.warn({ method, fields: ignored }, 'fields of a hook reply have the wrong type and are ignored');
    }
    return { kind: 'allowed', overwrite };
  }

  #takeSessionLayer(body: string): void {
    const { findings, layer } = readSessionLayer(parseObject(body));
    this.#sessionLayer = layer;
    if (findings.length === 0) return;
    const { appKey } = this.#app.config;
    this.#deps.metrics.hookConfigIgnored(appKey, findings.length);
    this.#deps.ignored.hear(appKey, findings);
  }
}

type PreparedCall = {
  readonly method: HookMethod;
  readonly body: string;
  readonly eventId: string;
  readonly sequence: number;
};
type PostedCall = PreparedCall & {
  readonly signal: AbortSignal;
  readonly readBody: (status: number) => boolean;
  readonly timeoutMs?: number;
};

const isOk = (status: number): boolean => status >= 200 && status < 300;

/** `connect` is answered with settings for the session, or with the reason of a refusal. */
function readBodyOf(method: AdmissionMethod, { restPolicy }: MethodConfig): PostedCall['readBody'] {
  if (method === 'connect') return (status) => isOk(status) || (status >= 400 && status < 500);
  return (status) => restPolicy === 'OVERWRITE' && isOk(status);
}
