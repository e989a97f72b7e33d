import { describe, expect, it } from 'vitest';
import { END_CAUSES, type EndCause, finalStatus } from '../../crds/schema/end-causes.ts';
import { fakeStream } from '../../test/builders/streams.ts';
import { causeOf, endedRejection } from './rejections.ts';
import type { Rejection } from './requests.ts';

describe('the answer to a client whose stream was ended while it waited', () => {
  const OWN: Partial<Record<EndCause, object>> = {
    drain: { status: 503, result: 'draining', retryAfterSeconds: 5 },
    publisher_gone: { status: 409, result: 'not_live', retryAfterSeconds: 2 },
    name_conflict: { status: 409, result: 'name_in_use', retryAfterSeconds: 15 },
    worker_died: { status: 503, result: 'error', retryAfterSeconds: 2 },
  };
  const rows = Object.entries(END_CAUSES).map(([cause, { info }]) => [cause as EndCause, info] as const);

  it.each(rows)('for %s carries "%s"', (cause, info) => {
    const stream = fakeStream();
    stream.markEnded(cause, 1);
    const rejection = endedRejection(stream);
    expect(rejection).toEqual({ ...(OWN[cause] ?? { status: 403, result: 'terminated', cause }), detail: info });
    if (rejection) expect(finalStatus(causeOf(rejection), 'publish')).toBe(stream.status);
  });

  it('is null while the stream is live', () => {
    expect(endedRejection(fakeStream())).toBeNull();
  });
});

describe('the cause of a rejected session', () => {
  const rows: readonly [Rejection['result'], EndCause][] = [
    ['bad_offer', 'negotiation'],
    ['error', 'negotiation'],
    ['unavailable', 'unavailable'],
    ['limit', 'limit'],
    ['name_in_use', 'name_conflict'],
    ['not_live', 'publisher_gone'],
    ['draining', 'drain'],
    ['joining', 'drain'],
    ['refused', 'refused'],
    ['denied', 'refused'],
    ['unknown_app', 'refused'],
    ['terminated', 'refused'],
  ];

  it.each(rows)('%s is %s', (result, cause) => {
    expect(causeOf({ status: 403, result, detail: '' })).toBe(cause);
  });
});
