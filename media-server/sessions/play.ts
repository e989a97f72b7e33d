import type { App } from '../apps/app.ts';
import type { Session } from '../streams/session.ts';
import type { Played, Stream } from '../streams/stream.ts';
import { admit, connect } from './admission.ts';
import { checkDenied, checkPlaybackLimit, checkRequest, notLive } from './checks.ts';
import { legRequest, openStream, reject } from './open-stream.ts';
import { endedRejection } from './rejections.ts';
import type { Rejection, SessionDeps, StreamOutcome, StreamRequest } from './requests.ts';

/** Starts a playback in a session. */
export async function play(deps: SessionDeps, session: Session, request: StreamRequest): Promise<StreamOutcome> {
  const { appKey } = session;
  const rejection = checkRequest(deps, session, request, 'play') ?? checkLiveBeforehand(deps, session, request.name);
  if (rejection) return reject(deps, appKey, 'play', rejection);

  return openStream(deps, session, { direction: 'play', request }, async (stream) => {
    const refused =
      (await connect(deps, session)) ?? (await admit(deps, stream)) ?? checkDenied(deps, session, stream.name, 'play');
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
  if (mayRename(app)) return null;
  const isLive = livePublication(deps, appKey, name) || deps.elsewhere.isLive(appKey, name);
  return isLive ? null : notLive(appKey, name);
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
