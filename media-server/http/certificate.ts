import { createSecureContext } from 'node:tls';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { UserFault } from '../../process/user-fault.ts';

export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

/** The certificate of the https listener; null without https. Throws a `UserFault` if it and the key do not match. */
export function certificateOf({ assets, config }: ConfigBundle): Certificate | null {
  const { https } = config.rest;
  const cert = https && assets.get(https.certificate);
  const key = https && assets.get(https.key);
  if (!cert || !key) return null;
  try {
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserFault(`spec.rest.https.certificateRef: the certificate and key cannot be used: ${reason}`, {
      cause: error,
    });
  }
}
