import { faultOfName } from '../../crds/schema/stream-name.ts';

/** Fields of a message, as the client sent them. */
export type Fields = Readonly<Record<string, unknown>>;

/** Bytes of JSON that a client may pass on to a backend or to other clients. */
const MAX_PASSED_BYTES = 16 * 1024;
const MAX_ID_LENGTH = 128;

/** The fields of a message's content; empty for content that is not an object. */
export function fieldsOf(content: unknown): Fields {
  return isObject(content) ? content : {};
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text of at most `maxLength` characters; empty for everything else. */
export function textOf(fields: Fields, name: string, maxLength: number): string {
  const value = fields[name];
  return typeof value === 'string' && value.length <= maxLength ? value : '';
}

/** What is said of an id that `idOf` does not take. */
export const FAULT_OF_ID = `mediaSessionId: must be 1 to ${MAX_ID_LENGTH} printable ASCII characters without a space`;
/** A text of at most `maxLength` printable characters; empty for everything else. */
export function printableOf(value: unknown, maxLength: number): string {
  return typeof value === 'string' && value.length <= maxLength && !/\p{Cc}/u.test(value) ? value : '';
}

/** A media session id: 1 to 128 printable ASCII characters without a space (the SDK makes UUIDs); null for everything else. */
export function idOf(fields: Fields): string | null {
  const id = textOf(fields, 'mediaSessionId', MAX_ID_LENGTH);
  return /^[\x21-\x7e]+$/.test(id) ? id : null;
}

/** An app key or a stream name. Returns what is wrong with the field, or null. */
export function faultOfNamed(field: string, value: unknown): string | null {
  const fault = faultOfName(value);
  return fault === null ? null : `${field}: ${fault}`;
}

/** What a page passes on to its backend. Returns what is wrong, or null. */
export function faultOfCustom(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) return 'custom: must be an object';
  return isTooLong(value) ? `custom: must be at most ${MAX_PASSED_BYTES} bytes of JSON` : null;
}

/** Whether a value has more than 16 KiB of JSON. */
export function isTooLong(value: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(value) ?? '') > MAX_PASSED_BYTES;
}
