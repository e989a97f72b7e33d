import { createHash } from 'node:crypto';
import { FLEET_KEY_FILE } from '../../crds/render/fleet-key.ts';
import { restartFields } from '../../crds/render/restart-fields.ts';
import { parseDurationMs } from '../../crds/schema/duration.ts';
import { INTERNAL_PORT, OPS_PORT } from '../../crds/schema/media-server.ts';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { type KubeObject, TYPES } from '../kube/objects.ts';
import {
  announcesNode,
  assetsName,
  CONTAINER,
  child,
  clientPorts,
  configMapName,
  labelsOf,
  mediaPorts,
  type Parent,
  PORT_NAMES,
  rosterName,
  selectorOf,
} from './common.ts';
import { ANNOUNCED_FILE } from './config-map.ts';
import { fromField, onePerName, probe, RESTRICTED, RESTRICTED_POD, tolerationsOf, type Variable } from './pod-parts.ts';

const FOLDER = '/etc/sluice';
/** Time after the drain to flush events and close. */
const GRACE_EXTRA_S = 30;
const RESTART_HASH = 'sluice.dev/restart-hash';
/** Annotation of the Deployment: the restarts by others, such as `kubectl rollout restart`, seen so far. */
const RESTARTS_SEEN = 'sluice.dev/restarts-seen';

export type DeploymentInput = {
  /** The default image of media servers. */
  readonly image: string;
  readonly config: ServerConfig;
  /** The Deployment as it is now. */
  readonly live: KubeObject | undefined;
};

/** Builds the Deployment. A config change alone does not change the pod template, so it restarts no pod. */
export function buildDeployment(parent: Parent, input: DeploymentInput): KubeObject {
  const { podTemplate, replicas } = parent.spec;
  const template = podOf(parent, input);
  const { annotations, labels } = podTemplate;
  const restartHash = hash({ template, annotations, labels, config: restartFields(input.config) });
  const restarts = restartsOf(input.live, { ...annotations, [RESTART_HASH]: restartHash });
  const grace = keptGrace(input.live, restartHash, restarts) ?? graceSeconds(parent.spec.drain.timeout);
  const deployment = child(TYPES.Deployment, parent, parent.name, {
    spec: {
      replicas,
      selector: { matchLabels: selectorOf(parent) },
      strategy: strategyOf(parent),
      template: {
        metadata: {
          labels: { ...labels, ...labelsOf(parent) },
          annotations: { ...annotations, [RESTART_HASH]: restartHash },
        },
        spec: withGrace(template, grace),
      },
    },
  });
  return {
    ...deployment,
    metadata: { ...deployment.metadata, annotations: { [RESTARTS_SEEN]: restarts } },
  };
}

type PodSpec = { readonly containers: readonly [Container]; readonly [field: string]: unknown };
type Container = { readonly env: readonly Variable[]; readonly [field: string]: unknown };

function podOf(parent: Parent, { image }: DeploymentInput): PodSpec {
  const { imagePullPolicy, imagePullSecrets, podTemplate, resources, media, ...spec } = parent.spec;
  const {
    affinity: _affinity,
    annotations: _annotations,
    env = [],
    labels: _labels,
    nodeFailureTimeout: _timeout,
    tolerations: _tolerations,
    ...scheduling
  } = podTemplate;
  return {
    serviceAccountName: parent.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    // Otherwise the media server is PID 1, and a SIGTERM that arrives while it loads is lost.
    shareProcessNamespace: true,
    securityContext: RESTRICTED_POD,
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    ...(media.exposure === 'HostNetwork' ? { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' } : {}),
    ...affinityOf(parent),
    ...scheduling,
    tolerations: tolerationsOf(podTemplate),
    containers: [
      {
        name: CONTAINER,
        image: spec.image ?? image,
        ...(imagePullPolicy ? { imagePullPolicy } : {}),
        args: [
          'media-server/main.ts',
          '--config',
          `${FOLDER}/config.json`,
          '--fleet-key',
          `${FOLDER}/${FLEET_KEY_FILE}`,
          ...(announcesNode(parent.spec) ? ['--announced', `${FOLDER}/${ANNOUNCED_FILE}`] : []),
          ...portOptions(parent),
        ],
        env: onePerName([
          fromField('POD_NAME', 'metadata.name'),
          fromField('POD_UID', 'metadata.uid'),
          fromField('POD_IPS', media.exposure === 'PodIP' ? 'status.podIPs' : 'status.hostIPs'),
          ...(announcesNode(parent.spec) ? [fromField('NODE_NAME', 'spec.nodeName')] : []),
          ...env,
        ]),
        ports: portsOf(parent),
        resources: resources ?? { requests: { cpu: '500m', memory: '256Mi' } },
        // Not readiness: a pod may wait for the operator or for other pods as long as it takes.
        startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: startSeconds(parent) }),
        readinessProbe: probe('/readyz', { periodSeconds: 1, failureThreshold: 4 }),
        // A frozen process does not drain, so nothing is gained by waiting for it.
        livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 6, terminationGracePeriodSeconds: 5 }),
        securityContext: RESTRICTED,
        volumeMounts: [
          { name: 'config', mountPath: FOLDER, readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'config', projected: { defaultMode: 0o440, sources: sourcesOf(parent) } },
      { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ],
  };
}

const sourcesOf = (parent: Parent): object[] => [
  { configMap: { name: configMapName(parent) } },
  // The operator writes it when the first pod runs.
  { configMap: { name: rosterName(parent), optional: true } },
  { secret: { name: assetsName(parent) } },
];

/** A pod that waits for its node address gets it with the next refresh of the volume, a minute or two later. */
const startSeconds = ({ spec }: Parent): number => (announcesNode(spec) ? 300 : 60);

/**
 * Ports are on the command line, not in the config: a restarted container keeps the ports that its pod was created
 * with. Default ports are left out, for images that do not know the options.
 */
function portOptions({ spec: { internal, ops } }: Parent): string[] {
  return [
    ...(ops.port === OPS_PORT ? [] : ['--ops-port', String(ops.port)]),
    ...(internal.port === INTERNAL_PORT ? [] : ['--internal-port', String(internal.port)]),
  ];
}

function portsOf({ spec }: Parent): object[] {
  const { internal, media, ops } = spec;
  const tcp = (name: string, containerPort: number) => ({ name, containerPort, protocol: 'TCP' });
  const onHost = (port: number): object => (media.exposure === 'HostPort' ? { hostPort: port } : {});
  return [
    ...clientPorts(spec).map(({ name, port }) => tcp(name, port)),
    tcp(PORT_NAMES.ops, ops.port),
    tcp(PORT_NAMES.internal, internal.port),
    ...mediaPorts(spec).flatMap((port, index) => [
      { name: `media-udp-${index}`, containerPort: port, protocol: 'UDP', ...onHost(port) },
      { name: `media-tcp-${index}`, containerPort: port, protocol: 'TCP', ...onHost(port) },
    ]),
  ];
}

function affinityOf(parent: Parent): { affinity?: object } {
  const { media, podTemplate } = parent.spec;
  const onHost = media.exposure === 'PodIP' ? {} : onePerNode(parent);
  const affinity = { ...onHost, ...podTemplate.affinity };
  return Object.keys(affinity).length === 0 ? {} : { affinity };
}

/** Two pods on one host would use the same ports. */
function onePerNode(parent: Parent): object {
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: selectorOf(parent) } };
  return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
}

/** Starts a new pod before an old one drains. If a host has room for only one pod, the old one drains first. */
function strategyOf({ spec }: Parent): object {
  const onHost = spec.media.exposure !== 'PodIP';
  return {
    type: 'RollingUpdate',
    rollingUpdate: onHost ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: '25%', maxUnavailable: 0 },
  };
}

/**
 * The grace period is part of the pod template, but `drain.timeout` must not restart pods. So the template keeps its
 * grace period until something else restarts them, such as `kubectl rollout restart`. A pod never drains longer than
 * its own grace period allows. null = there is nothing to keep.
 */
function keptGrace(live: KubeObject | undefined, restartHash: string, restarts: string): number | null {
  const { metadata, spec } = templateOf(live);
  const seen = live?.metadata.annotations?.[RESTARTS_SEEN] ?? restarts;
  const isSame = metadata?.annotations?.[RESTART_HASH] === restartHash && seen === restarts;
  return isSame ? (spec?.terminationGracePeriodSeconds ?? null) : null;
}

/** The grace period that a drain timeout needs. */
export const graceSeconds = (drainTimeout: string): number =>
  Math.ceil((parseDurationMs(drainTimeout) ?? 0) / 1000) + GRACE_EXTRA_S;

/** Hashes the template annotations of others: a tool that restarts pods, such as kubectl, writes its own annotation. */
function restartsOf(live: KubeObject | undefined, own: Readonly<Record<string, string>>): string {
  const others = Object.entries(templateOf(live).metadata?.annotations ?? {}).filter(([name]) => !(name in own));
  return hash(others.sort(([one], [other]) => (one < other ? -1 : 1)));
}

const templateOf = (live: KubeObject | undefined): LiveTemplate =>
  (live?.['spec'] as { template?: LiveTemplate } | undefined)?.template ?? {};

type LiveTemplate = {
  metadata?: { annotations?: Record<string, string> };
  spec?: { terminationGracePeriodSeconds?: number };
};

function withGrace(pod: PodSpec, seconds: number): PodSpec {
  const [container] = pod.containers;
  const limit = { name: 'DRAIN_LIMIT_MS', value: String((seconds - GRACE_EXTRA_S) * 1000) };
  return {
    ...pod,
    terminationGracePeriodSeconds: seconds,
    containers: [{ ...container, env: onePerName([...container.env, limit]) }],
  };
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
