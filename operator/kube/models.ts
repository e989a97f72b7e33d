// Replaces the models of `@kubernetes/client-node` (without-models.ts) with the exports that its KubeConfig imports.
export { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
export { ServerConfiguration } from '@kubernetes/client-node/dist/gen/servers.js';
