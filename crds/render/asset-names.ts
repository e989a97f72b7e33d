import type { HookConfig, ServerConfig } from '../schema/server-config.ts';

/** The names of all assets in a config. */
export function assetNames({ hooks, rest, webSdk }: ServerConfig): string[] {
  const auth = rest.auth?.type === 'tokens' ? rest.auth.tokens.map(({ token }) => token) : [];
  const basic = rest.auth?.type === 'basic' ? [rest.auth.username, rest.auth.password] : [];
  const certificates = [rest.https, webSdk?.https].flatMap((https) => (https ? [https.certificate, https.key] : []));
  return [...auth, ...basic, ...certificates, ...hooks.flatMap(hookAssetNames)];
}

/** The names of the credentials and the CA bundle of one hook. */
export function hookAssetNames({ auth, tls }: Pick<HookConfig, 'auth' | 'tls'>): string[] {
  const { type: _type, ...names } = auth;
  return [...Object.values(names).flat(), ...(tls.ca === undefined ? [] : [tls.ca])];
}
