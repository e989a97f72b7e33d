import { randomUUID } from 'node:crypto';
import { combine, type FleetAnswer } from './combine.ts';
import { recordOrder, type TerminateDeps } from './terminate.ts';

/** Ends a session with its streams, wherever it is, and writes an audit log line. The answer counts sessions. */
export async function disconnect(deps: TerminateDeps, sessionId: string, caller: string): Promise<FleetAnswer> {
  const replies = await deps.fleet.all('disconnect', { sessionId, order: randomUUID() });
  const answer = combine(replies, [sessionId]);
  recordOrder(deps, { caller, scope: 'fleet', filter: { sessionId }, cause: 'disconnect' }, answer);
  return answer;
}
