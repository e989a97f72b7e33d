import { END_CAUSES } from '../../crds/schema/end-causes.ts';
import type { Direction } from '../../crds/schema/stream.ts';
import type { CaptureOrigin } from '../streams/capture-origin.ts';
import type { Session } from '../streams/session.ts';
import { endWhenGone, newSession } from './open-session.ts';
import { reject } from './open-stream.ts';
import { play } from './play.ts';
import { publish } from './publish.ts';
import { causeOf } from './rejections.ts';
import type { SessionDeps, SessionRequest, StreamOutcome, StreamRequest } from './requests.ts';

/** What a WHIP or WHEP POST asks for: a session and its only stream. */
export type SingleRequest = Omit<SessionRequest, 'kind'> & StreamRequest;

export type CaptureRequest = SingleRequest & { readonly capture: CaptureOrigin };

type Protocol = {
  readonly kind: 'whip' | 'whep' | 'capture';
  readonly direction: Direction;
  readonly start: (deps: SessionDeps, session: Session, request: StreamRequest) => Promise<StreamOutcome>;
};

/** A WHIP POST without its HTTP (RFC 9725). */
export function whip(deps: SessionDeps, request: SingleRequest): Promise<StreamOutcome> {
  return openSingle(deps, { kind: 'whip', direction: 'publish', start: publish }, request);
}

/** A WHEP POST without its HTTP (draft-ietf-wish-whep). */
export function whep(deps: SessionDeps, request: SingleRequest): Promise<StreamOutcome> {
  return openSingle(deps, { kind: 'whep', direction: 'play', start: play }, request);
}

/**
 * What a capture program asks for: a publication, unless an order to end it is so new that it may not have reached the
 * program yet.
 */
export async function capture(deps: SessionDeps, request: CaptureRequest): Promise<StreamOutcome> {
  const cause = deps.holds.causeOf(request.capture);
  if (cause === null) return openSingle(deps, { kind: 'capture', direction: 'publish', start: startCapture }, request);
  const rejection = { status: 403, result: 'denied', detail: END_CAUSES[cause].info, cause } as const;
  return reject(deps, request.appKey, 'publish', rejection);
}

const startCapture: Protocol['start'] = (deps, session, request) => {
  deps.holds.watch(session);
  return publish(deps, session, request);
};

/**
 * Opens a session with its only stream. Whatever rejects or throws on the way, nothing of them is left. Once its client
 * has the answer, it may go away.
 */
async function openSingle(
  deps: SessionDeps,
  { direction, kind, start }: Protocol,
  request: SingleRequest,
): Promise<StreamOutcome> {
  const opened = newSession(deps, { ...request, kind });
  if (opened.kind === 'rejected') return reject(deps, request.appKey, direction, opened.rejection);
  const { session } = opened;
  const answered = endWhenGone(deps, session, request.signal);
  let outcome: StreamOutcome | null = null;
  try {
    outcome = await start(deps, session, request);
    return outcome;
  } finally {
    answered();
    if (outcome?.kind !== 'started') {
      await deps.terminator.endSession(session, outcome ? causeOf(outcome.rejection) : 'negotiation');
    }
  }
}
