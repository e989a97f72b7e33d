import type { CaptureSpec } from '../schema/capture.ts';
import type { CapturedSource } from '../schema/capture-messages.ts';
import type { AcceptedReason } from '../schema/capture-reasons.ts';
import type { MediaServerSpec } from '../schema/media-server.ts';
import { sourceAddress } from '../schema/source-url.ts';
import type { StreamAppSpec } from '../schema/stream-app.ts';
import type { StreamCaptureSpec } from '../schema/stream-capture.ts';
import type { ObjectMeta, Resource } from '../validate/resource.ts';
import type { SecretSource } from './assets.ts';
import { addressFault } from './capture-address.ts';
import { renderSource, urlOf } from './capture-order.ts';

/** A capture that runs if there is a pod for it. */
export type AcceptedCapture = {
  readonly kind: 'accepted';
  readonly spec: StreamCaptureSpec;
  /** The name of the MediaServer. */
  readonly mediaServer: string;
  readonly appKey: string;
  readonly capture: CaptureSpec;
  readonly source: CapturedSource;
};

export type RefusedCapture = {
  readonly kind: 'refused';
  readonly reason: Exclude<AcceptedReason, 'Accepted'>;
  readonly message: string;
  /** It depends on a Secret, which is not watched. */
  readonly isTransient?: true;
};

export type Acceptance = AcceptedCapture | RefusedCapture;

/** An object that is valid, or why there is none. */
type Found<S> = Resource<S> | { readonly fault: string };

export type AcceptanceInput = {
  readonly capture: Resource<StreamCaptureSpec>;
  readonly app: Found<StreamAppSpec>;
  readonly mediaServer: Found<MediaServerSpec>;
  /** The valid captures of the namespace, at least those of this app and name. */
  readonly captures: readonly Resource<StreamCaptureSpec>[];
  readonly secrets: ReadonlyMap<string, SecretSource>;
};

/** Decides whether a StreamCapture is captured at all. Pure. */
export function acceptCapture(input: AcceptanceInput): Acceptance {
  const { app, mediaServer, secrets } = input;
  const { spec } = input.capture;
  if ('fault' in app) return refuseCapture('InvalidRef', app.fault);
  if ('fault' in mediaServer) return refuseCapture('InvalidRef', mediaServer.fault);
  const { name } = mediaServer.metadata;
  const { capture } = mediaServer.spec;
  if (!capture) return refuseCapture('CaptureDisabled', `spec.capture of MediaServer "${name}" is not set`);
  const source = renderSource(spec, secrets);
  if (typeof source === 'string') return { ...refuseCapture('InvalidRef', source), isTransient: true };
  const fault = conflictOf(input) ?? addressFaultOf(spec, capture);
  return fault ?? { kind: 'accepted', spec, mediaServer: name, appKey: app.spec.appKey, capture, source };
}

export const refuseCapture = (reason: RefusedCapture['reason'], message: string): RefusedCapture => ({
  kind: 'refused',
  reason,
  message,
});

function conflictOf({ capture, captures }: AcceptanceInput): RefusedCapture | null {
  const { appRef, name } = capture.spec;
  const [winner] = captures.filter(({ spec }) => isSameStream(spec, capture.spec)).toSorted(byAge);
  if (!winner || winner.metadata.name === capture.metadata.name) return null;
  const message = `StreamCapture "${winner.metadata.name}" already has the name "${name}" in StreamApp "${appRef.name}"`;
  return refuseCapture('Conflict', message);
}

/** A name of a host is resolved, and each of its addresses checked, by whoever connects. */
function addressFaultOf(spec: StreamCaptureSpec, { allow }: CaptureSpec): RefusedCapture | null {
  const address = sourceAddress(urlOf(spec));
  const fault = address === null ? null : addressFault(address, allow);
  return fault === null ? null : refuseCapture('AddressNotAllowed', fault);
}

type StreamName = Pick<StreamCaptureSpec, 'appRef' | 'name'>;

/** Whether two captures have one name in one app: the oldest has it, or the first by name. */
export const isSameStream = (one: StreamName, other: StreamName): boolean =>
  one.name === other.name && one.appRef.name === other.appRef.name;

const byAge = ({ metadata: one }: { metadata: ObjectMeta }, { metadata: other }: { metadata: ObjectMeta }): number =>
  (one.creationTimestamp ?? '').localeCompare(other.creationTimestamp ?? '') || (one.name < other.name ? -1 : 1);
