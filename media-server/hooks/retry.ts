import { type Clock, sleep } from '../../process/clock.ts';
import type { HookReply } from './session-hooks.ts';

const BASE_MS = 200;
const CAP_MS = 2_000;
const RETRIED_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/** Retries a call whose connection failed or whose answer was 502, 503 or 504, up to `retries` times. */
export async function withRetries(
  retries: number,
  deps: { readonly clock: Clock; readonly signal: AbortSignal },
  call: () => Promise<HookReply>,
): Promise<HookReply> {
  let reply = await call();
  for (let attempt = 0; attempt < retries && isRetried(reply) && !deps.signal.aborted; attempt++) {
    await sleep(deps.clock, pauseMs(reply, attempt, deps.clock.random()), deps.signal);
    if (deps.signal.aborted) break;
    reply = await call();
  }
  return reply;
}

function isRetried(reply: HookReply): boolean {
  if (reply.kind === 'status') return RETRIED_STATUSES.has(reply.status);
  return reply.failure === 'refused' || reply.failure === 'reset' || reply.failure === 'dns';
}

/** Exponential backoff with full jitter; `Retry-After` is honoured up to the cap. */
function pauseMs(reply: HookReply, attempt: number, random: number): number {
  const asked = reply.kind === 'status' ? (reply.retryAfterMs ?? 0) : 0;
  const backoff = random * Math.min(CAP_MS, BASE_MS * 2 ** attempt);
  return Math.min(CAP_MS, Math.max(asked, backoff));
}
