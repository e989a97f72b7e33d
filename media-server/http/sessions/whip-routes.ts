import type { FastifyInstance } from 'fastify';
import type { SessionOutcome, SessionRequest } from '../../sessions/session.ts';
import { extensionLink } from './link-headers.ts';
import { type OfferRoutesDeps, offerRoutes } from './offer-routes.ts';
import { sessionRoutes } from './session-routes.ts';

export type WhipDeps = OfferRoutesDeps & { readonly publish: (request: SessionRequest) => Promise<SessionOutcome> };

/** WHIP, RFC 9725: publications. */
export async function whipRoutes(app: FastifyInstance, deps: WhipDeps): Promise<void> {
  offerRoutes(app, deps, {
    start: deps.publish,
    direction: 'publish',
    describe: (reply) => reply.code(204),
    extensions: (location) => [
      extensionLink(`${location}/events`, 'urn:sluice:params:whip:ext:server-sent-events', { events: 'status' }),
    ],
  });
  sessionRoutes(app, 'publish', deps);
}
