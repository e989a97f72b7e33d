import { X509Certificate } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** Checks an asset before it is used. Returns a fault in words, or null. */
type Check = (text: string) => string | null;

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Checks a CA bundle. TLS accepts any text as a bundle and would later reject every backend. */
export const caBundleFault: Check = (text) => {
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  return certificates.length > 0 && certificates.every(isCertificate) ? null : 'must be certificates in PEM';
};

/** Checks a secret of Standard Webhooks. */
export const signingSecretFault: Check = (text) =>
  throws(() => new Webhook(text)) ? 'must be base64, with or without the prefix whsec_' : null;

/** Checks text that is put into a header unchanged (RFC 9110 §5.5). */
export const tokenFault: Check = (text) => (/^[\x21-\x7e]+$/.test(text) ? null : 'must be visible ASCII characters');

const isCertificate = (pem: string): boolean => !throws(() => new X509Certificate(pem));

function throws(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}
