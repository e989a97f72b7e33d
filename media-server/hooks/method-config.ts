import {
  ADMISSION_METHODS,
  HOOK_METHODS,
  type HookMethod,
  KEEP_ALIVE_METHOD,
  type MethodConfig,
  OVERWRITABLE_FIELDS,
  REST_ON_ERROR,
  REST_POLICIES,
} from '../../crds/schema/hook-methods.ts';
import type { HookMethodConfig } from '../../crds/schema/server-config.ts';

/** One layer of WCS's `restClientConfig`: per method, only the fields that it sets. */
export type ConfigLayer = { readonly [method in HookMethod]?: Partial<MethodConfig> };

/** A field of the backend's `restClientConfig` that is not valid and therefore ignored. */
export type Finding = { readonly method: string; readonly field: string; readonly reason: string };

const FAIL_BY_DEFAULT: ReadonlySet<HookMethod> = new Set([...ADMISSION_METHODS, KEEP_ALIVE_METHOD]);

/** Merges the layers per field. Later layers win: built-in, RestHook, the backend's reply to `connect`. */
export function mergeConfig(method: HookMethod, ...layers: readonly ConfigLayer[]): MethodConfig {
  const builtIn: MethodConfig = {
    clientExclude: [],
    restExclude: [],
    restOnError: FAIL_BY_DEFAULT.has(method) ? 'FAIL' : 'LOG',
    restPolicy: 'NOTIFY',
    restOverwrite: [],
  };
  return Object.assign(builtIn, ...layers.map((layer) => layer[method]));
}

/** The layer of a RestHook. */
export function hookLayer(methods: readonly HookMethodConfig[]): ConfigLayer {
  return Object.fromEntries(
    methods.map(({ failureThreshold: _threshold, name, ...fields }) => [
      name,
      Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    ]),
  );
}

/** Reads `restClientConfig` of a reply to `connect`: strings and comma-separated lists, as in WCS. */
export function readSessionLayer(reply: unknown): { layer: ConfigLayer; findings: Finding[] } {
  const findings: Finding[] = [];
  if (!isObject(reply) || reply['restClientConfig'] === undefined) return { layer: {}, findings };
  const config = reply['restClientConfig'];
  if (!isObject(config)) {
    return { layer: {}, findings: [{ method: '', field: 'restClientConfig', reason: 'must be an object' }] };
  }
  const layer: { [method in HookMethod]?: Partial<MethodConfig> } = {};
  for (const [method, fields] of Object.entries(config)) {
    if (!isMethod(method)) findings.push({ method, field: '', reason: 'unknown method' });
    else if (!isObject(fields)) findings.push({ method, field: '', reason: 'must be an object' });
    else layer[method] = readFields(method, fields, findings);
  }
  return { layer, findings };
}

/** The config that a field sets, and the faults found in it. */
type Read = { readonly config?: Partial<MethodConfig>; readonly fault?: string };
type Reader = (value: string) => Read;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['clientExclude', (value) => ({ config: { clientExclude: list(value) } })],
  ['restExclude', (value) => ({ config: { restExclude: list(value) } })],
  ['restOnError', (value) => oneOf('restOnError', REST_ON_ERROR, value)],
  ['restPolicy', (value) => oneOf('restPolicy', REST_POLICIES, value)],
  ['restOverwrite', overwritable],
]);

function readFields(method: string, fields: Record<string, unknown>, findings: Finding[]): Partial<MethodConfig> {
  let config: Partial<MethodConfig> = {};
  for (const [field, value] of Object.entries(fields)) {
    const read = readField(field, value);
    config = { ...config, ...read.config };
    if (read.fault !== undefined) findings.push({ method, field, reason: read.fault });
  }
  return config;
}

function readField(field: string, value: unknown): Read {
  const reader = READERS.get(field);
  if (!reader) return { fault: 'unknown field' };
  return typeof value === 'string' ? reader(value) : { fault: 'must be a string' };
}

/** An empty string is an empty list, which overrides lower layers. */
function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Spellings from older WCS documentation. */
const ALSO_KNOWN_AS: ReadonlyMap<string, string> = new Map([['DISABLED', 'DISABLE']]);

function oneOf<F extends 'restOnError' | 'restPolicy', V extends string>(
  field: F,
  values: readonly V[],
  value: string,
): Read {
  const spelt = value.trim().toUpperCase();
  const found = values.find((allowed) => allowed === (ALSO_KNOWN_AS.get(spelt) ?? spelt));
  return found === undefined ? { fault: `must be one of ${values.join(', ')}` } : { config: { [field]: found } };
}

function overwritable(value: string): Read {
  const fields = list(value);
  const known = OVERWRITABLE_FIELDS.filter((field) => fields.includes(field));
  const unknown = fields.filter((field) => !OVERWRITABLE_FIELDS.some((name) => name === field));
  const fault = `only ${OVERWRITABLE_FIELDS.join(', ')} can be overwritten, not ${unknown.join(', ')}`;
  return { config: { restOverwrite: known }, ...(unknown.length > 0 ? { fault } : {}) };
}

function isMethod(method: string): method is HookMethod {
  return HOOK_METHODS.some((known) => known === method);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
