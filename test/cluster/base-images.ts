import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bud, isBuilt, isPulled } from './buildah.ts';
import { run } from './commands.ts';

const OFFICIAL_NODE = 'docker.io/library/node:24-bookworm-slim';
const OFFICIAL_DEBIAN = 'docker.io/library/debian:bookworm-slim';
const MINUTES = 60_000;

type Say = (text: string) => void;

/** The official Node image if a registry can be reached, else one made of Debian packages and the local Node. */
export async function nodeBase(say: Say): Promise<string> {
  const local = `localhost/node-base:${process.versions.node}`;
  if (await isBuilt(local)) return local;
  if (await isPulled(OFFICIAL_NODE)) return OFFICIAL_NODE;
  say('no image registry can be reached; making a base image from Debian packages (a minute)');
  await debian(local, ['libuv1', 'libssl3', 'libstdc++6', 'ca-certificates'], async (context) => {
    await copyFile(process.execPath, join(context, 'node'));
    return 'COPY node /usr/local/bin/node\n';
  });
  return local;
}

/** The official Debian image, to which the Dockerfile adds the packages, or one that has them already. */
export async function debianBase(say: Say, packages: readonly string[]): Promise<string> {
  const local = `localhost/debian-base:${createHash('sha256').update(packages.join()).digest('hex').slice(0, 16)}`;
  if (await isBuilt(local)) return local;
  if (await isPulled(OFFICIAL_DEBIAN)) return OFFICIAL_DEBIAN;
  say('no image registry can be reached; making a base image from Debian packages (two minutes)');
  await debian(local, packages);
  return local;
}

/** Makes an image of Debian packages. `more` returns further lines of its Dockerfile. */
async function debian(
  name: string,
  packages: readonly string[],
  more: (context: string) => Promise<string> = async () => '',
): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'sluice-base-'));
  try {
    const include = `--include=${packages.join()}`;
    const root = join(context, 'root.tar');
    await run('mmdebstrap', ['--variant=minbase', include, 'bookworm', root], { timeoutMs: 10 * MINUTES });
    const dockerfile = join(context, 'Dockerfile');
    await writeFile(dockerfile, `FROM scratch\nADD root.tar /\n${await more(context)}`);
    await run('buildah', bud(name, context, dockerfile), { timeoutMs: 10 * MINUTES });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
