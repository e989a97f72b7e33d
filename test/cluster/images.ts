import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { attempt, run } from './commands.ts';
import { ingressController, program, SETTINGS } from './settings.ts';

const ROOT = join(import.meta.dirname, '../..');
const OFFICIAL_BASE = 'docker.io/library/node:24-bookworm-slim';
const MINUTES = 60_000;
const ARCHIVES_KEPT = 3;

/** An image that nodes load: its name with a tag, and its archive. */
export type Image = {
  readonly name: string;
  readonly archive: string;
  /** Another name for the same image. */
  readonly alias?: string;
};

type Say = (text: string) => void;

/** Images of the cluster itself. */
export async function clusterImages(): Promise<Image[]> {
  return Promise.all([
    programImage('pause', '/bin/busybox', ['/bin/busybox', 'sleep', 'infinity']),
    programImage('coredns', program('coredns'), ['/bin/coredns']),
    programImage('traefik', ingressController(), ['/bin/traefik']),
  ]);
}

async function programImage(name: string, file: string, entrypoint: readonly string[]): Promise<Image> {
  const image = { name: `localhost/${name}:1`, archive: join(SETTINGS.images, `${name}-${await hashOf(file)}.tar`) };
  return once(image, async (archive) => {
    const context = await mkdtemp(join(tmpdir(), 'sluice-image-'));
    try {
      const binary = file.split('/').at(-1) ?? name;
      await copyFile(file, join(context, binary));
      const dockerfile = `FROM scratch\nCOPY ${binary} /bin/${binary}\nENTRYPOINT ${JSON.stringify(entrypoint)}\n`;
      await writeFile(join(context, 'Dockerfile'), dockerfile);
      await build(image.name, archive, context, join(context, 'Dockerfile'));
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  });
}

/**
 * Builds the Sluice image from the current tree with the Dockerfile of the release. Its tag is the hash of its content.
 * Nodes also have it under the name of the release, which the chart and the examples use.
 */
export async function sluiceImage(say: Say): Promise<Image> {
  const context = (
    await run(join(ROOT, 'scripts/image-context.sh'), [], { cwd: ROOT, timeoutMs: 10 * MINUTES })
  ).trim();
  const tag = context.split('/').at(-1) ?? 'unknown';
  const image = {
    name: `localhost/sluice:${tag}`,
    archive: join(SETTINGS.images, `sluice-${tag}.tar`),
    alias: `ghcr.io/sluice-dev/sluice:${manifest.version}`,
  };
  return once(image, async (archive) => {
    say('building the Sluice image (half a minute; two minutes the first time)');
    const base = await baseImage(say);
    await build(image.name, archive, context, join(ROOT, 'Dockerfile'), ['--build-arg', `BASE=${base}`]);
    await removeOldArchives();
  });
}

/** Removes old archives, since each state of the tree makes one of 200 MB. */
async function removeOldArchives(): Promise<void> {
  const names = (await readdir(SETTINGS.images)).filter((name) => /^sluice-\w+\.tar$/.test(name));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = join(SETTINGS.images, name);
      return { file, madeAt: (await stat(file)).mtimeMs };
    }),
  );
  const old = files.sort((a, b) => b.madeAt - a.madeAt).slice(ARCHIVES_KEPT);
  await Promise.all(old.map(({ file }) => rm(file, { force: true })));
}

/** The official Node image if a registry can be reached, else one made of Debian packages and the local Node. */
async function baseImage(say: Say): Promise<string> {
  const local = `localhost/node-base:${process.versions.node}`;
  if ((await attempt('buildah', [...storage(), 'inspect', '--type', 'image', local])) !== null) return local;
  const official = await attempt('buildah', [...storage(), 'pull', '--quiet', '--retry', '0', OFFICIAL_BASE]);
  if (official !== null) return OFFICIAL_BASE;
  say('no image registry can be reached; making a base image from Debian packages (a minute)');
  const context = await mkdtemp(join(tmpdir(), 'sluice-base-'));
  try {
    const packages = '--include=libuv1,libssl3,libstdc++6,ca-certificates';
    const root = join(context, 'root.tar');
    await run('mmdebstrap', ['--variant=minbase', packages, 'bookworm', root], { timeoutMs: 10 * MINUTES });
    await copyFile(process.execPath, join(context, 'node'));
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nADD root.tar /\nCOPY node /usr/local/bin/node\n');
    await run('buildah', [...storage(), 'bud', '--quiet', '--isolation', 'chroot', '-t', local, context], {
      timeoutMs: 10 * MINUTES,
    });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
  return local;
}

async function build(
  name: string,
  archive: string,
  context: string,
  dockerfile: string,
  args: readonly string[] = [],
): Promise<void> {
  const options = { timeoutMs: 10 * MINUTES };
  const bud = [
    'bud',
    '--quiet',
    '--isolation',
    'chroot',
    '--layers=false',
    ...args,
    '-t',
    name,
    '-f',
    dockerfile,
    context,
  ];
  await run('buildah', [...storage(), ...bud], options);
  await run('buildah', [...storage(), 'push', '--quiet', name, `docker-archive:${archive}:${name}`], options);
  await run('buildah', [...storage(), 'rmi', name], options);
}

/** Options that keep buildah's images apart from others on this machine. */
const storage = (): string[] => ['--root', join(SETTINGS.images, 'storage'), '--runroot', join(SETTINGS.images, 'run')];

/** Makes the archive atomically, unless it exists. */
async function once(image: Image, make: (archive: string) => Promise<void>): Promise<Image> {
  if (existsSync(image.archive)) return image;
  await mkdir(SETTINGS.images, { recursive: true });
  const unfinished = `${image.archive}.${process.pid}`;
  try {
    await make(unfinished);
    await rename(unfinished, image.archive);
  } finally {
    await rm(unfinished, { force: true });
  }
  return image;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await readFile(import.meta.filename));
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex').slice(0, 16);
}
