import { errors } from 'undici';
import type { HookFailure } from './session-hooks.ts';

const BY_CODE: ReadonlyMap<string, HookFailure> = new Map<string, HookFailure>([
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'refused'],
  ['ENETUNREACH', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['UND_ERR_SOCKET', 'reset'],
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls'],
  ['CERT_HAS_EXPIRED', 'tls'],
]);

/** Why a backend did not answer, for the log and the metric. */
export function classify(error: unknown): HookFailure {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    const known = BY_CODE.get(code);
    if (known) return known;
    if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL')) return 'tls';
    // Several addresses were tried (happy eyeballs).
    if (cause instanceof AggregateError) return classify(cause.errors[0]);
  }
  return 'other';
}

/** True when the connection had already carried an answer before it was found closed. */
export function isStale(error: unknown): boolean {
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
}
