import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseAllDocuments } from 'yaml';
import { UserFault } from '../../process/user-fault.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 1000;
const MAX_ALIASES = 100;

/** Far deeper than any valid config; protects recursive functions from stack overflow. */
const MAX_DEPTH = 64;

/** A config that cannot be used. The message names the file, the document, the field and the expected value. */
export class ConfigError extends UserFault {}

/** One YAML document of a file, with its origin for messages. */
export type ResourceDocument = {
  readonly value: Readonly<Record<string, unknown>>;
  /** File name, document number if there are several, line: `hooks.yaml document 2 (line 12)`. */
  readonly where: string;
};

/** Reads every YAML and JSON file of a folder, in the order of their names. Throws `ConfigError`. */
export async function readFolder(folder: string): Promise<ResourceDocument[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new ConfigError(`${folder}: folder cannot be read`, { cause: error });
  });
  const files = names.filter((name) => /\.(ya?ml|json)$/.test(name) && !name.startsWith('.')).sort();
  if (files.length > MAX_FILES) throw new ConfigError(`${folder}: must contain at most ${MAX_FILES} files`);
  const documents = await Promise.all(
    files.map(async (name) => parseDocuments(await readBounded(join(folder, name)), name)),
  );
  return documents.flat();
}

/** Reads a file up to the bound. Throws `ConfigError`. */
export async function readBounded(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw new ConfigError(`${file}: must be at most ${MAX_FILE_BYTES} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file}: file cannot be read`, { cause: error });
  }
}

/** Throws `ConfigError` with the file, document and line of a syntax error. */
export function parseDocuments(text: string, file: string): ResourceDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  // An empty file parses to a stream without documents.
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document, index) => {
    const line = lines.linePos(document.contents?.range?.[0] ?? 0).line;
    const where = documents.length > 1 ? `${file} document ${index + 1} (line ${line})` : file;
    const [error] = document.errors;
    if (error) throw new ConfigError(`${file} line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
    return checkObject(
      toPlain(() => document.toJS({ maxAliasCount: MAX_ALIASES }), where),
      where,
    );
  });
}

/** Returns nothing for an empty document, such as after a final `---`. */
function checkObject(value: unknown, where: string): ResourceDocument[] {
  if (value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value)) throw new ConfigError(`${where}: must be an object`);
  const fault = depthFault(value);
  if (fault !== null) throw new ConfigError(`${where}: ${fault}`);
  return [{ value: { ...value }, where }];
}

/** The parser refuses excessive aliases. */
function toPlain(read: () => unknown, where: string): unknown {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Describes a value that is nested too deeply, else null. */
export function depthFault(value: unknown): string | null {
  return depthOf(value) > MAX_DEPTH ? `must not be nested deeper than ${MAX_DEPTH} levels` : null;
}

/** Stops just below the limit. */
function depthOf(value: unknown, depth = 0): number {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return depth;
  return Object.values(value).reduce<number>((deepest, child) => Math.max(deepest, depthOf(child, depth + 1)), depth);
}
