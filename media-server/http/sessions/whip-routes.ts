import type { FastifyInstance } from 'fastify';
import type { StreamOutcome } from '../../sessions/requests.ts';
import type { SingleRequest } from '../../sessions/single.ts';
import { fleetSessions } from './fleet-sessions.ts';
import { extensionLink } from './link-headers.ts';
import { type OfferRoutesDeps, offerRoutes } from './offer-routes.ts';
import { sessionRoutes } from './session-routes.ts';

export type WhipDeps = OfferRoutesDeps & { readonly whip: (request: SingleRequest) => Promise<StreamOutcome> };

/** Announces the event stream of a publication. */
export const eventsLink = (location: string): string =>
  extensionLink(`${location}/events`, 'urn:sluice:params:whip:ext:server-sent-events', { events: 'status' });

/** WHIP, RFC 9725: publications. */
export async function whipRoutes(app: FastifyInstance, deps: WhipDeps): Promise<void> {
  offerRoutes(app, deps, {
    start: deps.whip,
    direction: 'publish',
    describe: (reply) => reply.code(204),
    extensions: (location) => [eventsLink(location)],
  });
  sessionRoutes(app, fleetSessions('publish', deps));
}
