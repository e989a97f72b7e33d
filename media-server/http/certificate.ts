import { createSecureContext } from 'node:tls';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { UserFault } from '../../process/user-fault.ts';

export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

/** Names of the assets that hold a certificate and its key. */
type CertificateAssets = { readonly certificate: string; readonly key: string };

/** The certificate of the https listener; null without https. Throws a `UserFault` if it and the key do not match. */
export function restCertificate(bundle: ConfigBundle): Certificate | null {
  return certificateOf(bundle, bundle.config.rest.https, 'spec.rest.https.certificateRef');
}

/** The certificate of the https listener of the Web SDK, as `restCertificate`. */
export function webSdkCertificate(bundle: ConfigBundle): Certificate | null {
  return certificateOf(bundle, bundle.config.webSdk?.https, 'spec.webSdk.https.certificateRef');
}

function certificateOf(
  { assets }: ConfigBundle,
  https: CertificateAssets | undefined,
  field: string,
): Certificate | null {
  const cert = https && assets.get(https.certificate);
  const key = https && assets.get(https.key);
  if (!cert || !key) return null;
  try {
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserFault(`${field}: the certificate and key cannot be used: ${reason}`, {
      cause: error,
    });
  }
}
