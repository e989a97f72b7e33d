import type { FastifyInstance } from 'fastify';
import type { Log } from '../../../process/logger.ts';
import { CAPTURES_PREFIX } from '../../fleet/internal-listener.ts';
import { newApp } from '../new-app.ts';
import { type CaptureRoutesDeps, captureRoutes } from './capture-routes.ts';

/** The application for capture programs on the internal listener, without a listener. */
export async function buildCaptureApp(deps: CaptureRoutesDeps & { readonly log: Log }): Promise<FastifyInstance> {
  const app = newApp(deps);
  await app.register((scope) => captureRoutes(scope, deps), { prefix: CAPTURES_PREFIX });
  return app;
}
