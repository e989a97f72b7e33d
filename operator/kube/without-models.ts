// Preloaded (`node --import`) by the chart: `@kubernetes/client-node` comes with a model of every kind, of which the operator
// uses none, and which take 50 MiB. What its KubeConfig wants of them is in two small files (docs/decisions/0003).
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    const isModels = specifier === './gen/index.js' && context.parentURL?.endsWith('/client-node/dist/config.js');
    if (!isModels) return next(specifier, context);
    return { url: new URL('./models.ts', import.meta.url).href, shortCircuit: true };
  },
});
