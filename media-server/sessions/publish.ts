import type { Stream } from '../streams/stream.ts';
import { admit, endedRejection } from './admission.ts';
import { checkDenied, checkNameFree, checkPublicationLimit, checkRequest, claimName } from './checks.ts';
import { legRequest, open, reject } from './open.ts';
import type { Rejection, SessionDeps, SessionOutcome, SessionRequest } from './session.ts';

/** Starts a publication: a WHIP POST without its HTTP (RFC 9725). */
export async function publish(deps: SessionDeps, request: SessionRequest): Promise<SessionOutcome> {
  await endingHolder(deps, request.appKey, request.name);
  const rejection =
    checkRequest(deps, request, 'publish') ??
    checkPublicationLimit(deps, request.appKey) ??
    checkNameFree(deps, request.appKey, request.name);
  if (rejection) return reject(deps, request.appKey, 'publish', rejection);

  return open(deps, request, 'publish', async (stream) => {
    const refused = (await claimName(deps, stream)) ?? (await admit(deps, stream));
    if (refused) return refused;
    await endingHolder(deps, stream.appKey, stream.name);
    const taken = endedRejection(stream) ?? (await checkFinalName(deps, request, stream));
    if (taken) return taken;
    await negotiate(deps, stream);
    return null;
  });
}

/** Waits for an ending holder of the name, so that a client can publish again right after its stream was ended. */
async function endingHolder(deps: SessionDeps, appKey: string, name: string): Promise<void> {
  const holder = deps.registry.publication(appKey, name);
  if (holder && holder.cause !== null) await deps.terminator.settled(holder);
}

/** A backend may have overwritten the name; `checkRequest` has judged the old one. */
async function checkFinalName(deps: SessionDeps, request: SessionRequest, stream: Stream): Promise<Rejection | null> {
  if (stream.name === request.name) return null;
  // The old name is free again.
  deps.names.changed(request.appKey, request.name);
  const denied = checkDenied(deps, request, stream.name, 'publish');
  if (denied) return denied;
  const holder = deps.registry.publication(stream.appKey, stream.name);
  const taken = holder === stream ? null : checkNameFree(deps, stream.appKey, stream.name);
  return taken ?? claimName(deps, stream);
}

async function negotiate(deps: SessionDeps, stream: Stream): Promise<void> {
  stream.leg = await deps.media.publish(legRequest(stream));
}
