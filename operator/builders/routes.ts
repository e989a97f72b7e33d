import type { MediaServerSpec } from '../../crds/schema/media-server.ts';

export type Path = { readonly path: string; readonly type: 'Exact' | 'Prefix' };

const SIGNALLING: readonly Path[] = [
  { path: '/whip', type: 'Prefix' },
  { path: '/whep', type: 'Prefix' },
];
const PAGES: readonly Path[] = ['/publish', '/play', '/console'].map((path) => ({ path, type: 'Exact' }));
const ASSETS: Path = { path: '/web', type: 'Prefix' };
/** Also WCS's `/?action=stat`: it tells how much goes on, and asks for the credentials of the REST API. */
const INDEX: Path = { path: '/', type: 'Exact' };

/** What an ingress carries. The REST API only when it asks who calls, or when the user says that it need not. */
export function publicPaths({ rest }: MediaServerSpec): Path[] {
  const api: Path[] = rest.authRef || rest.allowAnonymous ? [INDEX, { path: '/rest-api', type: 'Prefix' }] : [];
  return [...SIGNALLING, ...PAGES, ASSETS, ...api];
}
