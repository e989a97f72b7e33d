/** A failed request to the API server: an error response, or no response at all (status 0). */
export class ApiError extends Error {
  /** HTTP status; 0 = no response. */
  readonly status: number;
  /** `reason` of the Status object, such as NotFound, Conflict, Expired. */
  readonly reason: string;
  /** From `Retry-After`, milliseconds; 0 = not set. */
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
 * The API server, a quota or an admission webhook rejected the object. A retry without a change fails again.
 * Server-side apply returns 500 for an unknown field, an invalid quantity or a duplicate list entry.
 */
export const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && [400, 403, 422, 500].includes(error.status);

/** This replica must not write: another one leads, or may lead soon. */
export class NotLeaderError extends Error {}

/** Conflicts and lost leadership are expected and not logged. The API server may say when to retry. */
export function classifyError(error: unknown): { quiet: boolean; retryAfterMs: number } {
  if (error instanceof ApiError) return { quiet: error.status === 409, retryAfterMs: error.retryAfterMs };
  return { quiet: error instanceof NotLeaderError, retryAfterMs: 0 };
}
