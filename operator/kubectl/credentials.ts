import { assetText } from '../../crds/render/asset-text.ts';
import { Failure } from './failure.ts';
import type { MediaServer, Secret } from './objects.ts';

const BASIC = 'kubernetes.io/basic-auth';

/** The `Authorization` header for a Secret of `spec.rest.authRef` (docs/rest-api.md). */
export function authorizationOf(secret: Secret, name: string): string {
  const data = Object.entries(secret.data ?? {});
  if (secret.type === BASIC) {
    const [username, password] = [textOf(secret, 'username'), textOf(secret, 'password')];
    if (username === '' || password === '') throw new Failure(`Secret "${name}" needs "username" and "password"`);
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  const [token] = data.map(([key]) => textOf(secret, key)).filter((text) => text !== '');
  if (token === undefined) throw new Failure(`Secret "${name}" has no token; each of its keys is the name of a token`);
  return `Bearer ${token}`;
}

const textOf = ({ data = {} }: Secret, key: string): string => assetText(Buffer.from(data[key] ?? '', 'base64'));

/** The name of the Secret with the credentials of the REST API; null = it needs none. */
export const secretOf = ({ spec }: MediaServer): string | null => spec.rest.authRef?.name ?? null;
