/**
 * Whether one member of an `If-Match` list is `*` or the ETag (RFC 9110 §13.1.1). A weak ETag matches too, because
 * proxies that compress make ETags weak.
 */
export function matchesETag(ifMatch: string, etag: string): boolean {
  const members = ifMatch.split(',').map((member) => member.trim().replace(/^W\//, ''));
  return members.some((member) => member === '*' || member === etag);
}
