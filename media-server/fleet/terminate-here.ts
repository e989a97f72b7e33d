import type { Clock } from '../../process/clock.ts';
import type { DenyList } from '../streams/deny.ts';
import { matchStreams } from '../streams/filter.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { SessionRegistry } from '../streams/session-registry.ts';
import type { Ended, EndOptions, Terminator } from '../streams/terminate.ts';
import type { Answer, Question } from './messages.ts';
import type { Orders } from './orders.ts';

export type TerminateHereDeps = {
  readonly registry: StreamRegistry;
  readonly sessions: SessionRegistry;
  readonly terminator: Terminator;
  readonly deny: DenyList;
  readonly orders: Orders;
  readonly clock: Clock;
};

/** Ends a session of this pod with its streams. */
export async function disconnectHere(
  { orders, sessions, terminator }: Pick<TerminateHereDeps, 'orders' | 'sessions' | 'terminator'>,
  { order, sessionId }: Question<'disconnect'>,
): Promise<Answer<'disconnect'>> {
  const session = sessions.get(sessionId);
  const ending = session && terminator.endSession(session, 'disconnect', { order });
  orders.carriedOut(order);
  const ended = await ending;
  return { matchedIds: session ? [session.id] : [], terminated: ended?.failed === 0 ? 1 : 0, ...faultOf(ended) };
}

/** Ends the streams of this pod that match. Denials come first: a client must not start its stream again in between. */
export async function terminateHere(
  deps: TerminateHereDeps,
  { denials, denyForMs, dryRun, filter, order }: Question<'terminate'>,
  options: Pick<EndOptions, 'isResource'> = {},
): Promise<Answer<'terminate'>> {
  const orderedAt = deps.clock.monotonic();
  const streams = matchStreams(deps.registry, filter);
  const matchedIds = streams.map(({ id }) => id);
  if (dryRun) return { matchedIds, terminated: 0, denied: 0, denials: [] };
  for (const denial of denials) deps.deny.add(denial);
  const own = denyForMs === 0 ? [] : streams.flatMap((stream) => deps.deny.denialOf(stream, denyForMs) ?? []);
  const denied = own.filter((denial) => deps.deny.add(denial));
  const ending = deps.terminator.endAll(streams, 'rest', {
    ...options,
    orderedAt,
    ...(order === undefined ? {} : { order }),
  });
  if (order !== undefined) deps.orders.carriedOut(order);
  const ended = await ending;
  return { matchedIds, terminated: ended.ended, denied: denied.length, denials: denied, ...faultOf(ended) };
}

/** What kept some of the streams from being closed, or their viewers from being told. */
function faultOf(ended: Ended | null | undefined): { readonly error?: string } {
  if (!ended) return {};
  const { failed, untold } = ended;
  const faults = [
    ...(failed > 0 ? [`${failed} of ${ended.ended + failed} streams could not be closed`] : []),
    ...(untold.length > 0 ? [`${untold.join(', ')} did not confirm that its viewers were told`] : []),
  ];
  return faults.length === 0 ? {} : { error: faults.join('; ') };
}

/** The denials that `terminateHere` would make. */
export function denialsHere(
  { deny, registry }: Pick<TerminateHereDeps, 'deny' | 'registry'>,
  { denyForMs, filter }: Question<'denials'>,
): Answer<'denials'> {
  return { denials: matchStreams(registry, filter).flatMap((stream) => deny.denialOf(stream, denyForMs) ?? []) };
}
