import type { App } from '../apps/app.ts';
import type { Session } from '../streams/session.ts';
import type { Played, Stream } from '../streams/stream.ts';
import { admit, connect } from './admission.ts';
import { checkDenied, checkPlaybackLimit, checkRequest, notLive } from './checks.ts';
import { legRequest, openStream, reject } from './open-stream.ts';
import { endedRejection } from './rejections.ts';
import type { Rejection, SessionDeps, StreamOutcome, StreamRequest } from './requests.ts';

/** Starts a playback in a session. */
export async function play(deps: SessionDeps, session: Session, asked: StreamRequest): Promise<StreamOutcome> {
  const { appKey } = session;
  const request = { ...asked, name: deps.captures.nameOf(appKey, asked.name) ?? asked.name };
  const rejection = checkRequest(deps, session, request, 'play') ?? checkLiveBeforehand(deps, session, request.name);
  if (rejection) return reject(deps, appKey, 'play', rejection);

  return openStream(deps, session, { direction: 'play', request }, async (stream) => {
    const refused =
      (await connect(deps, session)) ??
      (await admit(deps, stream)) ??
      useName(deps, stream) ??
      checkDenied(deps, session, stream.name, 'play') ??
      (await startCapture(deps, stream));
    if (refused) return refused;
    const publication = livePublication(deps, appKey, stream.name) ?? (await deps.elsewhere.fetch(appKey, stream.name));
    // The stream may have ended while the publication was fetched.
    const ended = endedRejection(stream);
    if (ended) return ended;
    if (!publication?.live) return notLive(appKey, stream.name);
    return checkPlaybacks(deps, stream, publication) ?? negotiate(deps, stream, publication);
  });
}

/**
 * Rejects a playback of a publication that is not live without calling the backend, unless the backend may rename it.
 * Players that wait for a publication retry every few seconds.
 */
function checkLiveBeforehand(deps: SessionDeps, { app, appKey }: Session, name: string): Rejection | null {
  return mayRename(app) || isPlayable(deps, appKey, name) ? null : notLive(appKey, name);
}

/** Whether a stream is live, or is captured when somebody plays it. */
export function isPlayable(deps: SessionDeps, appKey: string, asked: string): boolean {
  const name = deps.captures.nameOf(appKey, asked);
  return name !== null && (isLive(deps, appKey, name) || deps.captures.canStart(appKey, name));
}

const isLive = (deps: SessionDeps, appKey: string, name: string): boolean =>
  livePublication(deps, appKey, name) !== null || deps.elsewhere.isLive(appKey, name);

/** A backend may have overwritten the name with the URL of a camera. */
function useName(deps: SessionDeps, stream: Stream): Rejection | null {
  const { appKey } = stream;
  const name = deps.captures.nameOf(appKey, stream.name);
  if (name === null) return notLive(appKey, stream.name);
  if (name !== stream.name) deps.registry.rename(stream, name);
  return null;
}

/** Starts the capture of a stream that is not live, if there is one: only a viewer that the backend allows does so. */
async function startCapture(deps: SessionDeps, { appKey, name, signal }: Stream): Promise<Rejection | null> {
  if (isLive(deps, appKey, name)) return null;
  const fault = await deps.captures.start(appKey, name, signal);
  if (fault === null) return null;
  const rejection = notLive(appKey, name);
  const retryAfterSeconds = Math.max(1, Math.ceil(fault.retryAfterMs / 1000));
  return { ...rejection, detail: `${rejection.detail}: ${fault.detail}`, retryAfterSeconds };
}

function mayRename({ hook }: App): boolean {
  const method = hook?.config.methods.find(({ name }) => name === 'playStream');
  return method?.restPolicy === 'OVERWRITE' && (method.restOverwrite ?? []).includes('name');
}

function livePublication(deps: SessionDeps, appKey: string, name: string): Stream | null {
  const publication = deps.registry.publication(appKey, name);
  return publication?.live ? publication : null;
}

function checkPlaybacks(deps: SessionDeps, { app }: Stream, publication: Played): Rejection | null {
  const limit = app.config.limits.playbacksPerStream;
  return checkPlaybackLimit(deps.registry.playbacksOf(publication).size, limit, publication.name);
}

async function negotiate(deps: SessionDeps, stream: Stream, publication: Played): Promise<Rejection | null> {
  const { leg } = publication;
  if (!leg || leg.kind === 'playback') return notLive(stream.appKey, stream.name);
  deps.registry.bind(stream, publication);
  stream.leg = await deps.media.play({ ...legRequest(stream), publication: leg });
  return endedRejection(stream);
}
