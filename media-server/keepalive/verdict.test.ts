import { describe, expect, it } from 'vitest';
import type { HookFailure, HookReply } from '../hooks/session-hooks.ts';
import { type Judged, judge, type Verdict } from './verdict.ts';

const status = (code: number): HookReply => ({ kind: 'status', status: code, retryAfterMs: null, body: '' });
const failure = (kind: HookFailure): HookReply => ({ kind: 'failure', failure: kind });

const FAILURES: readonly HookReply[] = [
  ...[100, 301, 302, 400, 401, 402, 404, 408, 425, 429, 500, 502, 503, 504, 599].map(status),
  ...(['timeout', 'refused', 'reset', 'dns', 'tls', 'aborted', 'other'] as const).map(failure),
];

const none: Judged = { restOnError: 'FAIL', failures: 0, failureThreshold: 0 };

describe('judge', () => {
  for (const restOnError of ['FAIL', 'LOG'] as const) {
    it.each([200, 201, 204, 299])(`a %i keeps the stream and resets its failures (${restOnError})`, (code) => {
      const verdict = judge(status(code), { restOnError, failures: 4, failureThreshold: 5 });
      expect(verdict).toEqual<Verdict>({ result: 'ok', cause: null, failures: 0 });
    });

    it(`no failure ends a stream without a threshold, however many there were (${restOnError})`, () => {
      for (const reply of FAILURES) {
        const verdict = judge(reply, { restOnError, failures: 1_000, failureThreshold: 0 });
        expect(verdict).toEqual<Verdict>({ result: 'failed', cause: null, failures: 1_001 });
      }
    });
  }

  it('a 403 ends the stream at once', () => {
    expect(judge(status(403), none)).toEqual<Verdict>({ result: 'refused', cause: 'keepalive', failures: 0 });
  });

  it('a 403 is only logged under LOG', () => {
    const verdict = judge(status(403), { ...none, restOnError: 'LOG' });
    expect(verdict).toEqual<Verdict>({ result: 'refused_logged', cause: null, failures: 0 });
  });

  it('every failure counts, and the one that reaches the threshold ends the stream', () => {
    for (const reply of FAILURES) {
      const before = judge(reply, { ...none, failures: 1, failureThreshold: 3 });
      expect(before).toEqual<Verdict>({ result: 'failed', cause: null, failures: 2 });
      const reached = judge(reply, { ...none, failures: 2, failureThreshold: 3 });
      expect(reached).toEqual<Verdict>({ result: 'failed_ended', cause: 'keepalive_failure', failures: 3 });
    }
  });

  it('a threshold of one ends the stream with the first failure', () => {
    expect(judge(failure('refused'), { ...none, failureThreshold: 1 }).cause).toBe('keepalive_failure');
  });

  it('a threshold that was lowered below the count ends the stream with the next failure', () => {
    expect(judge(failure('refused'), { ...none, failures: 9, failureThreshold: 3 }).cause).toBe('keepalive_failure');
  });

  it('the threshold ends nothing under LOG', () => {
    for (const reply of FAILURES) {
      const verdict = judge(reply, { restOnError: 'LOG', failures: 2, failureThreshold: 3 });
      expect(verdict).toEqual<Verdict>({ result: 'failed', cause: null, failures: 3 });
    }
  });
});
