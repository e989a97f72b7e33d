import type { Admission } from '../hooks/session-hooks.ts';
import type { Session } from '../streams/session.ts';
import type { Stream } from '../streams/stream.ts';
import { connectBody, streamBody } from '../streams/stream-object.ts';
import { tellConnected } from './events.ts';
import { overwriteStream } from './overwrite.ts';
import { endedRejection } from './rejections.ts';
import type { Rejection, SessionDeps } from './requests.ts';

/** Asks the backend about a session (`connect`), unless that has been done; null = streams may start in it. */
export async function connect(deps: SessionDeps, session: Session): Promise<Rejection | null> {
  const endedBefore = endedRejection(session);
  if (endedBefore || session.admission === 'connected') return endedBefore;
  session.admission = 'asked';
  const admission = await session.hooks.admit('connect', connectBody(session, deps.nodeId), session.signal);
  // A backend whose answer came too late is told about the end, unlike one that refused.
  const ended = endedRejection(session);
  const rejection = ended ?? judge(admission);
  if (rejection) {
    if (!ended) session.admission = 'none';
    logEnd(deps, { sessionId: session.id, method: 'connect' }, rejection);
    return rejection;
  }
  session.admission = 'connected';
  tellConnected(session, deps.nodeId);
  return null;
}

/** Asks the backend about a stream (`publishStream` or `playStream`); null = the stream may go on. */
export async function admit(deps: SessionDeps, stream: Stream): Promise<Rejection | null> {
  const endedBefore = endedRejection(stream);
  if (endedBefore) return endedBefore;
  const method = stream.published ? 'publishStream' : 'playStream';
  stream.pending();
  stream.admission = 'asked';
  const admission = await stream.hooks.admit(method, streamBody(stream, deps.nodeId), stream.signal);
  const rejection = endedRejection(stream) ?? judge(admission);
  if (rejection) {
    logEnd(deps, { streamId: stream.id, method }, rejection);
    return rejection;
  }
  stream.admission = 'admitted';
  if (admission.kind === 'allowed') overwriteStream(deps.registry, stream, admission.overwrite);
  return null;
}

function logEnd({ log }: SessionDeps, asked: object, { result }: Rejection): void {
  log.info({ ...asked, result }, 'admission ended');
}

function judge(admission: Admission): Rejection | null {
  switch (admission.kind) {
    case 'allowed':
      return null;
    case 'refused':
      return { status: 403, result: 'refused', detail: 'Restricted access', reason: admission.reason };
    case 'unavailable':
      return {
        status: 503,
        result: 'unavailable',
        detail: `the backend cannot be asked: ${admission.reason}`,
        retryAfterSeconds: admission.retryAfterSeconds,
      };
    default:
      return admission satisfies never;
  }
}
