import { randomBytes, randomUUID } from 'node:crypto';
import type { Direction } from '../../crds/schema/stream.ts';
import type { App } from '../apps/app.ts';
import { type LegRequest, MediaUnavailable } from '../media/media.ts';
import { OfferError } from '../sdp/offer-error.ts';
import { Stream } from '../streams/stream.ts';
import { causeOf, endedRejection } from './admission.ts';
import { offerRejection } from './checks.ts';
import { endInBackground, goLive } from './live.ts';
import type { Rejection, SessionDeps, SessionOutcome, SessionRequest } from './session.ts';

/** Steps between "a stream exists" and "its offer is answered": null = go on. */
export type Steps = (stream: Stream) => Promise<Rejection | null>;

/**
 * Opens a stream, walks it through its steps, and answers. Whatever rejects or throws on the way, the stream leaves the
 * registry and its transport is closed. The client going away counts as `disconnect`.
 */
export async function open(
  deps: SessionDeps,
  request: SessionRequest,
  direction: Direction,
  steps: Steps,
): Promise<SessionOutcome> {
  const app = deps.apps.get(request.appKey);
  if (!app)
    return reject(deps, request.appKey, direction, {
      status: 404,
      result: 'unknown_app',
      detail: `app "${request.appKey}" not found`,
    });

  const stream = newStream(deps, request, app, direction);
  deps.registry.add(stream);
  const gone = (): void => endInBackground(deps, stream, 'disconnect');
  request.signal.addEventListener('abort', gone, { once: true });
  // The client may have gone away while it waited for the name.
  if (request.signal.aborted) gone();
  try {
    const rejection = endedRejection(stream) ?? (await steps(stream).catch((error) => failure(deps, stream, error)));
    const refused = endedRejection(stream) ?? rejection;
    if (refused || !stream.leg) return await writeOff(deps, stream, refused ?? INTERNAL);
    goLive(deps, stream, stream.leg, request.arrivedAt);
    return { kind: 'started', stream, answer: stream.leg.answer };
  } finally {
    request.signal.removeEventListener('abort', gone);
  }
}

export function reject(deps: SessionDeps, appKey: string, direction: Direction, rejection: Rejection): SessionOutcome {
  deps.metrics.streamStarted(appKey, direction, rejection.result);
  return { kind: 'rejected', rejection };
}

/** What a stream asks of media once it is admitted. */
export function legRequest({ app, hasAudio, hasVideo, id, maxBitrate, offer }: Stream): LegRequest {
  return { id, offer, codecs: app.config.codecs, maxBitrate, hasAudio, hasVideo };
}

const INTERNAL: Rejection = { status: 500, result: 'error', detail: 'the media server failed to start the stream' };

function newStream(deps: SessionDeps, request: SessionRequest, app: App, direction: Direction): Stream {
  const sessionId = randomUUID();
  return new Stream({
    id: randomUUID(),
    sessionId,
    secret: randomBytes(24).toString('base64url'),
    direction,
    app,
    name: request.name,
    client: request.client,
    custom: request.custom,
    offer: request.offer,
    hooks: deps.newHooks(app, sessionId),
    createdAt: deps.clock.now(),
  });
}

async function writeOff(deps: SessionDeps, stream: Stream, rejection: Rejection): Promise<SessionOutcome> {
  await deps.terminator.end(stream, causeOf(rejection));
  // If the stream was ended while media was being set up, its transport is still open.
  await stream.leg?.close();
  return reject(deps, stream.appKey, stream.direction, rejection);
}

function failure(deps: SessionDeps, stream: Stream, error: unknown): Rejection {
  if (error instanceof OfferError) return offerRejection(error);
  if (error instanceof MediaUnavailable) {
    return { status: 503, result: 'error', detail: error.message, retryAfterSeconds: 2 };
  }
  // A failure after the stream or its publication has ended is expected.
  if (stream.cause === null) deps.log.error({ err: error, streamId: stream.id }, 'a stream failed to start');
  return INTERNAL;
}
