import type { RestOnError } from '../../crds/schema/hook-methods.ts';
import type { HookReply } from '../hooks/session-hooks.ts';

/** Label `result` of `sluice_keepalive_checks_total`. */
export type CheckResult = 'ok' | 'refused' | 'refused_logged' | 'failed' | 'failed_ended';

/** Why a check ends its stream. */
export type KeepAliveCause = 'keepalive' | 'keepalive_failure';

export type Verdict = {
  readonly result: CheckResult;
  /** Why the stream ends; null = it continues. */
  readonly cause: KeepAliveCause | null;
  /** Failures in a row after this check. */
  readonly failures: number;
};

export type Judged = {
  readonly restOnError: RestOnError;
  /** Failures in a row before this check. */
  readonly failures: number;
  /** Failures in a row that end a stream; 0 = never because the backend is down. */
  readonly failureThreshold: number;
};

/** What a reply to a check means (docs/keep-alive.md#what-an-answer-means): 403 is an order, no answer is not. */
export function judge(reply: HookReply, { failureThreshold, failures, restOnError }: Judged): Verdict {
  const status = reply.kind === 'status' ? reply.status : 0;
  if (status >= 200 && status < 300) return { result: 'ok', cause: null, failures: 0 };
  // A 403 is not a failure, whether or not it is enforced.
  if (status === 403) {
    return restOnError === 'FAIL'
      ? { result: 'refused', cause: 'keepalive', failures: 0 }
      : { result: 'refused_logged', cause: null, failures: 0 };
  }
  const failed = failures + 1;
  const ends = restOnError === 'FAIL' && failureThreshold > 0 && failed >= failureThreshold;
  return ends
    ? { result: 'failed_ended', cause: 'keepalive_failure', failures: failed }
    : { result: 'failed', cause: null, failures: failed };
}
