import { UserFault } from '../../../process/user-fault.ts';
import type { Call, Target } from './options.ts';
import { sessionIdsOf } from './session-ids.ts';

/** How long a server may take to answer a call, in milliseconds. */
const ANSWER_MS = 30_000;

/**
 * Returns the calls that end all players: one, or one for each listed session. Throws `UserFault` if the list cannot be
 * had, or has fewer sessions than there are players.
 */
export async function kickCallsOf({ headers, kick, list }: Target, players: number): Promise<Call[]> {
  if (list === null) return [kick];
  const answer = await send('--list', list.call, headers);
  const ids = sessionIdsOf(parsed(answer), list);
  if (ids.length < players) throw new UserFault(`--list: lists ${ids.length} sessions of ${players} players`);
  return ids.map((id) => ({
    ...kick,
    url: kick.url.replaceAll('{id}', () => encodeURIComponent(id)),
    body: kick.body?.replaceAll('{id}', () => JSON.stringify(id).slice(1, -1)) ?? null,
  }));
}

/** Sends the calls, so many at a time. Throws `UserFault` for an answer that is not 2xx. */
export async function sendKicks(calls: readonly Call[], { headers }: Target, concurrency: number): Promise<void> {
  const left = calls.values();
  const sendSome = async (): Promise<void> => {
    for (const call of left) await send('--kick', call, headers);
  };
  await Promise.all(Array.from({ length: concurrency }, sendSome));
}

async function send(option: string, { body, method, url }: Call, headers: Target['headers']): Promise<string> {
  const type = body === null ? {} : { 'content-type': 'application/json' };
  const what = `${option}: ${method} ${url}`;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, { method, body, headers: { ...type, ...headers }, signal });
    const text = await response.text();
    if (response.ok) return text;
    throw new UserFault(`${what} answered ${response.status} ${text}`.trim());
  } catch (error) {
    if (error instanceof UserFault) throw error;
    throw new UserFault(`${what} failed: ${reasonOf(error)}`, { cause: error });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserFault(`--list: the answer is not JSON: ${text.slice(0, 200)}`, { cause });
  }
}

/** `fetch` says only "fetch failed"; its cause says why. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
