import { describe, expect, it } from 'vitest';
import { isUsable, judgeAdmission } from './admission-verdict.ts';
import type { HookReply } from './session-hooks.ts';

const answered = (status: number, retryAfterMs: number | null = null): HookReply => ({
  kind: 'status',
  status,
  retryAfterMs,
  body: '',
});
const failed = (failure: Extract<HookReply, { kind: 'failure' }>['failure']): HookReply => ({
  kind: 'failure',
  failure,
});

const ROWS: [string, HookReply, 'allowed' | 'refused' | 'unavailable'][] = [
  ...[200, 201, 204, 299].map((status) => [`${status}`, answered(status), 'allowed'] as const),
  ...[400, 402, 403, 404, 405, 409, 410, 422, 451, 499].map(
    (status) => [`${status}`, answered(status), 'refused'] as const,
  ),
  ...[300, 301, 302, 307, 401, 408, 425, 429, 500, 501, 502, 503, 504, 599, 600].map(
    (status) => [`${status}`, answered(status), 'unavailable'] as const,
  ),
  ...(['timeout', 'refused', 'reset', 'dns', 'tls', 'aborted', 'other'] as const).map(
    (failure) => [`failure by ${failure}`, failed(failure), 'unavailable'] as const,
  ),
].map(([what, reply, kind]) => [what, reply, kind]);

describe('an answer to admission', () => {
  it.each(ROWS)('%s decides with FAIL, and for connect even with LOG', (_what, reply, kind) => {
    expect(judgeAdmission('publishStream', reply, 'FAIL').kind).toBe(kind);
    expect(judgeAdmission('playStream', reply, 'FAIL').kind).toBe(kind);
    expect(judgeAdmission('connect', reply, 'FAIL').kind).toBe(kind);
    expect(judgeAdmission('connect', reply, 'LOG').kind).toBe(kind);
  });

  it.each(ROWS)('%s allows with LOG, and is logged if it is not a 2xx', (_what, reply, kind) => {
    const verdict = judgeAdmission('publishStream', reply, 'LOG');
    const logged = kind === 'allowed' ? null : expect.stringMatching(/^(it|its|the) /);
    expect(verdict).toEqual({ kind: 'allowed', logged });
  });

  it.each(ROWS)('%s is usable if the backend allows or refuses', (_what, reply, kind) => {
    expect(isUsable(reply)).toBe(kind !== 'unavailable');
  });

  it.each([
    ['the reason phrase', '', 'Payment Required', 'Payment Required'],
    ['the reason of a body', '{"status":403,"reason":"no money"}', 'Forbidden', 'no money'],
    ['… in any order', '{"reason":"no money","status":403}', 'Forbidden', 'no money'],
    ['… but of exactly two members', '{"status":403,"reason":"no money","x":1}', 'Forbidden', 'Forbidden'],
    ['… with a status', '{"reason":"no money"}', 'Forbidden', 'Forbidden'],
    ['… that is a number', '{"status":"403","reason":"no money"}', 'Forbidden', 'Forbidden'],
    ['… and a text', '{"status":403,"reason":7}', 'Forbidden', 'Forbidden'],
    ['… that is not empty', '{"status":403,"reason":""}', 'Forbidden', 'Forbidden'],
    ['… that is not too long', `{"status":403,"reason":"${'x'.repeat(257)}"}`, 'Forbidden', 'Forbidden'],
    ['… that is printable', '{"status":403,"reason":"a\\u0007"}', 'Forbidden', 'Forbidden'],
    ['the status without both', 'no JSON', '', 'it answered 403'],
  ])('tells why it refuses: %s', (_what, body, phrase, reason) => {
    const reply: HookReply = { kind: 'status', status: 403, phrase, retryAfterMs: null, body };
    expect(judgeAdmission('connect', reply, 'FAIL')).toEqual({ kind: 'refused', reason });
  });

  it.each([
    ['absent', null, 5],
    ['0', 0, 1],
    ['half a second', 500, 1],
    ['7 seconds', 7_000, 7],
    ['an hour', 3_600_000, 60],
  ])('passes on a Retry-After within bounds: %s', (_what, retryAfterMs, retryAfterSeconds) => {
    expect(judgeAdmission('connect', answered(429, retryAfterMs), 'FAIL')).toEqual({
      kind: 'unavailable',
      reason: 'it answered 429',
      retryAfterSeconds,
    });
  });
});
