import { join } from 'node:path';
import { attempt, run } from './commands.ts';
import { SETTINGS } from './settings.ts';

const MINUTES = 60_000;

/** Arguments of buildah that build an image. */
export function bud(name: string, context: string, dockerfile: string, args: readonly string[] = []): string[] {
  const options = ['--quiet', '--isolation', 'chroot', '--layers=false', ...args];
  return [...storage(), 'bud', ...options, '-t', name, '-f', dockerfile, context];
}

/** Writes an image that buildah knows as `built` to an archive, under a name. */
export async function save(built: string, archive: string, name: string): Promise<void> {
  const push = ['push', '--quiet', built, `docker-archive:${archive}:${name}`];
  await run('buildah', [...storage(), ...push], { timeoutMs: 10 * MINUTES });
}

/** Options that keep buildah's images apart from others on this machine. */
export const storage = (): string[] => [
  '--root',
  join(SETTINGS.images, 'storage'),
  '--runroot',
  join(SETTINGS.images, 'run'),
];

export const isBuilt = async (name: string): Promise<boolean> =>
  (await attempt('buildah', [...storage(), 'inspect', '--type', 'image', name])) !== null;

export const isPulled = async (name: string): Promise<boolean> =>
  (await attempt('buildah', [...storage(), 'pull', '--quiet', '--retry', '0', name])) !== null;
