import type { FastifyInstance } from 'fastify';
import type { App } from '../apps/app.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import { HttpError } from './errors.ts';

export type AppRoutesDeps = { readonly apps: { all(): readonly App[] }; readonly registry: StreamRegistry };

/** `/rest-api/app/find_all`: the apps with their hooks (WCS's `show apps`). */
export async function appRoutes(app: FastifyInstance, deps: AppRoutesDeps): Promise<void> {
  const findAll = async () => {
    const apps = deps.apps.all();
    if (apps.length === 0) throw new HttpError(404, 'there is no app');
    return apps.map(({ config, hook, unresolved }) => ({
      name: config.name,
      appKey: config.appKey,
      restHook: hook?.config.name ?? '',
      url: hook?.config.url ?? '',
      methods: hook?.config.methods.map(({ name }) => name) ?? [],
      keepAlive: config.keepAlive,
      publications: deps.registry.count(config.appKey, 'publish'),
      playbacks: deps.registry.count(config.appKey, 'play'),
      ...(unresolved === null ? {} : { unresolved }),
    }));
  };
  const schema = { summary: 'All apps with key, hook URL and methods' };
  app.get('/find_all', { schema, handler: findAll });
  app.post('/find_all', { schema, handler: findAll });
}
