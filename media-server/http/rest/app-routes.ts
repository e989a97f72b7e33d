import type { FastifyInstance } from 'fastify';
import type { ConfigBundle } from '../../../crds/schema/server-config.ts';
import type { App } from '../../apps/app.ts';
import { describeKeepAlive } from '../../keepalive/policy.ts';
import type { StreamRegistry } from '../../streams/registry.ts';
import { HttpError } from '../errors.ts';
import { bodyMayBeAbsent, NO_INPUT } from './input.ts';

export type AppRoutesDeps = {
  readonly apps: { all(): readonly App[] };
  readonly registry: StreamRegistry;
  readonly config: () => ConfigBundle;
};

/** `/rest-api/app/find_all`: the apps with their hooks (WCS's `show apps`). */
export async function appRoutes(app: FastifyInstance, deps: AppRoutesDeps): Promise<void> {
  const findAll = async () => {
    const apps = deps.apps.all();
    if (apps.length === 0) throw new HttpError(404, 'no app found');
    return apps.map(({ config, hook, unresolved }) => ({
      name: config.name,
      appKey: config.appKey,
      restHook: hook?.config.name ?? '',
      url: hook?.config.url ?? '',
      methods: hook?.config.methods.map(({ name }) => name) ?? [],
      keepAlive: { ...config.keepAlive, ...describeKeepAlive(deps.config().config.keepAlive, { config, hook }) },
      publications: deps.registry.count(config.appKey, 'publish'),
      playbacks: deps.registry.count(config.appKey, 'play'),
      ...(unresolved === null ? {} : { unresolved }),
    }));
  };
  const schema = { summary: 'All apps with key, hook URL and methods', querystring: NO_INPUT };
  app.get('/find_all', { schema, handler: findAll });
  app.post('/find_all', { schema: { ...schema, body: NO_INPUT }, preValidation: bodyMayBeAbsent, handler: findAll });
}
