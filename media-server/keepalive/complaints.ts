import type { Clock } from '../clock.ts';
import { describeReply } from '../hooks/admission.ts';
import type { HookReply } from '../hooks/session-hooks.ts';
import type { Log } from '../logger.ts';
import type { CheckResult } from './verdict.ts';

const QUIET_MS = 10_000;

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
 * the number of checks since the last one. With a backend down, every check of 10,000 streams fails.
 */
export class Complaints {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #said = new Map<string, { readonly saidAt: number; unsaid: number }>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  hear(result: CheckResult, check: { hook: string; reply: HookReply; streamId: string }): void {
    const sentence = SENTENCES[result];
    if (sentence === null) return;
    const { hook, reply, streamId } = check;
    const key = `${hook} ${result}`;
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
