import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { OfferError } from '../sdp/offer-error.ts';
import type { Stream } from '../streams/stream.ts';
import type { Rejection } from './requests.ts';

export const NAME_IN_USE: Rejection = {
  status: 409,
  result: 'name_in_use',
  detail: 'Stream name is already in use',
  retryAfterSeconds: 15,
};

export const ID_IN_USE: Rejection = { status: 409, result: 'id_in_use', detail: 'Stream id is already in use' };

export const INTERNAL: Rejection = {
  status: 500,
  result: 'error',
  detail: 'the media server failed to start the stream',
};

export function offerRejection(error: OfferError): Rejection {
  return { status: error.status, result: 'bad_offer', detail: error.message };
}

/** The rejection for a client whose session or stream was ended while it waited; null if it was not. */
export function endedRejection({ cause, info }: Pick<Stream, 'cause' | 'info'>): Rejection | null {
  switch (cause) {
    case null:
      return null;
    case 'drain':
      return { status: 503, result: 'draining', detail: info, retryAfterSeconds: 5 };
    case 'publisher_gone':
      return { status: 409, result: 'not_live', detail: info, retryAfterSeconds: 2 };
    case 'name_conflict':
      return NAME_IN_USE;
    case 'worker_died':
      return { status: 503, result: 'error', detail: info, retryAfterSeconds: 2 };
    default:
      return { status: 403, result: 'terminated', detail: info, cause };
  }
}

/** The cause with which a rejected session or stream ends. */
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
      return rejection.cause ?? 'refused';
  }
}
