import type { FastifyInstance } from 'fastify';
import type { SessionOutcome, SessionRequest } from '../sessions/session.ts';
import { type OfferRoutesDeps, offerRoutes } from './offer-routes.ts';
import { sessionRoutes } from './session-routes.ts';

export type WhepDeps = OfferRoutesDeps & { readonly play: (request: SessionRequest) => Promise<SessionOutcome> };

/** WHEP, draft-ietf-wish-whep: playbacks. The client offers. */
export async function whepRoutes(app: FastifyInstance, deps: WhepDeps): Promise<void> {
  offerRoutes(app, deps, {
    start: deps.play,
    extensions: (location) => [
      `<${location}/events>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="status,layers"`,
      `<${location}/layer>; rel="urn:ietf:params:whep:ext:core:layer"`,
    ],
  });
  sessionRoutes(app, 'play', deps);
}
