import { randomUUID } from 'node:crypto';
import type { Direction } from '../../crds/schema/stream.ts';
import { type LegRequest, MediaUnavailable } from '../media/media.ts';
import { OfferError } from '../sdp/offer-error.ts';
import type { Session } from '../streams/session.ts';
import { Stream } from '../streams/stream.ts';
import { serverMadeId } from '../streams/stream-id.ts';
import { checkIdElsewhere } from './checks.ts';
import { goLive } from './live.ts';
import { causeOf, endedRejection, INTERNAL, offerRejection } from './rejections.ts';
import type { Rejection, SessionDeps, StreamOutcome, StreamRequest } from './requests.ts';

/** Steps between "a stream exists" and "its offer is answered": null = go on. */
export type Steps = (stream: Stream) => Promise<Rejection | null>;

/**
 * Opens a stream in a session, walks it through its steps, and answers. Whatever rejects or throws on the way, the
 * stream leaves the registry and its transport is closed.
 */
export async function openStream(
  deps: SessionDeps,
  session: Session,
  { direction, request }: { readonly direction: Direction; readonly request: StreamRequest },
  steps: Steps,
): Promise<StreamOutcome> {
  const { arrivedAt, id = serverMadeId(randomUUID()) } = request;
  const stream = new Stream({ ...request, id, session, direction, createdAt: deps.clock.now() });
  deps.registry.add(stream);
  const rejection = await start(deps, stream, request, steps).catch((error) => failure(deps, stream, error));
  const refused = endedRejection(stream) ?? rejection;
  if (refused || !stream.leg) return writeOff(deps, stream, refused ?? INTERNAL);
  goLive(deps, stream, stream.leg, arrivedAt);
  return { kind: 'started', stream, answer: stream.leg.answer };
}

/** An id that a client has chosen is asked for once it is in the registry: of two that ask at once, none is missed. */
async function start(
  deps: SessionDeps,
  stream: Stream,
  request: StreamRequest,
  steps: Steps,
): Promise<Rejection | null> {
  return (await checkIdElsewhere(deps, request.id)) ?? steps(stream);
}

export function reject(deps: SessionDeps, appKey: string, direction: Direction, rejection: Rejection): StreamOutcome {
  deps.metrics.streamStarted(appKey, direction, rejection.result);
  return { kind: 'rejected', rejection };
}

/** What a stream asks of media once it is admitted. */
export function legRequest({ app, hasAudio, hasVideo, id, maxBitrate, offer, protocol }: Stream): LegRequest {
  const wish = protocol === null ? {} : { protocol };
  return { id, offer, codecs: app.config.codecs, maxBitrate, hasAudio, hasVideo, ...wish };
}

async function writeOff(deps: SessionDeps, stream: Stream, rejection: Rejection): Promise<StreamOutcome> {
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
