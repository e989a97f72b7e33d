import type { EndedLog } from '../streams/ended-log.ts';
import { matchStreams } from '../streams/filter.ts';
import type { Session } from '../streams/session.ts';
import type { Stream } from '../streams/stream.ts';
import { connectionObject, findObject } from '../streams/stream-object.ts';
import type { PeerAnswers } from './ask.ts';
import type { Joining } from './joining.ts';
import type { Membership } from './membership.ts';
import type { Knowledge, Question } from './messages.ts';
import type { Names } from './names.ts';
import { denialsHere, disconnectHere, type TerminateHereDeps, terminateHere } from './terminate-here.ts';

export type AnswersDeps = TerminateHereDeps & {
  readonly ended: EndedLog;
  readonly nodeId: string;
  readonly membership: Membership;
  readonly knowledge: () => Knowledge;
  readonly names: () => Names;
  readonly joining: () => Joining;
};

/** What this pod answers about its own streams, to its own REST API and to other pods. */
export function peerAnswers(deps: AnswersDeps): PeerAnswers {
  return {
    join: ({ roster, ...knowledge }, from) => {
      deps.membership.offer(roster);
      deps.joining().wasJoinedBy(from, knowledge);
      return deps.knowledge();
    },
    terminate: (question) => terminateHere(deps, question),
    disconnect: (question) => disconnectHere(deps, question),
    denials: (question) => denialsHere(deps, question),
    deny: ({ denials }) => {
      for (const denial of denials) deps.deny.add(denial);
      return {};
    },
    find: async ({ filter, metrics }) => ({
      found: await Promise.all(matchStreams(deps.registry, filter).map((stream) => describe(deps, stream, metrics))),
    }),
    connections: ({ filter }) => ({
      found: matchSessions(deps, filter).map((session) => ({ ...connectionObject(session, deps.nodeId) })),
    }),
    ended: () => ({ found: [...deps.ended.all()] }),
    claim: (question) => deps.names().answerClaim(question),
    holds: ({ id }) => ({ isHeld: deps.registry.get(id) !== undefined }),
    live: (question) => deps.names().answerLive(question),
  };
}

async function describe({ nodeId }: AnswersDeps, stream: Stream, withMetrics: boolean) {
  const object = findObject(stream, nodeId);
  if (!withMetrics) return object;
  // A transport that closes meanwhile has no metrics.
  const metrics = await stream.leg?.metrics().catch(() => null);
  return metrics ? { ...object, bitrate: Math.round(metrics.bitrate), metrics } : object;
}

function matchSessions({ sessions }: AnswersDeps, filter: Question<'connections'>['filter']): Session[] {
  const { appKey, clientVersion, sessionId } = filter;
  return [...sessions.all()].filter(
    (session) =>
      (sessionId === undefined || session.id === sessionId) &&
      (appKey === undefined || session.appKey === appKey) &&
      (clientVersion === undefined || session.client.version === clientVersion),
  );
}
