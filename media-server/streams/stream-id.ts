/** UUID version 8 (RFC 9562 §5.8): no SDK makes ids of this form. */
const SERVER_MADE = /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** An id that only a server makes, of 122 random bits; `uuid` is a random one. */
export function serverMadeId(uuid: string): string {
  return `${uuid.slice(0, 14)}8${uuid.slice(15)}`;
}

/**
 * Whether a server has made an id, so that it names one stream in the whole fleet. Pages of the Web SDK choose the ids
 * of their streams, and are refused ids of this form.
 */
export function isServerMade(id: string): boolean {
  return SERVER_MADE.test(id);
}
