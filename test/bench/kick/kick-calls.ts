import { UserFault } from '../../../process/user-fault.ts';
import type { Call, Target } from './options.ts';
import { sessionIdsOf } from './session-ids.ts';

/** How long a server may take to answer a call, in milliseconds. */
const ANSWER_MS = 30_000;

/**
 * Returns the ids of the sessions that are listed while nobody plays, none without a list. A server may answer 404
 * then. Throws `UserFault` if the list cannot be had.
 */
export async function idsBefore({ headers, list }: Target): Promise<readonly string[]> {
  if (list === null) return [];
  const { status, text } = await send('--list', list.call, headers, [404]);
  return status === 404 ? [] : sessionIdsOf(parsed(text), list);
}

/**
 * Returns the calls that end all players: one, or one for each listed session. Sessions of others, which were listed
 * `before` the players joined, are left alone. Throws `UserFault` if the list cannot be had, or if its other sessions
 * cannot be exactly those of the players.
 */
export async function kickCallsOf(target: Target, players: number, before: readonly string[]): Promise<Call[]> {
  const { headers, kick, list } = target;
  if (list === null) return [kick];
  const { text } = await send('--list', list.call, headers);
  const ids = sessionIdsOf(parsed(text), list).filter((id) => !before.includes(id));
  if (ids.length < players) throw new UserFault(`--list: lists ${ids.length} sessions of ${players} players`);
  if (ids.length > players) {
    const others = ids.length - players;
    throw new UserFault(`--list: ${others} sessions of others have begun meanwhile, and would be kicked; try --where`);
  }
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

/** Sends a call. Throws `UserFault` for an answer that is neither 2xx nor one of these statuses. */
async function send(
  option: string,
  { body, method, url }: Call,
  headers: Target['headers'],
  statuses: readonly number[] = [],
): Promise<{ readonly status: number; readonly text: string }> {
  const type = body === null ? {} : { 'content-type': 'application/json' };
  const what = `${option}: ${method} ${url}`;
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, { method, body, headers: { ...type, ...headers }, signal });
    const text = await response.text();
    if (response.ok || statuses.includes(response.status)) return { status: response.status, text };
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
