import { givesWay } from '../streams/capture-origin.ts';
import type { Session } from '../streams/session.ts';
import type { Stream } from '../streams/stream.ts';
import { admit, connect } from './admission.ts';
import { checkDenied, checkNameFree, checkPublicationLimit, checkRequest, claimName } from './checks.ts';
import { legRequest, openStream, reject } from './open-stream.ts';
import { endedRejection } from './rejections.ts';
import type { Rejection, SessionDeps, StreamOutcome, StreamRequest } from './requests.ts';

/** Starts a publication in a session. */
export async function publish(deps: SessionDeps, session: Session, request: StreamRequest): Promise<StreamOutcome> {
  const { appKey } = session;
  await endingHolder(deps, session, request.name);
  const rejection =
    checkRequest(deps, session, request, 'publish') ??
    checkPublicationLimit(deps, session) ??
    checkNameFree(deps, appKey, request.name);
  if (rejection) return reject(deps, appKey, 'publish', rejection);

  return openStream(deps, session, { direction: 'publish', request }, async (stream) => {
    const refused = (await claimName(deps, stream)) ?? (await connect(deps, session)) ?? (await admit(deps, stream));
    if (refused) return refused;
    await endingHolder(deps, session, stream.name);
    const taken = endedRejection(stream) ?? (await checkFinalName(deps, request.name, stream));
    if (taken) return taken;
    await negotiate(deps, stream, request);
    return null;
  });
}

/**
 * Waits for an ending holder of the name, so that a client can publish again right after its stream was ended. An older
 * publication of the same capture is ended first, unless this server drains: it refuses the newer one.
 */
async function endingHolder(deps: SessionDeps, { appKey, capture }: Session, name: string): Promise<void> {
  const holder = deps.registry.publication(appKey, name);
  if (!holder) return;
  const isReplaced = givesWay(holder.session.capture, capture) && !deps.draining();
  if (isReplaced) await deps.terminator.end(holder, 'name_conflict');
  else if (holder.cause !== null) await deps.terminator.settled(holder);
}

/** A backend may have overwritten the name; `checkRequest` has judged the old one. */
async function checkFinalName(deps: SessionDeps, requested: string, stream: Stream): Promise<Rejection | null> {
  if (stream.name === requested) return null;
  // The old name is free again.
  deps.names.changed(stream.appKey, requested);
  const denied = checkDenied(deps, stream, stream.name, 'publish');
  if (denied) return denied;
  const holder = deps.registry.publication(stream.appKey, stream.name);
  const taken = holder === stream ? null : checkNameFree(deps, stream.appKey, stream.name);
  return taken ?? claimName(deps, stream);
}

async function negotiate(deps: SessionDeps, stream: Stream, { candidateAddress }: StreamRequest): Promise<void> {
  stream.leg = await deps.media.publish({ ...legRequest(stream), candidateAddress });
}
