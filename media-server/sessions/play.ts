import type { App } from '../apps/app.ts';
import type { Stream } from '../streams/stream.ts';
import { admit, endedRejection } from './admission.ts';
import { checkDenied, checkPlaybackLimit, checkRequest, notLive } from './checks.ts';
import { legRequest, open, reject } from './open.ts';
import type { Rejection, SessionDeps, SessionOutcome, SessionRequest } from './session.ts';

/** Starts a playback: a WHEP POST without its HTTP (draft-ietf-wish-whep). */
export async function play(deps: SessionDeps, request: SessionRequest): Promise<SessionOutcome> {
  const rejection = checkRequest(deps, request, 'play') ?? checkLiveBeforehand(deps, request);
  if (rejection) return reject(deps, request.appKey, 'play', rejection);

  return open(deps, request, 'play', async (stream) => {
    const refused = await admit(deps, stream);
    if (refused) return refused;
    const denied = checkDenied(deps, request, stream.name, 'play');
    if (denied) return denied;
    const publication = livePublication(deps, stream.appKey, stream.name);
    if (!publication) return notLive(stream.appKey, stream.name);
    const full = checkPlaybacks(deps, publication);
    if (full) return full;
    deps.registry.bind(stream, publication);
    return negotiate(deps, stream, publication);
  });
}

/**
 * Rejects a playback of a publication that is not live without calling the backend, unless the backend may rename it.
 * Players that wait for a publication retry every few seconds.
 */
function checkLiveBeforehand(deps: SessionDeps, request: SessionRequest): Rejection | null {
  if (mayRename(deps.apps.get(request.appKey))) return null;
  return livePublication(deps, request.appKey, request.name) ? null : notLive(request.appKey, request.name);
}

function mayRename(app: App | undefined): boolean {
  const method = app?.hook?.config.methods.find(({ name }) => name === 'playStream');
  return method?.restPolicy === 'OVERWRITE' && (method.restOverwrite ?? []).includes('name');
}

function livePublication(deps: SessionDeps, appKey: string, name: string): Stream | null {
  const publication = deps.registry.publication(appKey, name);
  return publication?.live ? publication : null;
}

function checkPlaybacks(deps: SessionDeps, publication: Stream): Rejection | null {
  const limit = publication.app.config.limits.playbacksPerStream;
  return checkPlaybackLimit(deps.registry.playbacksOf(publication).size, limit, publication.name);
}

async function negotiate(deps: SessionDeps, stream: Stream, publication: Stream): Promise<Rejection | null> {
  if (publication.leg?.kind !== 'publication') return notLive(stream.appKey, stream.name);
  stream.leg = await deps.media.play({ ...legRequest(stream), publication: publication.leg });
  return endedRejection(stream);
}
