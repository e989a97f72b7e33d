import type { HookMethod } from '../../crds/schema/hook-methods.ts';
import type { HookConfig } from '../../crds/schema/server-config.ts';
import { createHook, type Hook } from '../../media-server/hooks/hook.ts';
import { IgnoredConfig } from '../../media-server/hooks/ignored-config.ts';
import { EventQueues } from '../../media-server/hooks/queue.ts';
import { type HookedApp, SessionCalls } from '../../media-server/hooks/session-calls.ts';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { Backend } from '../harness/backend.ts';

const NEVER = new AbortController().signal;
const METHODS: readonly HookMethod[] = [
  'connect',
  'publishStream',
  'playStream',
  'StreamKeepAliveEvent',
  'StreamStatusEvent',
];

/** A backend on loopback, and sessions that call it through real hooks. */
export class HookStage {
  readonly backend: Backend;
  readonly queues = new EventQueues();
  /** `METHOD RESULT` of each call, and what else the metrics count. */
  readonly counted: string[] = [];
  readonly lines: object[] = [];
  readonly #log = createLogger('warn', { write: (line) => this.lines.push(JSON.parse(line)) });
  readonly #ignored = new IgnoredConfig(this.#log);
  readonly #hooks: Hook[] = [];

  private constructor(backend: Backend) {
    this.backend = backend;
  }

  static async start(): Promise<HookStage> {
    return new HookStage(await Backend.start());
  }

  async close(): Promise<void> {
    for (const hook of this.#hooks) hook.close();
    await this.backend.close();
  }

  hookOf(over: Partial<HookConfig> = {}, assets = new Map<string, Buffer>()): Hook {
    const hook = createHook({ ...this.config, ...over }, assets, { clock: systemClock, version: '1.2.3' });
    this.#hooks.push(hook);
    return hook;
  }

  get config(): HookConfig {
    return {
      name: 'backend',
      url: this.backend.url,
      methods: METHODS.map((name) => ({ name })),
      timeoutMs: 1000,
      retries: 1,
      maxConnections: 4,
      auth: { type: 'none' },
      tls: { insecureSkipVerify: false },
    };
  }

  session(hook: Hook | null, streams = () => 1): SessionCalls {
    return this.sessionOf({ config: { appKey: 'defaultApp' }, hook }, streams);
  }

  sessionOf(app: HookedApp, streams = () => 1): SessionCalls {
    return new SessionCalls(app, streams, {
      clock: { ...systemClock, random: () => 0 },
      log: this.#log,
      queues: this.queues,
      ignored: this.#ignored,
      metrics: {
        hookRequest: (_app, method, result) => this.counted.push(`${method} ${result}`),
        hookEventDropped: () => this.counted.push('dropped'),
        hookConfigIgnored: (_app, parts) => this.counted.push(`ignored ${parts}`),
      },
    });
  }
}

export const admit = (calls: SessionCalls, method: 'connect' | 'publishStream' | 'playStream' = 'publishStream') =>
  calls.admit(method, { name: 'a', sdp: 'v=0' }, NEVER);

export const check = (calls: SessionCalls, timeoutMs = 500) =>
  calls.keepAlive({ name: 'a' }, { timeoutMs, signal: NEVER });
