import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { debianBase, nodeBase } from './base-images.ts';
import { bud, isBuilt, save, storage } from './buildah.ts';
import { run } from './commands.ts';
import { ingressController, program, SETTINGS } from './settings.ts';

const ROOT = join(import.meta.dirname, '../..');
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

/** The images of the release, built from the current tree. Nodes also have them under the names of the release. */
export type SluiceImages = {
  readonly sluice: Image;
  /** What the operator takes for the container `sources` if it is told only the other one. */
  readonly sources: Image;
};

/** Builds both. Their tag is the hash of the content of both. */
export async function sluiceImages(say: Say): Promise<SluiceImages> {
  const sluice = await sluiceImage(say);
  return { sluice, sources: await sourcesImage(say, sluice.name.split(':').at(-1) ?? '') };
}

async function sluiceImage(say: Say): Promise<Image> {
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
    const base = await nodeBase(say);
    await build(image.name, archive, context, join(ROOT, 'Dockerfile'), ['--build-arg', `BASE=${base}`]);
    await removeOldArchives(/^sluice-\w+\.tar$/);
  });
}

async function sourcesImage(say: Say, tag: string): Promise<Image> {
  const image = {
    name: `localhost/sluice-sources:${tag}`,
    archive: join(SETTINGS.images, `sluice-sources-${tag}.tar`),
    alias: `ghcr.io/sluice-dev/sluice-sources:${manifest.version}`,
  };
  return once(image, async (archive) => {
    await save(await builtSources(say), archive, image.name);
    await removeOldArchives(/^sluice-sources-\w+\.tar$/);
  });
}

/** Builds the image of the container `sources` unless it has been built before. Returns a name that buildah knows. */
async function builtSources(say: Say): Promise<string> {
  const context = join(ROOT, 'media-server/capture/sources');
  const dockerfile = join(ROOT, 'Dockerfile.sources');
  const name = `localhost/sluice-sources-built:${await hashOf(dockerfile, ...(await filesOf(context)))}`;
  if (await isBuilt(name)) return name;
  say('building the image of the container sources (a minute; three minutes the first time)');
  const base = await debianBase(say, await packagesOf(dockerfile));
  await run('buildah', bud(name, context, dockerfile, ['--build-arg', `BASE=${base}`]), { timeoutMs: 10 * MINUTES });
  return name;
}

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).sort().map((name) => join(folder, name));

/** The Debian packages that a Dockerfile installs unless its base has them. */
async function packagesOf(dockerfile: string): Promise<string[]> {
  const [, packages = ''] = /^ARG PACKAGES="(.*)"$/m.exec(await readFile(dockerfile, 'utf8')) ?? [];
  return packages.split(' ');
}

/** Removes old archives, since each state of the tree makes some. */
async function removeOldArchives(pattern: RegExp): Promise<void> {
  const names = (await readdir(SETTINGS.images)).filter((name) => pattern.test(name));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = join(SETTINGS.images, name);
      return { file, madeAt: (await stat(file)).mtimeMs };
    }),
  );
  const old = files.sort((a, b) => b.madeAt - a.madeAt).slice(ARCHIVES_KEPT);
  await Promise.all(old.map(({ file }) => rm(file, { force: true })));
}

async function build(
  name: string,
  archive: string,
  context: string,
  dockerfile: string,
  args: readonly string[] = [],
): Promise<void> {
  await run('buildah', bud(name, context, dockerfile, args), { timeoutMs: 10 * MINUTES });
  await save(name, archive, name);
  await run('buildah', [...storage(), 'rmi', name]);
}

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

async function hashOf(...files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await readFile(import.meta.filename));
  for (const file of files) {
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  }
  return hash.digest('hex').slice(0, 16);
}
