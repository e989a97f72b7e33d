import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RenderError } from '../../crds/render/assets.ts';
import { type Rendered, type RenderFinding, renderServerConfig } from '../../crds/render/server-config.ts';
import { type ConfigBundle, ServerConfig } from '../../crds/schema/server-config.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import type { Env } from '../env.ts';
import { ConfigError } from './config-error.ts';
import { parseDocuments, readBounded, readFolder } from './documents.ts';
import { readResources } from './resources.ts';

export type Loaded = {
  readonly bundle: ConfigBundle;
  /** What was left out, for the log. */
  readonly findings: readonly RenderFinding[];
};

/** Reads and checks the whole config. Throws `ConfigError`; nothing is half applied. */
export function loadConfig(env: Pick<Env, 'source' | 'name'>): Promise<Loaded> {
  return env.source.kind === 'config' ? loadFile(env.source.file) : loadFolder(env.source.dir, env.name);
}

/** What must be watched for changes. */
export function watchedFolder(source: Env['source']): string {
  return source.kind === 'config' ? dirname(source.file) : source.dir;
}

/** A ServerConfig with its assets beside it: one projected volume in a pod. */
async function loadFile(file: string): Promise<Loaded> {
  const [document, ...others] = parseDocuments(await readBounded(file), file);
  if (!document || others.length > 0) throw new ConfigError(`${file}: expected one document with a ServerConfig`);
  const [fault] = schemaFindings(ServerConfig, document.value, 'config');
  if (fault) throw new ConfigError(`${file}: ${fault.field}: ${fault.reason}`);
  const config = document.value as ServerConfig;
  const names = assetNames(config);
  const contents = await Promise.all(
    names.map(async (name): Promise<[string, Buffer]> => [name, await readAsset(join(dirname(file), name))]),
  );
  return { bundle: { config, assets: new Map(contents) }, findings: [] };
}

function readAsset(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw new ConfigError(`${file}: the asset cannot be read`, { cause: error });
  });
}

async function loadFolder(folder: string, name: string | null): Promise<Loaded> {
  const input = readResources(await readFolder(folder), name, folder);
  return render(() => renderServerConfig(input));
}

function render(run: () => Rendered): Rendered {
  try {
    return run();
  } catch (error) {
    if (error instanceof RenderError) throw new ConfigError(`MediaServer: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Every asset that a config names. */
function assetNames({ hooks, rest }: ServerConfig): string[] {
  const auth = rest.auth?.type === 'tokens' ? rest.auth.tokens.map(({ token }) => token) : [];
  const basic = rest.auth?.type === 'basic' ? [rest.auth.username, rest.auth.password] : [];
  const certificate = rest.https ? [rest.https.certificate, rest.https.key] : [];
  const hookAssets = hooks.flatMap(({ auth: { type: _type, ...names }, tls }) => [
    ...Object.values(names).flat(),
    ...(tls.ca === undefined ? [] : [tls.ca]),
  ]);
  return [...auth, ...basic, ...certificate, ...hookAssets];
}
