import type { FastifyInstance } from 'fastify';
import type { StreamOutcome } from '../../sessions/requests.ts';
import type { SingleRequest } from '../../sessions/single.ts';
import { SDP_TYPE } from '../content-type.ts';
import { fleetSessions } from './fleet-sessions.ts';
import { extensionLink } from './link-headers.ts';
import { type OfferRoutesDeps, offerRoutes } from './offer-routes.ts';
import { sessionRoutes } from './session-routes.ts';

export type WhepDeps = OfferRoutesDeps & { readonly whep: (request: SingleRequest) => Promise<StreamOutcome> };

/** WHEP, draft-ietf-wish-whep: playbacks. The client offers. */
export async function whepRoutes(app: FastifyInstance, deps: WhepDeps): Promise<void> {
  offerRoutes(app, deps, {
    start: deps.whep,
    direction: 'play',
    // 200, since a 204 has no Content-Type.
    describe: (reply) => reply.code(200).type(SDP_TYPE),
    extensions: (location) => [
      extensionLink(`${location}/events`, 'urn:ietf:params:whep:ext:core:server-sent-events', {
        events: 'status,layers',
      }),
      extensionLink(`${location}/layer`, 'urn:ietf:params:whep:ext:core:layer'),
    ],
  });
  sessionRoutes(app, fleetSessions('play', deps));
}
