const MAX_LENGTH = 256;

/** What is wrong with an app key or a stream name, wherever a client or a backend gives it; null = nothing. */
export function faultOfName(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return 'must be a text that is not empty';
  if (value.length > MAX_LENGTH) return `must be at most ${MAX_LENGTH} characters`;
  return /\p{Cc}/u.test(value) ? 'must not contain control characters' : null;
}
