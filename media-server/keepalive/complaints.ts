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
  /** After this time the stream is checked again. */
  readonly intervalMs: number;
};

const SENTENCES: { readonly [result in CheckResult]: string | null } = {
  ok: null,
  // The end of the stream is logged where streams end.
  refused: null,
  refused_logged: 'a backend refuses a stream, which is only logged',
  failed: 'a keep-alive check failed',
  failed_ended: 'a keep-alive check failed and ends its stream',
};

/**
 * Logs the checks that went wrong: the first at once, then at most one line in ten seconds per backend and result, with
 * the number of checks since the last one. With a backend down, every check of 10,000 streams fails. Says that a backend
 * answers again when no check has failed for so long that every stream which failed has been checked again.
 */
export class Complaints {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #said = new Map<string, { readonly saidAt: number; unsaid: number }>();
  /** Backends of which checks fail; they answer again when none has failed until `goodAt`. */
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
