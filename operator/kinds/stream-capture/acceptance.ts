import { addressFault } from '../../../crds/render/capture-address.ts';
import { renderSource, secretOf, urlOf } from '../../../crds/render/capture-order.ts';
import type { Capture } from '../../../crds/schema/capture.ts';
import type { CapturedSource } from '../../../crds/schema/capture-messages.ts';
import type { AcceptedReason } from '../../../crds/schema/capture-reasons.ts';
import { sourceAddress } from '../../../crds/schema/source-url.ts';
import type { StreamCaptureSpec } from '../../../crds/schema/stream-capture.ts';
import { type KubeObject, keyOf } from '../../kube/objects.ts';
import { mediaServerOfCapture, readSecrets } from '../../world/references.ts';
import { faultsOf, readMediaServer, readStreamApp, readStreamCapture } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';

export type Accepted = {
  readonly kind: 'accepted';
  readonly spec: StreamCaptureSpec;
  /** The name of the MediaServer. */
  readonly mediaServer: string;
  readonly appKey: string;
  readonly capture: Capture;
  readonly source: CapturedSource;
};

export type Refused = {
  readonly kind: 'refused';
  readonly reason: Exclude<AcceptedReason, 'Accepted'>;
  readonly message: string;
  /** It depends on a Secret, which is not watched. */
  readonly isTransient?: true;
};

export type Acceptance = Accepted | Refused;

/** Decides whether a StreamCapture is captured at all. Reads only its Secret. */
export async function judge(world: World, object: KubeObject): Promise<Acceptance> {
  const checked = readStreamCapture(object);
  if (!checked.ok) return refused('InvalidSpec', faultsOf(checked));
  const { spec } = checked.resource;
  const app = appOf(world, object, spec);
  if ('kind' in app) return app;
  const source = await sourceOf(world, object, spec);
  if (typeof source === 'string') return { ...refused('InvalidRef', source), isTransient: true };
  const winner = winnerOf(world, object, spec);
  if (winner !== null) {
    const message = `StreamCapture "${winner}" already has the name "${spec.name}" in StreamApp "${spec.appRef.name}"`;
    return refused('Conflict', message);
  }
  const address = sourceAddress(urlOf(spec));
  const fault = address === null ? null : addressFault(address, app.capture.allow);
  if (fault !== null) return refused('AddressNotAllowed', fault);
  return { kind: 'accepted', spec, ...app, source };
}

const refused = (reason: Refused['reason'], message: string): Refused => ({ kind: 'refused', reason, message });

function appOf(
  world: World,
  object: KubeObject,
  spec: StreamCaptureSpec,
): Pick<Accepted, 'mediaServer' | 'appKey' | 'capture'> | Refused {
  const { namespace = '' } = object.metadata;
  const app = world.stores.streamApps.get(`${namespace}/${spec.appRef.name}`);
  if (!app) return refused('InvalidRef', `StreamApp "${spec.appRef.name}" not found in this namespace`);
  const checkedApp = readStreamApp(app);
  if (!checkedApp.ok) {
    return refused('InvalidRef', `StreamApp "${spec.appRef.name}" is not valid: ${faultsOf(checkedApp)}`);
  }
  const { appKey, mediaServerRef } = checkedApp.resource.spec;
  const server = world.stores.mediaServers.get(`${namespace}/${mediaServerRef.name}`);
  if (!server) return refused('InvalidRef', `MediaServer "${mediaServerRef.name}" not found in this namespace`);
  const checkedServer = readMediaServer(server);
  if (!checkedServer.ok) {
    return refused('InvalidRef', `MediaServer "${mediaServerRef.name}" is not valid: ${faultsOf(checkedServer)}`);
  }
  const { capture } = checkedServer.resource.spec;
  if (!capture) {
    return refused('CaptureDisabled', `spec.capture of MediaServer "${mediaServerRef.name}" is not set`);
  }
  return { mediaServer: mediaServerRef.name, appKey, capture };
}

async function sourceOf(
  world: World,
  { metadata }: KubeObject,
  spec: StreamCaptureSpec,
): Promise<CapturedSource | string> {
  const secret = secretOf(spec);
  return renderSource(spec, await readSecrets(world, metadata.namespace ?? '', secret === undefined ? [] : [secret]));
}

/** The name of the StreamCapture that has this name in this app instead: the oldest, then the first by name. */
function winnerOf({ stores }: World, object: KubeObject, { appRef, name }: StreamCaptureSpec): string | null {
  const rivals = stores.streamCaptures
    .list(object.metadata.namespace ?? '')
    .filter((each) => isSameStream(each, { appRef, name }) && readStreamCapture(each).ok);
  const [first] = rivals.toSorted(byAge);
  return first === undefined || keyOf(first) === keyOf(object) ? null : first.metadata.name;
}

type StreamName = Pick<StreamCaptureSpec, 'appRef' | 'name'>;

/** Whether a StreamCapture has this app and this name. */
export function isSameStream({ spec }: KubeObject, { appRef, name }: StreamName): boolean {
  const other = spec as Partial<StreamName>;
  return other.name === name && other.appRef?.name === appRef.name;
}

const byAge = ({ metadata: one }: KubeObject, { metadata: other }: KubeObject): number =>
  (one.creationTimestamp ?? '').localeCompare(other.creationTimestamp ?? '') || (one.name < other.name ? -1 : 1);

/** Whether another operator manages the MediaServer of a capture, and writes its status. */
export function isOfOther({ ownership, stores }: World, object: KubeObject): boolean {
  const server = stores.mediaServers.get(mediaServerOfCapture({ stores }, object) ?? '');
  return server !== undefined && ownership.isForeign(server);
}
