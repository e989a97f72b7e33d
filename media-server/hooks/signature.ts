import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { assetText } from '../../crds/render/asset-text.ts';
import type { ConfigBundle, HookAuth } from '../../crds/schema/server-config.ts';

export type SignedRequest = { readonly eventId: string; readonly sentAt: Date; readonly body: string };

/** Returns the headers that authenticate one call. */
export type Signer = (request: SignedRequest) => Record<string, string>;

/** Reads the credentials once. Throws an error that names a missing, empty or malformed asset. */
export function createSigner(auth: HookAuth, assets: ConfigBundle['assets']): Signer {
  const read = (name: string): string => readCredential(assets, name);
  switch (auth.type) {
    case 'none':
      return () => ({});
    case 'basic': {
      const authorization = `Basic ${Buffer.from(`${read(auth.username)}:${read(auth.password)}`).toString('base64')}`;
      return () => ({ authorization });
    }
    case 'bearer': {
      const authorization = `Bearer ${read(auth.token)}`;
      return () => ({ authorization });
    }
    case 'standardWebhooks':
      return standardWebhooks(auth.secrets.map((name) => webhook(name, read(name))));
    case 'wcsHmacMd5': {
      const key = read(auth.key);
      // Existing WCS backends check MD5.
      return ({ body }) => ({ authorization: `WCS ${createHmac('md5', key).update(body).digest('hex')}` });
    }
    default:
      return auth satisfies never;
  }
}

/** The Standard Webhooks scheme; during a rotation every secret signs, and the backend accepts any of them. */
function standardWebhooks(webhooks: readonly Webhook[]): Signer {
  return ({ body, eventId, sentAt }) => ({
    'webhook-id': eventId,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
    'webhook-signature': webhooks.map((each) => each.sign(eventId, sentAt, body)).join(' '),
  });
}

function webhook(name: string, secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch (error) {
    throw new Error(`secret ${name}: must be base64, with or without the prefix whsec_`, { cause: error });
  }
}

function readCredential(assets: ConfigBundle['assets'], name: string): string {
  const content = assets.get(name);
  if (content === undefined) throw new Error(`secret ${name} is missing`);
  const value = assetText(content);
  if (value === '') throw new Error(`secret ${name} is empty`);
  return value;
}
