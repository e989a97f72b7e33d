import { createHash } from 'node:crypto';
import type { ConfigBundle } from '../schema/server-config.ts';

/** Hashes a bundle. The hash is short enough for a metric label. */
export function hashOf({ assets, config }: ConfigBundle): string {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const name of [...assets.keys()].sort()) {
    hash.update(`\0${name}\0`).update(assets.get(name) ?? '');
  }
  return hash.digest('hex').slice(0, 16);
}
