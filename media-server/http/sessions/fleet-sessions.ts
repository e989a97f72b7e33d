import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Direction } from '../../../crds/schema/stream.ts';
import type { Clock } from '../../../process/clock.ts';
import type { Stream } from '../../streams/stream.ts';
import type { Terminator } from '../../streams/terminate.ts';
import { type FleetSessions, forwardToFirst, type Origin } from './forward.ts';
import type { Resources } from './resources.ts';
import { followStream, forClient } from './session-events.ts';
import { noSuchSession, type SessionRoutes } from './session-routes.ts';

export type FleetSessionsDeps = {
  readonly resources: Resources;
  readonly terminator: Terminator;
  /** Opaque id of this pod in Location URLs. */
  readonly podId: string;
  readonly clock: Clock;
  /** Where a request comes from. */
  readonly originOf: (request: FastifyRequest) => Origin;
  /** null for requests that another pod has handed on: they are not handed on again. */
  readonly fleetSessions: FleetSessions | null;
};

/** How long the pod that holds a session may take to answer. */
const FORWARD_MS = 2_000;
const HEARTBEAT_MS = 15_000;

type Params = { podId: string; secret: string };

/** Sessions of WHIP and WHEP. Any pod takes requests for the sessions of all pods. */
export function fleetSessions(direction: Direction, deps: FleetSessionsDeps): SessionRoutes {
  const { clock, originOf, terminator } = deps;
  return {
    direction,
    path: '/:appKey/:name/:podId/:secret',
    terminator,
    held: (handle) => (request, reply) => {
      if (isElsewhere(deps, request)) return forwardToHolder(deps, request, reply);
      return handle(findStream(deps, direction, request), request, reply);
    },
    follow: (stream, reply) => {
      followStream(stream, reply, { clock, describe: forClient, heartbeatMs: HEARTBEAT_MS, onClose: () => undefined });
    },
    prefixOf: (request) => originOf(request).prefix,
  };
}

const isElsewhere = ({ podId }: FleetSessionsDeps, { params }: FastifyRequest): boolean =>
  (params as Params).podId !== podId;

/** Throws a 404 for a pod that is not in the fleet. */
async function forwardToHolder(
  deps: FleetSessionsDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const holder = deps.fleetSessions?.forwarding.podById((request.params as Params).podId);
  if (!deps.fleetSessions || !holder) throw noSuchSession();
  const { forwarding } = deps.fleetSessions;
  const options = { forwarding, origin: deps.originOf(request), timeoutMs: FORWARD_MS };
  // Only offers are sent back.
  if (!(await forwardToFirst([holder], request, reply, options))) throw noSuchSession();
  return reply;
}

function findStream({ resources }: FleetSessionsDeps, direction: Direction, { params }: FastifyRequest): Stream {
  const stream = resources.get((params as Params).secret);
  if (stream?.direction === direction) return stream;
  throw noSuchSession();
}
