import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { describeReply } from '../hooks/admission-verdict.ts';
import type { HookReply } from '../hooks/session-hooks.ts';
import type { CheckResult } from './verdict.ts';

const QUIET_MS = 10_000;

type Check = {
  readonly hook: string;
  readonly reply: HookReply;
  readonly streamId: string;
  /** The stream is checked again after this time. */
  readonly intervalMs: number;
};

const SENTENCES: { readonly [result in CheckResult]: string | null } = {
  ok: null,
  // The code that ends the stream logs its end.
  refused: null,
  refused_logged: 'a backend refused a stream; the refusal is only logged',
  failed: 'a keep-alive check failed',
  failed_ended: 'a keep-alive check failed; its stream ends',
};

/**
 * Logs failed checks: the first at once, then at most one line in ten seconds per backend and result, with the number
 * of checks since the last line. While a backend is down, every check of 10,000 streams fails. Logs that a backend
 * answers again once every stream whose check failed has been checked again and no check fails.
 */
export class Complaints {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #said = new Map<string, { readonly saidAt: number; unsaid: number }>();
  /** Backends with failing checks. A backend answers again when no check fails until `goodAt`. */
  readonly #failing = new Map<string, { count: number; goodAt: number }>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  hear(result: CheckResult, check: Check): void {
    if (result === 'failed' || result === 'failed_ended') this.#fails(check);
    else this.#answers(check.hook);
    const sentence = SENTENCES[result];
    if (sentence !== null) this.#complain(`${check.hook} ${result}`, sentence, check);
  }

  #fails({ hook, intervalMs }: Check): void {
    const { count, goodAt } = this.#failing.get(hook) ?? { count: 0, goodAt: 0 };
    const silence = Math.max(QUIET_MS, 2 * intervalMs);
    this.#failing.set(hook, { count: count + 1, goodAt: Math.max(goodAt, this.#clock.monotonic() + silence) });
  }

  #answers(hook: string): void {
    const failing = this.#failing.get(hook);
    if (!failing || this.#clock.monotonic() < failing.goodAt) return;
    this.#failing.delete(hook);
    this.#log.info({ hook, failed: failing.count }, 'a backend answers keep-alive checks again');
  }

  #complain(key: string, sentence: string, { hook, reply, streamId }: Check): void {
    const now = this.#clock.monotonic();
    const before = this.#said.get(key);
    if (before && now - before.saidAt < QUIET_MS) {
      before.unsaid += 1;
      return;
    }
    this.#said.set(key, { saidAt: now, unsaid: 0 });
    this.#log.warn({ hook, streamId, reply: describeReply(reply), checks: 1 + (before?.unsaid ?? 0) }, sentence);
  }
}
