import { CAPTURE_KEY_FILE } from '../../crds/render/fleet-key.ts';
import type { CaptureSpec } from '../../crds/schema/capture.ts';
import { INTERNAL_PORT, OPS_PORT } from '../../crds/schema/media-server.ts';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import {
  assetsName,
  CAPTURE_CONTAINERS,
  captureName,
  captureSelectorOf,
  child,
  MANAGED_BY,
  type Parent,
  PORT_NAMES,
} from './common.ts';
import { fromField, onePerName, probe, RESTRICTED, RESTRICTED_POD, tolerationsOf, USER } from './pod-parts.ts';

const FOLDER = '/etc/sluice';
const RUN = '/run/sluice';
const SOCKET = `${RUN}/sources.sock`;
/** The user of the container that parses what cameras send. It shares only the group of the socket with the other one. */
const SOURCES_USER = 65533;
/** Time to say goodbye to every source. */
const GRACE_S = 15;

export type CaptureImages = {
  /** The default image of media servers, which has the program of captures too. */
  readonly image: string;
  /** The default image of the container `sources`. */
  readonly sourcesImage: string;
};

/** Builds the Deployment of the capture pods. null = the MediaServer has no captures. */
export function buildCaptureDeployment(parent: Parent, images: CaptureImages): KubeObject | null {
  const { capture } = parent.spec;
  if (!capture) return null;
  const { annotations, labels } = capture.podTemplate;
  return child(TYPES.Deployment, parent, captureName(parent), {
    spec: {
      replicas: capture.replicas,
      selector: { matchLabels: captureSelectorOf(parent) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { ...labels, ...captureSelectorOf(parent), ...MANAGED_BY },
          ...(annotations ? { annotations } : {}),
        },
        spec: podOf(parent, capture, images),
      },
    },
  });
}

function podOf(parent: Parent, capture: CaptureSpec, { image, sourcesImage }: CaptureImages): object {
  const { imagePullPolicy, imagePullSecrets, image: ownImage } = parent.spec;
  const { affinity, nodeSelector, priorityClassName, runtimeClassName, topologySpreadConstraints } =
    capture.podTemplate;
  const scheduling = { affinity, nodeSelector, priorityClassName, runtimeClassName, topologySpreadConstraints };
  const pullPolicy = imagePullPolicy ? { imagePullPolicy } : {};
  return {
    serviceAccountName: parent.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_S,
    securityContext: RESTRICTED_POD,
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    ...Object.fromEntries(Object.entries(scheduling).filter(([, value]) => value !== undefined)),
    tolerations: tolerationsOf(capture.podTemplate),
    containers: [
      { ...sourcesContainer(capture, sourcesImage), ...pullPolicy },
      { ...captureContainer(capture, ownImage ?? image), ...pullPolicy },
    ],
    volumes: [
      { name: 'socket', emptyDir: { sizeLimit: '1Mi' } },
      {
        name: 'key',
        secret: {
          secretName: assetsName(parent),
          defaultMode: 0o440,
          items: [{ key: CAPTURE_KEY_FILE, path: CAPTURE_KEY_FILE }],
        },
      },
      { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ],
  };
}

/** Parses untrusted input: it has no key, no token, no environment and no mount but the socket. */
const sourcesContainer = ({ resources, sourcesImage }: CaptureSpec, image: string): object => ({
  name: CAPTURE_CONTAINERS.sources,
  image: sourcesImage ?? image,
  args: ['--listen', SOCKET, '--group', String(USER)],
  resources: resources.sources ?? { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '1Gi' } },
  securityContext: { ...RESTRICTED, runAsUser: SOURCES_USER, runAsGroup: SOURCES_USER },
  volumeMounts: [{ name: 'socket', mountPath: RUN }],
});

const captureContainer = ({ podTemplate, resources }: CaptureSpec, image: string): object => ({
  name: CAPTURE_CONTAINERS.capture,
  image,
  args: ['media-server/capture/main.ts', '--sources', SOCKET, '--capture-key', `${FOLDER}/${CAPTURE_KEY_FILE}`],
  env: onePerName([fromField('POD_NAME', 'metadata.name'), ...(podTemplate.env ?? [])]),
  ports: [
    { name: PORT_NAMES.ops, containerPort: OPS_PORT, protocol: 'TCP' },
    { name: PORT_NAMES.internal, containerPort: INTERNAL_PORT, protocol: 'TCP' },
  ],
  resources: resources.capture ?? { requests: { cpu: '100m', memory: '192Mi' } },
  startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
  readinessProbe: probe('/readyz', { periodSeconds: 1, failureThreshold: 4 }),
  livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 6, terminationGracePeriodSeconds: 5 }),
  securityContext: RESTRICTED,
  volumeMounts: [
    { name: 'socket', mountPath: RUN },
    { name: 'key', mountPath: FOLDER, readOnly: true },
    { name: 'tmp', mountPath: '/tmp' },
  ],
});
