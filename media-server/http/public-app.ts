import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { WEB_SDK_PATH } from '../../crds/schema/web-sdk.ts';
import type { Log } from '../../process/logger.ts';
import { refuseOtherTypes } from './content-type.ts';
import { allowOrigins, type OriginsOf } from './cors.ts';
import { HttpError } from './errors.ts';
import { newApp } from './new-app.ts';
import { openApi } from './openapi.ts';
import { type AppRoutesDeps, appRoutes } from './rest/app-routes.ts';
import { authenticate } from './rest/auth.ts';
import { type ConnectionRoutesDeps, connectionRoutes } from './rest/connection-routes.ts';
import { CpuLoad } from './rest/cpu-load.ts';
import { type PullRoutesDeps, rtmpPullRoutes, rtspRoutes } from './rest/pull-routes.ts';
import { type StatDeps, sendStatistics } from './rest/stat-routes.ts';
import { type StreamRoutesDeps, streamRoutes } from './rest/stream-routes.ts';
import { originOf } from './sessions/forward.ts';
import type { OfferRoutesDeps } from './sessions/offer-routes.ts';
import { type WhepDeps, whepRoutes } from './sessions/whep-routes.ts';
import { type WhipDeps, whipRoutes } from './sessions/whip-routes.ts';
import { webRoutes } from './web-routes.ts';

export type PublicAppDeps = AppRoutesDeps &
  Omit<ConnectionRoutesDeps, 'callerOf'> &
  Omit<PullRoutesDeps, 'callerOf'> &
  StatDeps &
  SessionAppDeps &
  Omit<StreamRoutesDeps, 'callerOf' | 'refusesEmptyFilter'> & { readonly version: string };

/** What WHIP and WHEP need. */
export type SessionAppDeps = Omit<WhepDeps & WhipDeps, 'sentBackBy'> & {
  /** The current config. */
  readonly config: () => ConfigBundle;
  readonly log: Log;
};

/** The application behind the public ports (8081 and 8444), without a listener. */
export async function buildPublicApp(deps: PublicAppDeps): Promise<FastifyInstance> {
  const app = await newAppOf(deps);
  await app.register(swagger, openApi(deps.version));
  await app.register((scope) => restRoutes(scope, deps), { prefix: '/rest-api' });
  await app.register((scope) => mediaRoutes(scope, { ...deps, sentBackBy: null }));
  await app.register((scope) => webRoutes(scope, { statistics: statistics(deps) }));
  // A reload does not switch the Web SDK on or off.
  if (deps.config().config.webSdk) requireUpgrade(app);
  return app;
}

/** The same WHIP and WHEP for requests that other pods hand on, without a listener. */
export async function buildForwardedApp(deps: SessionAppDeps): Promise<FastifyInstance> {
  const app = await newAppOf(deps);
  await mediaRoutes(app, { ...deps, fleetSessions: null, sentBackBy: deps.fleetSessions?.placement ?? null, originOf });
  return app;
}

async function newAppOf(deps: SessionAppDeps): Promise<FastifyInstance> {
  const origins: OriginsOf = (path) => originsOf(path, deps.config());
  const app = newApp(deps, origins);
  await allowOrigins(app, origins);
  return app;
}

/** `/` is the statistics page. The pages and what they load are for their own origin. */
function originsOf(path: string, { config: { rest } }: ConfigBundle): readonly string[] {
  if (path === '/' || path.startsWith('/rest-api/')) return rest.corsOrigins;
  return /^\/wh[ie]p\//.test(path) ? rest.allowedOrigins : [];
}

/** Answers requests to the path of sockets that are not upgrades (RFC 9110 §15.5.22 and §7.8). */
function requireUpgrade(app: FastifyInstance): void {
  const headers = { connection: 'upgrade', upgrade: 'websocket' };
  const refuse = async (): Promise<never> => {
    throw new HttpError(426, 'this path takes WebSockets of the Web SDK only', { headers });
  };
  for (const path of [WEB_SDK_PATH, `${WEB_SDK_PATH}/*`]) app.get(path, { schema: { hide: true } }, refuse);
}

async function restRoutes(app: FastifyInstance, deps: PublicAppDeps): Promise<void> {
  const callers = new WeakMap<FastifyRequest, string>();
  refuseOtherTypes(app, () => 'application/json');
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'OPTIONS') callers.set(request, authenticate(request, deps.config()));
  });
  const callDeps = {
    ...deps,
    refusesEmptyFilter: () => deps.config().config.rest.emptyFilter === 'Refuse',
    callerOf: (request: FastifyRequest) => callers.get(request) ?? 'anonymous',
  };
  await app.register((scope) => streamRoutes(scope, callDeps), { prefix: '/stream' });
  await app.register((scope) => connectionRoutes(scope, callDeps), { prefix: '/connection' });
  await app.register((scope) => appRoutes(scope, deps), { prefix: '/app' });
  await app.register((scope) => rtspRoutes(scope, callDeps), { prefix: '/rtsp' });
  await app.register((scope) => rtmpPullRoutes(scope, callDeps), { prefix: '/pull/rtmp' });
  app.get('/openapi.json', { schema: { hide: true } }, (request) => {
    const { prefix } = deps.originOf(request);
    return prefix === '' ? app.swagger() : { ...app.swagger(), servers: [{ url: prefix }] };
  });
}

async function mediaRoutes(
  app: FastifyInstance,
  deps: SessionAppDeps & Pick<OfferRoutesDeps, 'sentBackBy'>,
): Promise<void> {
  await app.register((scope) => whipRoutes(scope, deps), { prefix: '/whip' });
  await app.register((scope) => whepRoutes(scope, deps), { prefix: '/whep' });
}

/** The statistics page is as private as the API. */
function statistics(deps: PublicAppDeps) {
  const cpuLoad = new CpuLoad();
  return (request: FastifyRequest, reply: FastifyReply) => {
    authenticate(request, deps.config());
    return sendStatistics(request, reply, { ...deps, cpuLoad });
  };
}
