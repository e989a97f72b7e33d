import type { SecretSource } from '../../crds/render/assets.ts';
import type { CaptureState } from '../../crds/schema/capture-messages.ts';
import { STREAM_CAPTURE } from '../../crds/schema/kinds.ts';
import type { StreamCaptureSpec } from '../../crds/schema/stream-capture.ts';
import type { KubeObject, Metadata } from '../../operator/kube/objects.ts';
import { validated } from './sluice-objects.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A StreamCapture of the app `default` in the namespace `media`. */
export const captureObject = (name: string, spec: Fields = {}, metadata: Partial<Metadata> = {}): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'StreamCapture',
  metadata: { name, namespace: 'media', uid: `uid-${name}`, generation: 1, resourceVersion: '1', ...metadata },
  spec: {
    appRef: { name: 'default' },
    name,
    ...('rtmp' in spec || 'srt' in spec ? {} : { rtsp: { url: 'rtsp://10.20.0.7/main' } }),
    ...spec,
  },
});

export const captureSpec = (spec: Fields = {}): StreamCaptureSpec =>
  validated(STREAM_CAPTURE, captureObject('gate', spec)).spec;

export const secretSource = (entries: Readonly<Record<string, string>>): SecretSource => ({
  type: 'Opaque',
  data: new Map(Object.entries(entries).map(([key, text]) => [key, Buffer.from(text)])),
});

/** A capture pod of the MediaServer `live`. */
export function capturePodObject(
  uid: string,
  over: { port?: number; isReady?: boolean; deletionTimestamp?: string } = {},
): KubeObject {
  const { deletionTimestamp, isReady = true, port = 9091 } = over;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `live-capture-${uid}`,
      namespace: 'media',
      uid,
      labels: {
        'app.kubernetes.io/name': 'sluice-capture',
        'app.kubernetes.io/instance': 'live',
        'app.kubernetes.io/managed-by': 'sluice',
      },
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec: {
      containers: [{ name: 'sources' }, { name: 'capture', ports: [{ name: 'internal', containerPort: port }] }],
    },
    status: {
      podIP: '127.0.0.1',
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
      containerStatuses: [
        { name: 'sources', state: { running: {} } },
        { name: 'capture', state: { running: {} } },
      ],
    },
  };
}

/** What a capture pod says about the capture with this uid. */
export const captureState = (uid: string, over: Partial<CaptureState> = {}): CaptureState => ({
  uid,
  generation: 2 ** 20,
  epoch: 1,
  reason: 'Connected',
  message: '',
  restarts: 0,
  tracks: [],
  ...over,
});
