/** An answer of the API server that is no success, or none at all (status 0). */
export class ApiError extends Error {
  /** HTTP status, 0 = no answer. */
  readonly status: number;
  /** `reason` of the Status object, such as NotFound, Conflict, Expired. */
  readonly reason: string;
  /** From `Retry-After`, milliseconds; 0 = it did not say. */
  readonly retryAfterMs: number;

  constructor(message: string, details: { status: number; reason?: string; retryAfterMs?: number; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.name = 'ApiError';
    this.status = details.status;
    this.reason = details.reason ?? '';
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409;
export const isExpired = (error: unknown): boolean => error instanceof ApiError && error.status === 410;

/**
 * The API server, a quota or an admission webhook will not have this very object: as it is, it is of no use to ask again.
 * 500 is what server-side apply says of a field that it does not know, of a quantity that is none, of a list with two alike.
 */
export const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 422, 500].includes(error.status);

/** This replica must not write (any more): another one leads, or may lead soon. */
export class NotLeaderError extends Error {}

/** Conflicts and lost leadership are no news; the API server may say when to come back. */
export function classifyError(error: unknown): { quiet: boolean; retryAfterMs: number } {
  if (error instanceof ApiError) return { quiet: error.status === 409, retryAfterMs: error.retryAfterMs };
  return { quiet: error instanceof NotLeaderError, retryAfterMs: 0 };
}
