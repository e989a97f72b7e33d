// The chart preloads this file (`node --import`). `@kubernetes/client-node` imports a model of every kind, which takes
// 50 MiB. The operator uses none of them; its KubeConfig needs only two small files (docs/decisions/0003).
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const isModels = specifier === './gen/index.js' && context.parentURL?.endsWith('/client-node/dist/config.js');
    if (!isModels) return next(specifier, context);
    return { url: new URL('./models.ts', import.meta.url).href, shortCircuit: true };
  },
});
