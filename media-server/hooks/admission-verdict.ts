import type { AdmissionMethod, RestOnError } from '../../crds/schema/hook-methods.ts';
import { parseObject } from './read-overwrite.ts';
import type { HookReply } from './session-hooks.ts';

/** 4xx statuses that say nothing about the client. */
const NOT_A_REFUSAL: ReadonlySet<number> = new Set([401, 408, 425, 429]);
const DEFAULT_RETRY_AFTER_SECONDS = 5;
const MAX_RETRY_AFTER_SECONDS = 60;
const MAX_REASON_LENGTH = 256;

export type AdmissionVerdict =
  | { readonly kind: 'allowed'; readonly logged: string | null }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterSeconds: number };

/** Judges a reply to admission (docs/hooks.md#what-an-answer-to-admission-means). `connect` always counts as `FAIL`. */
export function judgeAdmission(method: AdmissionMethod, reply: HookReply, onError: RestOnError): AdmissionVerdict {
  const reason = describeReply(reply);
  if (isSuccess(reply)) return { kind: 'allowed', logged: null };
  if (onError === 'LOG' && method !== 'connect') return { kind: 'allowed', logged: reason };
  if (isRefusal(reply)) return { kind: 'refused', reason: reasonOfRefusal(reply) };
  return { kind: 'unavailable', reason, retryAfterSeconds: retryAfterSeconds(reply) };
}

/** The reply without its body, for logs and for the client. */
export function describeReply(reply: HookReply): string {
  return reply.kind === 'status' ? `it answered ${reply.status}` : FAILURES[reply.failure];
}

/**
 * Why a backend refuses, for the client, as WCS reads it: `reason` of a JSON body of exactly `status` and `reason`, else
 * the reason phrase.
 */
function reasonOfRefusal(reply: HookReply): string {
  if (reply.kind !== 'status') return describeReply(reply);
  const { reason, status, ...others } = parseObject(reply.body);
  const isAnswer = typeof status === 'number' && Object.keys(others).length === 0;
  const said = [isAnswer ? reason : undefined, reply.phrase].find(isReason);
  return said ?? describeReply(reply);
}

/** Whether a text may be shown to a client. */
function isReason(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value) && value.length <= MAX_REASON_LENGTH;
}

const FAILURES = {
  timeout: 'it did not answer in time',
  refused: 'the connection was refused',
  reset: 'the connection was reset',
  dns: 'its host name does not resolve',
  tls: 'its certificate is not trusted',
  aborted: 'the call was aborted',
  other: 'the call failed',
} as const;

/** True when the backend allowed or refused; anything else is an interaction error. */
export const isUsable = (reply: HookReply): boolean => isSuccess(reply) || isRefusal(reply);

export function isSuccess(reply: HookReply): boolean {
  return reply.kind === 'status' && reply.status >= 200 && reply.status < 300;
}

function isRefusal(reply: HookReply): boolean {
  return reply.kind === 'status' && reply.status >= 400 && reply.status < 500 && !NOT_A_REFUSAL.has(reply.status);
}

function retryAfterSeconds(reply: HookReply): number {
  const asked = reply.kind === 'status' ? reply.retryAfterMs : null;
  if (asked === null) return DEFAULT_RETRY_AFTER_SECONDS;
  return Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(asked / 1000)));
}
