import { X509Certificate } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** What can be known of an asset before it is used: a finding in words, or null. */
type Check = (text: string) => string | null;

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** TLS takes anything for a CA bundle, and would refuse every backend later. */
export const caBundleFault: Check = (text) => {
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  return certificates.length > 0 && certificates.every(isCertificate) ? null : 'expected certificates in PEM';
};

/** A secret of the Standard Webhooks scheme. */
export const signingSecretFault: Check = (text) =>
  throws(() => new Webhook(text)) ? 'expected base64, with or without the prefix whsec_' : null;

/** What goes into a header as it is (RFC 9110 §5.5). */
export const tokenFault: Check = (text) => (/^[\x21-\x7e]+$/.test(text) ? null : 'expected visible ASCII characters');

const isCertificate = (pem: string): boolean => !throws(() => new X509Certificate(pem));

function throws(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}
