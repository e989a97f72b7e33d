import type { MediaServerSpec } from '../../crds/schema/media-server.ts';
import { WEB_SDK_PATH } from '../../crds/schema/web-sdk.ts';

export type Path = { readonly path: string; readonly type: 'Exact' | 'Prefix' };

const SIGNALLING: readonly Path[] = [
  { path: '/whip', type: 'Prefix' },
  { path: '/whep', type: 'Prefix' },
];
const PAGES: readonly Path[] = ['/publish', '/play', '/console'].map((path) => ({ path, type: 'Exact' }));
const ASSETS: Path = { path: '/web', type: 'Prefix' };
/** Includes `/?action=stat` of WCS, which reports load and requires the credentials of the REST API. */
const INDEX: Path = { path: '/', type: 'Exact' };

/** The paths that an ingress exposes. The REST API is included only with `authRef` or `allowAnonymous`. */
export function publicPaths({ rest, webSdk }: MediaServerSpec): Path[] {
  const api: Path[] = rest.authRef || rest.allowAnonymous ? [INDEX, { path: '/rest-api', type: 'Prefix' }] : [];
  const sockets: Path[] = webSdk ? [{ path: WEB_SDK_PATH, type: 'Prefix' }] : [];
  return [...SIGNALLING, ...sockets, ...PAGES, ASSETS, ...api];
}
