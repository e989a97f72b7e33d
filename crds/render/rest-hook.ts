import { parseDurationMs } from '../schema/duration.ts';
import type { RestHookSpec } from '../schema/rest-hook.ts';
import type { HookAuth, HookConfig } from '../schema/server-config.ts';
import type { Resource } from '../validate/resource.ts';
import { signingSecretFault, tokenFault } from './asset-checks.ts';
import { type Assets, UnusableAsset } from './assets.ts';

/** Renders a RestHook. Returns a text if one of its references does not resolve or cannot be used. */
export function renderHook({ metadata, spec }: Resource<RestHookSpec>, assets: Assets): HookConfig | string {
  try {
    const ca = spec.tls.caBundleRef && assets.caBundle(spec.tls.caBundleRef.name);
    return {
      name: metadata.name,
      url: spec.url,
      methods: spec.methods,
      timeoutMs: parseDurationMs(spec.timeout) ?? 0,
      retries: spec.retries,
      maxConnections: spec.maxConnections,
      auth: renderAuth(spec.auth, assets),
      tls: { ...(ca === undefined ? {} : { ca }), insecureSkipVerify: spec.tls.insecureSkipVerify },
    };
  } catch (error) {
    if (error instanceof UnusableAsset) return `RestHook "${metadata.name}": ${error.message}`;
    throw error;
  }
}

function renderAuth({ secretRef, type }: RestHookSpec['auth'], assets: Assets): HookAuth {
  const secret = secretRef?.name ?? '';
  switch (type) {
    case 'none':
      return { type };
    case 'basic':
      return { type, username: assets.secretKey(secret, 'username'), password: assets.secretKey(secret, 'password') };
    case 'bearer':
      return { type, token: assets.secretKey(secret, 'token', tokenFault) };
    case 'standardWebhooks':
      return {
        type,
        secrets: assets.secretKeys(secret).map((key) => assets.secretKey(secret, key, signingSecretFault)),
      };
    case 'wcsHmacMd5':
      return { type, key: assets.secretKey(secret, 'key') };
    default:
      return type satisfies never;
  }
}
