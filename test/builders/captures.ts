import type { SecretSource } from '../../crds/render/assets.ts';
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
