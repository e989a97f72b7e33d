import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { AdmissionMethod } from '../../crds/schema/hook-methods.ts';
import type { Admission } from '../hooks/session-hooks.ts';
import type { Stream } from '../streams/stream.ts';
import { connectBody, streamBody } from '../streams/stream-object.ts';
import { NAME_IN_USE } from './checks.ts';
import { tellConnected } from './events.ts';
import { overwriteStream } from './overwrite.ts';
import type { Rejection, SessionDeps } from './session.ts';

/** Asks the backend twice, `connect` and then `publishStream` or `playStream`; null = the stream may go on. */
export async function admit(deps: SessionDeps, stream: Stream): Promise<Rejection | null> {
  stream.admission = 'asked';
  const connect = await ask(deps, stream, 'connect');
  if (connect.rejection) {
    // A backend that refused needs no event about the end; one whose answer came too late does.
    if (stream.cause === null) stream.admission = 'none';
    return connect.rejection;
  }
  stream.admission = 'connected';
  tellConnected(stream, deps.nodeId);

  stream.pending();
  const method = stream.published ? 'publishStream' : 'playStream';
  const { rejection, admission } = await ask(deps, stream, method);
  if (rejection) return rejection;
  stream.admission = 'admitted';
  if (admission.kind === 'allowed') overwriteStream(deps.registry, stream, admission.overwrite);
  return null;
}

type Asked = { readonly admission: Admission; readonly rejection: Rejection | null };

async function ask(deps: SessionDeps, stream: Stream, method: AdmissionMethod): Promise<Asked> {
  const body = method === 'connect' ? connectBody(stream, deps.nodeId) : streamBody(stream, deps.nodeId);
  const admission = await stream.hooks.admit(method, body, stream.signal);
  const rejection = endedRejection(stream) ?? judge(admission);
  if (rejection) deps.log.info({ streamId: stream.id, method, result: rejection.result }, 'admission ended');
  return { admission, rejection };
}

function judge(admission: Admission): Rejection | null {
  switch (admission.kind) {
    case 'allowed':
      return null;
    case 'refused':
      return { status: 403, result: 'refused', detail: 'Restricted access' };
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

/** The rejection for a client whose stream was ended while it waited; null if it was not. */
export function endedRejection(stream: Stream): Rejection | null {
  switch (stream.cause) {
    case null:
      return null;
    case 'drain':
      return { status: 503, result: 'draining', detail: stream.info, retryAfterSeconds: 5 };
    case 'publisher_gone':
      return { status: 409, result: 'not_live', detail: stream.info, retryAfterSeconds: 2 };
    case 'name_conflict':
      return NAME_IN_USE;
    case 'worker_died':
      return { status: 503, result: 'error', detail: stream.info, retryAfterSeconds: 2 };
    default:
      return { status: 403, result: 'terminated', detail: stream.info };
  }
}

/** The cause with which a rejected session ends. */
export function causeOf(rejection: Rejection): EndCause {
  switch (rejection.result) {
    case 'bad_offer':
    case 'error':
      return 'negotiation';
    case 'unavailable':
      return 'unavailable';
    case 'limit':
      return 'limit';
    case 'name_in_use':
      return 'name_conflict';
    case 'not_live':
      return 'publisher_gone';
    case 'draining':
    case 'joining':
      return 'drain';
    default:
      return 'refused';
  }
}
