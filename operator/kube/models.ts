// In place of the models of `@kubernetes/client-node` (without-models.ts): all that its KubeConfig imports from there.
export { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
export { ServerConfiguration } from '@kubernetes/client-node/dist/gen/servers.js';
