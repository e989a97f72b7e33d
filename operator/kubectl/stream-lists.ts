import { Failure } from './failure.ts';

/** A list of streams, and the pods whose streams are missing in it. */
export type Listed<T> = { readonly streams: readonly T[]; readonly missing: readonly string[] };

/** Reads an answer of `find` or `ended` (docs/rest-api.md#other-calls). Throws a `Failure` for a refusal. */
export function readList<T>(status: number, incomplete: string | null, body: unknown): Listed<T> {
  if (status === 200 && Array.isArray(body)) return { streams: body as T[], missing: namesIn(incomplete ?? '') };
  const detail = detailOf(body);
  if (status === 404 && detail !== null) return { streams: [], missing: [] };
  // No stream was found on the pods that answered.
  const silent = status === 503 ? /could not be asked: (.*)$/.exec(detail ?? '')?.[1] : undefined;
  if (silent !== undefined) return { streams: [], missing: namesIn(silent) };
  throw new Failure(refusal(status, detail));
}

const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

function detailOf(body: unknown): string | null {
  const { detail } = (body ?? {}) as { detail?: unknown };
  return typeof detail === 'string' ? detail : null;
}

function refusal(status: number, detail: string | null): string {
  if (status !== 401) return `the REST API answered ${status}${detail === null ? '' : `: ${detail}`}`;
  const why = 'If the Secret has just been changed, pods read it within a minute';
  return `the REST API does not accept the credentials of the Secret in spec.rest.authRef. ${why}`;
}

/** For stderr. */
export const incompleteSentence = (missing: readonly string[]): string =>
  `not complete: could not ask ${missing.join(', ')}. Their streams are missing; see "kubectl sluice status"`;
