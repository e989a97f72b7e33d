import type { OverwritableField } from '../../crds/schema/hook-methods.ts';
import { faultOfName } from '../../crds/schema/stream-name.ts';
import type { Overwrite } from './session-hooks.ts';

const CHECKS: Readonly<Record<OverwritableField, (value: unknown) => boolean>> = {
  name: (value) => faultOfName(value) === null,
  custom: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  maxBitrate: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  hasVideo: (value) => typeof value === 'boolean',
  hasAudio: (value) => typeof value === 'boolean',
};

/** Reads the named fields of a reply body. A field of the wrong type is ignored and reported. */
export function readOverwrite(
  body: string,
  fields: readonly OverwritableField[],
): { overwrite: Overwrite; ignored: readonly OverwritableField[] } {
  const reply = parseObject(body);
  const present = fields.filter((field) => reply[field] !== undefined);
  const valid = present.filter((field) => CHECKS[field](reply[field]));
  return {
    overwrite: Object.fromEntries(valid.map((field) => [field, reply[field]])),
    ignored: present.filter((field) => !valid.includes(field)),
  };
}

/** The JSON object in a reply body; an empty object for anything else, since backends may answer with any body. */
export function parseObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
