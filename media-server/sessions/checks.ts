import type { Direction } from '../../crds/schema/stream.ts';
import type { App } from '../apps/app.ts';
import { parseOffer } from '../sdp/offer.ts';
import { OfferError } from '../sdp/offer-error.ts';
import type { Client, Session } from '../streams/session.ts';
import type { Stream } from '../streams/stream.ts';
import { isServerMade } from '../streams/stream-id.ts';
import { endedRejection, ID_IN_USE, NAME_IN_USE, offerRejection } from './rejections.ts';
import type { Rejection, SessionDeps, StreamRequest } from './requests.ts';

/** Seconds after which a client may try again. */
const RETRY_AFTER = { draining: 5, joining: 2, unresolved: 15, limit: 15, notLive: 2 } as const;

/** Checks of a stream that need no call to the backend. Returns the first rejection, or null. */
export function checkRequest(
  deps: SessionDeps,
  session: Session,
  request: StreamRequest,
  direction: Direction,
): Rejection | null {
  return (
    endedRejection(session) ??
    checkApp(deps, session) ??
    checkDraining(deps, direction) ??
    checkServerLimit(deps, direction) ??
    checkOffer(request.offer, direction) ??
    checkIdFree(deps, request.id) ??
    checkDenied(deps, session, request.name, direction)
  );
}

/** A draining server refuses new publications; playbacks may still start. */
function checkDraining(deps: SessionDeps, direction: Direction): Rejection | null {
  if (direction === 'play' || !deps.draining()) return null;
  return {
    status: 503,
    result: 'draining',
    detail: 'this media server is shutting down',
    retryAfterSeconds: RETRY_AFTER.draining,
  };
}

export function checkJoining(deps: SessionDeps): Rejection | null {
  if (!deps.joining()) return null;
  return {
    status: 503,
    result: 'joining',
    detail: 'this media server is starting',
    retryAfterSeconds: RETRY_AFTER.joining,
  };
}

export const unknownApp = (appKey: string): Rejection => ({
  status: 404,
  result: 'unknown_app',
  detail: `app "${appKey}" not found`,
});

/** A session outlives its app. An app that is deleted and added again is the same one for its sessions. */
function checkApp(deps: SessionDeps, { app, appKey }: Session): Rejection | null {
  return deps.apps.get(appKey) === app ? checkResolved(app) : unknownApp(appKey);
}

export function checkResolved({ config, unresolved }: App): Rejection | null {
  if (unresolved === null) return null;
  return {
    status: 503,
    result: 'unavailable',
    detail: `app "${config.appKey}" is not ready: ${unresolved}`,
    retryAfterSeconds: RETRY_AFTER.unresolved,
  };
}

/** Rejects an offer that cannot be answered before the backend is called. */
function checkOffer(offer: string, direction: Direction): Rejection | null {
  try {
    parseOffer(offer, direction);
    return null;
  } catch (error) {
    if (error instanceof OfferError) return offerRejection(error);
    throw error;
  }
}

function checkServerLimit(deps: SessionDeps, direction: Direction): Rejection | null {
  const limits = deps.limits();
  const limit = direction === 'publish' ? limits.publications : limits.playbacks;
  const count = deps.registry.byDirection(direction).size;
  return overLimit(count, limit, 'this media server', nounOf(direction));
}

/** On the final name, since a backend may overwrite it. */
export function checkDenied(
  deps: SessionDeps,
  { appKey, client }: { readonly appKey: string; readonly client: Client },
  name: string,
  direction: Direction,
): Rejection | null {
  if (!deps.deny.denied(appKey, name, direction, client)) return null;
  return { status: 403, result: 'denied', detail: 'Restricted access' };
}

/** An id names one stream: a client that has chosen one of another stream would be able to end that. */
function checkIdFree({ registry }: SessionDeps, id: string | undefined): Rejection | null {
  if (id === undefined) return null;
  return isServerMade(id) || registry.get(id) ? ID_IN_USE : null;
}

/** Asks the other pods for an id that a client has chosen. A pod that does not answer does not block it. */
export async function checkIdElsewhere(deps: SessionDeps, id: string | undefined): Promise<Rejection | null> {
  return id !== undefined && (await deps.ids.isHeldElsewhere(id)) ? ID_IN_USE : null;
}

export function checkPublicationLimit(deps: SessionDeps, { appKey, app }: Session): Rejection | null {
  const count = deps.registry.count(appKey, 'publish');
  return overLimit(count, app.config.limits.publications, `app "${appKey}"`, 'publication');
}

/** A name is taken from the first step of admission until the transport of its publication is closed. */
export function checkNameFree(deps: SessionDeps, appKey: string, name: string): Rejection | null {
  return deps.registry.publication(appKey, name) ? NAME_IN_USE : null;
}

/** Asks the other pods for the name of a publication. */
export async function claimName(deps: SessionDeps, stream: Stream): Promise<Rejection | null> {
  const { appKey, createdAt: at, name, session } = stream;
  return (await deps.names.claim({ appKey, name, at, capture: session.capture })) ? null : NAME_IN_USE;
}

export function notLive(appKey: string, name: string): Rejection {
  return {
    status: 409,
    result: 'not_live',
    detail: `publication "${name}" is not live in app "${appKey}"`,
    retryAfterSeconds: RETRY_AFTER.notLive,
  };
}

export function checkPlaybackLimit(playbacks: number, limit: number, name: string): Rejection | null {
  return overLimit(playbacks, limit, `publication "${name}"`, 'playback');
}

type Noun = 'publication' | 'playback';

function overLimit(count: number, limit: number, owner: string, noun: Noun): Rejection | null {
  if (limit === 0 || count < limit) return null;
  const detail = `${owner} has reached its limit of ${limit} ${noun}${limit === 1 ? '' : 's'}`;
  return { status: 503, result: 'limit', detail, retryAfterSeconds: RETRY_AFTER.limit };
}

function nounOf(direction: Direction): Noun {
  return direction === 'publish' ? 'publication' : 'playback';
}
