import type { HookMethodConfig } from '../../crds/schema/server-config.ts';
import type { Hook } from '../../media-server/hooks/hook.ts';
import { hookLayer } from '../../media-server/hooks/method-config.ts';

/** A hook that lists these methods and must not be called. */
export function fakeHook(methods: HookMethodConfig[], timeoutMs = 5_000): Hook {
  return {
    config: {
      name: 'backend',
      url: 'http://127.0.0.1:1/api',
      methods,
      timeoutMs,
      retries: 1,
      maxConnections: 256,
      auth: { type: 'none' },
      tls: { insecureSkipVerify: false },
    },
    layer: hookLayer(methods),
    lists: (method) => methods.some(({ name }) => name === method),
    post: () => Promise.reject(new Error('not asked for')),
    health: () => ({ lastSuccessAt: 0, lastFailureAt: 0, recentCalls: 0, recentFailures: 0 }),
    close: () => undefined,
  };
}
