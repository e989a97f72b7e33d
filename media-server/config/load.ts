import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assetNames } from '../../crds/render/asset-names.ts';
import { RenderError } from '../../crds/render/assets.ts';
import { type Rendered, type RenderFinding, renderServerConfig } from '../../crds/render/server-config.ts';
import { API_VERSION } from '../../crds/schema/kinds.ts';
import { type ConfigBundle, ServerConfig } from '../../crds/schema/server-config.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { ConfigError, parseDocuments, readBounded, readFolder } from './documents.ts';
import { readResources } from './resources.ts';

export type Loaded = {
  readonly bundle: ConfigBundle;
  /** What was left out, for the log. */
  readonly findings: readonly RenderFinding[];
  /** The port for metrics and probes in the resources; a pod gets it on the command line. */
  readonly opsPort?: number;
  /** The folder with StreamCaptures, if the MediaServer in it has captures. */
  readonly captureDir?: string;
  /** Identifies the operator's config; absent in standalone mode. */
  readonly delivery?: Delivery;
};

/** The operator numbers what it renders; the hash is that of the whole bundle. */
export type Delivery = { readonly counter: number; readonly hash: string };

/** File beside the config, written by the operator: `COUNTER HASH`. */
const VERSION_FILE = 'version';

/** An asset is missing because the kubelet does not update config and Secrets at the same moment; it will follow. */
export class BetweenStates extends ConfigError {}

/** Where the config is: a ServerConfig in a file, or a folder with resources as for `kubectl apply`. */
export type ConfigSource =
  | { readonly kind: 'config'; readonly file: string }
  | { readonly kind: 'resources'; readonly dir: string };

/** What to load; `name` selects the MediaServer if the resources contain several. */
export type LoadOptions = { readonly source: ConfigSource; readonly name: string | null };

/** Reads and checks the whole config. Throws `ConfigError`; nothing is half applied. */
export function loadConfig({ name, source }: LoadOptions): Promise<Loaded> {
  return source.kind === 'config' ? loadFile(source.file) : loadFolder(source.dir, name);
}

/** The folder to watch for changes. */
export function watchedFolder(source: ConfigSource): string {
  return source.kind === 'config' ? dirname(source.file) : source.dir;
}

/** A ServerConfig with its assets beside it: one projected volume in a pod. */
async function loadFile(file: string): Promise<Loaded> {
  const [document, ...others] = parseDocuments(await readBounded(file), file);
  if (!document || others.length > 0) throw new ConfigError(`${file}: must contain one document with a ServerConfig`);
  if (document.value['apiVersion'] === API_VERSION)
    throw new ConfigError(`${file}: is a ${String(document.value['kind'])} manifest; use --resources with its folder`);
  const [fault] = schemaFindings(ServerConfig, document.value, 'config');
  if (fault) throw new ConfigError(`${file}: ${fault.field}: ${fault.reason}`);
  const config = document.value as ServerConfig;
  const folder = dirname(file);
  const delivery = await readDelivery(folder);
  const assets = await readAssets(folder, assetNames(config), delivery ? BetweenStates : ConfigError);
  return { bundle: { config, assets }, findings: [], ...(delivery ? { delivery } : {}) };
}

async function readAssets(
  folder: string,
  names: readonly string[],
  Missing: typeof ConfigError,
): Promise<ConfigBundle['assets']> {
  const read = async (name: string): Promise<[string, Buffer]> => {
    const file = join(folder, name);
    const content = await readFile(file).catch((error: unknown) => {
      throw new Missing(`${file}: asset cannot be read`, { cause: error });
    });
    return [name, content];
  };
  return new Map(await Promise.all(names.map(read)));
}

async function readDelivery(folder: string): Promise<Delivery | null> {
  const text = await readFile(join(folder, VERSION_FILE), 'utf8').catch(() => null);
  const match = /^(\d+) ([0-9a-f]+)$/.exec(text?.trim() ?? '');
  return match ? { counter: Number(match[1]), hash: match[2] ?? '' } : null;
}

async function loadFolder(folder: string, name: string | null): Promise<Loaded> {
  const { orphans, ...input } = readResources(await readFolder(folder), name, folder);
  const { bundle, findings } = render(() => renderServerConfig(input));
  const { capture, ops } = input.mediaServer.spec;
  const idle = capture ? [] : input.captures.map(({ metadata }) => captureDisabled(metadata.name));
  return {
    bundle,
    findings: [...orphans, ...findings, ...idle],
    opsPort: ops.port,
    ...(capture ? { captureDir: folder } : {}),
  };
}

const captureDisabled = (name: string): RenderFinding => ({
  ...{ kind: 'StreamCapture', name, reason: 'CaptureDisabled' },
  message: 'spec.capture of the MediaServer is not set',
});

function render(run: () => Rendered): Rendered {
  try {
    return run();
  } catch (error) {
    if (error instanceof RenderError) throw new ConfigError(`MediaServer: ${error.message}`, { cause: error });
    throw error;
  }
}
