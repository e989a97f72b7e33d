import type { PulledStream } from '../../crds/schema/capture-calls.ts';
import type { CaptureOrder, CaptureState } from '../../crds/schema/capture-messages.ts';

/** A capture, as the REST API lists it. */
export type Pulled = { readonly of: { readonly appKey: string; readonly kind: string }; readonly stream: PulledStream };

export function pulledOf({ appKey, name, source: { kind, url } }: CaptureOrder, state: CaptureState): Pulled {
  const { mediaSessionId, reason } = state;
  const stream = { url, name, reason, ...(mediaSessionId === undefined ? {} : { mediaSessionId }) };
  return { of: { appKey, kind }, stream };
}
