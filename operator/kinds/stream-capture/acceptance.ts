import {
  type Acceptance,
  type AcceptanceInput,
  acceptCapture,
  isSameStream,
  refuseCapture,
} from '../../../crds/render/accept-capture.ts';
import { secretOf } from '../../../crds/render/capture-order.ts';
import type { StreamCaptureSpec } from '../../../crds/schema/stream-capture.ts';
import type { Validated } from '../../../crds/validate/resource.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { mediaServerOf, mediaServerOfCapture, readSecrets } from '../../world/references.ts';
import { faultsOf, readMediaServer, readStreamApp, readStreamCapture, validOnes } from '../../world/valid-resources.ts';
import type { World } from '../../world/world.ts';

/** Decides whether a StreamCapture is captured at all. Reads only its Secret. */
export async function judge(world: World, object: KubeObject): Promise<Acceptance> {
  const checked = readStreamCapture(object);
  if (!checked.ok) return refuseCapture('InvalidSpec', faultsOf(checked));
  const { namespace = '' } = object.metadata;
  const { resource: capture } = checked;
  const secret = secretOf(capture.spec);
  return acceptCapture({
    capture,
    ...referenced(world, namespace, capture.spec),
    captures: validOnes(rivalsOf(world, namespace, capture.spec), readStreamCapture),
    secrets: await readSecrets(world, namespace, secret === undefined ? [] : [secret]),
  });
}

const rivalsOf = ({ stores }: World, namespace: string, stream: StreamCaptureSpec): KubeObject[] =>
  stores.streamCaptures.list(namespace).filter(({ spec }) => isSameStream(spec as StreamCaptureSpec, stream));

function referenced(
  { stores }: World,
  namespace: string,
  { appRef }: StreamCaptureSpec,
): Pick<AcceptanceInput, 'app' | 'mediaServer'> {
  const app = stores.streamApps.get(`${namespace}/${appRef.name}`);
  const server = app && stores.mediaServers.get(mediaServerOf(app));
  const serverName = app ? mediaServerOf(app).slice(namespace.length + 1) : '';
  return {
    app: found(`StreamApp "${appRef.name}"`, app, readStreamApp),
    mediaServer: found(`MediaServer "${serverName}"`, server, readMediaServer),
  };
}

function found<S>(what: string, object: KubeObject | undefined, read: (object: KubeObject) => Validated<S>) {
  if (!object) return { fault: `${what} not found in this namespace` };
  const checked = read(object);
  return checked.ok ? checked.resource : { fault: `${what} is not valid: ${faultsOf(checked)}` };
}

/** Whether another operator manages the MediaServer of a capture, and writes its status. */
export function isOfOther({ ownership, stores }: World, object: KubeObject): boolean {
  const server = stores.mediaServers.get(mediaServerOfCapture({ stores }, object) ?? '');
  return server !== undefined && ownership.isForeign(server);
}
