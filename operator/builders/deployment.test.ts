import { describe, expect, it } from 'vitest';
import { childMetadata, configOf, parentOf, SELECTOR } from '../../test/builders/sluice-objects.ts';
import type { KubeObject } from '../kube/objects.ts';
import { buildDeployment } from './deployment.ts';

type Fields = Readonly<Record<string, unknown>>;
type Container = {
  image: string;
  imagePullPolicy?: string;
  args: string[];
  env: Fields[];
  ports: Fields[];
  resources: Fields;
  startupProbe: Fields;
};
type PodSpec = Fields & { terminationGracePeriodSeconds: number; containers: [Container] };
type Template = { metadata: { labels: Fields; annotations: Record<string, string> }; spec: PodSpec };
type Spec = { replicas: number; strategy: Fields; template: Template };

const IMAGE = 'registry.example/sluice:1';
const HASH = 'sluice.dev/restart-hash';
const RESTARTS_SEEN = 'sluice.dev/restarts-seen';
const toleration = (key: string, tolerationSeconds: number): object => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
});
const NODE_FAILURES = ['not-ready', 'unreachable'].map((taint) => toleration(`node.kubernetes.io/${taint}`, 30));

type Options = { readonly apps?: readonly string[]; readonly live?: KubeObject; readonly image?: string };

const build = (spec: Fields = {}, { apps = [], image = IMAGE, live }: Options = {}): KubeObject =>
  buildDeployment(parentOf(spec), { image, config: configOf(spec, apps), live });
const specOf = (deployment: KubeObject): Spec => deployment['spec'] as Spec;
const templateOf = (deployment: KubeObject): Template => specOf(deployment).template;
const podOf = (spec: Fields = {}): PodSpec => templateOf(build(spec)).spec;
const containerOf = (spec: Fields = {}): Container => podOf(spec).containers[0];
const hashOf = (deployment: KubeObject): string => templateOf(deployment).metadata.annotations[HASH] ?? '';

const tcp = (name: string, containerPort: number) => ({ name, containerPort, protocol: 'TCP' });
const BASE_PORTS = [tcp('http', 8081), tcp('ops', 9090), tcp('internal', 9091)];
const media = (index: number, port: number, onHost: Fields = {}) => [
  { name: `media-udp-${index}`, containerPort: port, protocol: 'UDP', ...onHost },
  { name: `media-tcp-${index}`, containerPort: port, protocol: 'TCP', ...onHost },
];
const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
const ONE_PER_NODE = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: SELECTOR } },
    ],
  },
};

describe('buildDeployment', () => {
  it('is restricted, has probes, and drains before it ends, given only a name', () => {
    const deployment = build();
    expect(deployment).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...childMetadata('live'), annotations: { [RESTARTS_SEEN]: expect.any(String) } },
      spec: {
        replicas: 1,
        selector: { matchLabels: SELECTOR },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
        template: {
          metadata: {
            labels: childMetadata('live').labels,
            annotations: { [HASH]: expect.stringMatching(/^[0-9a-f]{16}$/) },
          },
          spec: {
            serviceAccountName: 'live',
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            shareProcessNamespace: true,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              fsGroup: 65532,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            tolerations: NODE_FAILURES,
            terminationGracePeriodSeconds: 570,
            containers: [
              {
                name: 'media-server',
                image: IMAGE,
                args: [
                  'media-server/main.ts',
                  '--config',
                  '/etc/sluice/config.json',
                  '--fleet-key',
                  '/etc/sluice/fleet.key',
                ],
                env: [
                  fromField('POD_NAME', 'metadata.name'),
                  fromField('POD_UID', 'metadata.uid'),
                  fromField('POD_IPS', 'status.podIPs'),
                  { name: 'DRAIN_LIMIT_MS', value: '540000' },
                ],
                ports: [...BASE_PORTS, ...media(0, 44444)],
                resources: { requests: { cpu: '500m', memory: '256Mi' } },
                startupProbe: {
                  httpGet: { path: '/healthz', port: 'ops' },
                  timeoutSeconds: 2,
                  periodSeconds: 1,
                  failureThreshold: 60,
                },
                readinessProbe: {
                  httpGet: { path: '/readyz', port: 'ops' },
                  timeoutSeconds: 2,
                  periodSeconds: 1,
                  failureThreshold: 4,
                },
                livenessProbe: {
                  httpGet: { path: '/healthz', port: 'ops' },
                  timeoutSeconds: 2,
                  periodSeconds: 10,
                  failureThreshold: 6,
                  terminationGracePeriodSeconds: 5,
                },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [
                  { name: 'config', mountPath: '/etc/sluice', readOnly: true },
                  { name: 'tmp', mountPath: '/tmp' },
                ],
              },
            ],
            volumes: [
              {
                name: 'config',
                projected: {
                  defaultMode: 0o440,
                  sources: [
                    { configMap: { name: 'live-config' } },
                    { configMap: { name: 'live-roster', optional: true } },
                    { secret: { name: 'live-assets' } },
                  ],
                },
              },
              { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
            ],
          },
        },
      },
    });
  });

  it('takes image, pull policy, pull secrets, resources and replicas from the spec', () => {
    const spec = {
      replicas: 3,
      image: 'registry.example/mine:2',
      imagePullPolicy: 'Always',
      imagePullSecrets: [{ name: 'registry' }],
      resources: { limits: { cpu: 2 } },
    };
    expect(containerOf(spec)).toMatchObject({
      image: 'registry.example/mine:2',
      imagePullPolicy: 'Always',
      resources: { limits: { cpu: 2 } },
    });
    expect(podOf(spec)['imagePullSecrets']).toEqual([{ name: 'registry' }]);
    expect(specOf(build(spec)).replicas).toBe(3);
    expect(specOf(build({ replicas: 0 })).replicas).toBe(0);
  });

  it('has a port for https, and one UDP and TCP port for each worker', () => {
    const spec = {
      workers: 2,
      media: { port: 40000 },
      rest: { http: { port: 80 }, https: { port: 443, certificateRef: { name: 'tls' } } },
    };
    expect(containerOf(spec).ports).toEqual([
      tcp('http', 80),
      tcp('https', 443),
      tcp('ops', 9090),
      tcp('internal', 9091),
      ...media(0, 40000),
      ...media(1, 40001),
    ]);
  });

  it('has ports for the Web SDK if it is on', () => {
    const ports = [tcp('ops', 9090), tcp('internal', 9091), ...media(0, 44444)];
    const certificateRef = { name: 'tls' };
    expect(containerOf({ webSdk: {} }).ports).toEqual([tcp('http', 8081), tcp('ws', 8080), ...ports]);
    expect(containerOf({ webSdk: { http: { port: 81 }, https: { port: 444, certificateRef } } }).ports).toEqual([
      tcp('http', 8081),
      tcp('ws', 81),
      tcp('wss', 444),
      ...ports,
    ]);
  });

  it('passes ports for metrics and the operator to the media server unless they are the default', () => {
    const { args, ports } = containerOf({ ops: { port: 9190 }, internal: { port: 9191 } });
    expect(args.slice(-4)).toEqual(['--ops-port', '9190', '--internal-port', '9191']);
    expect(ports).toEqual([tcp('http', 8081), tcp('ops', 9190), tcp('internal', 9191), ...media(0, 44444)]);
    expect(containerOf({}).args.join(' ')).not.toContain('-port');
  });

  const UP_FIRST = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } };
  const DOWN_FIRST = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
  it.each([
    {
      exposure: 'PodIP',
      strategy: UP_FIRST,
      address: 'status.podIPs',
      ports: [...BASE_PORTS, ...media(0, 44444)],
      pod: {},
    },
    {
      exposure: 'HostPort',
      strategy: DOWN_FIRST,
      address: 'status.hostIPs',
      ports: [...BASE_PORTS, ...media(0, 44444, { hostPort: 44444 })],
      pod: { affinity: ONE_PER_NODE },
    },
    {
      exposure: 'HostNetwork',
      strategy: DOWN_FIRST,
      address: 'status.hostIPs',
      ports: [...BASE_PORTS, ...media(0, 44444)],
      pod: { affinity: ONE_PER_NODE, hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    },
  ])('is exposed as $exposure', ({ address, exposure, pod, ports, strategy }) => {
    const spec = { media: { exposure } };
    const { affinity, dnsPolicy, hostNetwork } = podOf(spec);
    expect({ affinity, dnsPolicy, hostNetwork }).toEqual(pod);
    expect(specOf(build(spec)).strategy).toEqual(strategy);
    expect(containerOf(spec).ports).toEqual(ports);
    expect(containerOf(spec).env[2]).toEqual(fromField('POD_IPS', address));
  });

  it('tells a pod its node if it announces the address of the node, and gives it time to learn it', () => {
    const spec = { media: { exposure: 'HostPort', announcedAddress: 'NodeExternalIP' } };
    const { args, env, startupProbe } = containerOf(spec);
    expect(args.slice(-2)).toEqual(['--announced', '/etc/sluice/announced.json']);
    expect(env).toContainEqual(fromField('NODE_NAME', 'spec.nodeName'));
    expect(startupProbe).toMatchObject({ failureThreshold: 300 });
    const literal = containerOf({ media: { announcedAddress: 'media.example' } });
    expect(literal.args).toEqual(containerOf().args);
    expect(literal.env).toEqual(containerOf().env);
  });

  describe('merges the podTemplate over the pod', () => {
    const merged = (podTemplate: Fields, spec: Fields = {}) => build({ ...spec, podTemplate });

    it('with extra labels and annotations, which do not override the built-in ones', () => {
      const labels = { team: 'video', 'app.kubernetes.io/name': 'mine' };
      const annotations = { note: 'x', [HASH]: 'mine' };
      const { metadata } = templateOf(merged({ labels, annotations }));
      expect(metadata).toEqual({
        labels: { team: 'video', ...childMetadata('live').labels },
        annotations: { note: 'x', [HASH]: expect.not.stringMatching('mine') },
      });
    });

    it('with all scheduling fields', () => {
      const scheduling = {
        nodeSelector: { disk: 'fast' },
        tolerations: [{ key: 'video', operator: 'Exists' }],
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' }],
        priorityClassName: 'high',
        runtimeClassName: 'gvisor',
        affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      };
      const { spec } = templateOf(merged(scheduling));
      const { tolerations, ...rest } = scheduling;
      expect(spec).toMatchObject(rest);
      expect({ ...spec, ...podOf() }).toEqual({ ...podOf(), ...rest });
      expect(spec).toMatchObject({ tolerations: [...tolerations, ...NODE_FAILURES] });
    });

    it.each<[string, object[], string[]]>([
      ['nothing', [], ['not-ready', 'unreachable']],
      ['one of the two', [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists' }], ['not-ready']],
      ['everything', [{ operator: 'Exists' }], []],
      ['another effect', [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }], ['not-ready', 'unreachable']],
    ])('and evicts pods from a failed node after nodeFailureTimeout if the user tolerates %s', (...row) => {
      const [, tolerations, taints] = row;
      const { spec } = templateOf(merged({ tolerations, nodeFailureTimeout: '1m' }));
      const ours = taints.map((taint) => toleration(`node.kubernetes.io/${taint}`, 60));
      expect(spec['tolerations']).toEqual([...tolerations, ...ours]);
    });

    it('with extra environment variables', () => {
      const own = { name: 'TZ', value: 'Europe/Berlin' };
      expect(templateOf(merged({ env: [own] })).spec.containers[0].env).toEqual([
        fromField('POD_NAME', 'metadata.name'),
        fromField('POD_UID', 'metadata.uid'),
        fromField('POD_IPS', 'status.podIPs'),
        own,
        { name: 'DRAIN_LIMIT_MS', value: '540000' },
      ]);
    });

    it('with each variable once, as the API server requires; the last one wins', () => {
      const env = [
        { name: 'POD_IPS', value: '203.0.113.7' },
        { name: 'TZ', value: 'UTC' },
        { name: 'DRAIN_LIMIT_MS', value: '1' },
        { name: 'TZ', value: 'Europe/Berlin' },
      ];
      expect(templateOf(merged({ env })).spec.containers[0].env).toEqual([
        fromField('POD_NAME', 'metadata.name'),
        fromField('POD_UID', 'metadata.uid'),
        { name: 'POD_IPS', value: '203.0.113.7' },
        { name: 'TZ', value: 'Europe/Berlin' },
        { name: 'DRAIN_LIMIT_MS', value: '540000' },
      ]);
    });

    const onNodes = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } };
    it.each([
      ['beside one pod per node', { ...onNodes }, { ...ONE_PER_NODE, ...onNodes }],
      ['instead of one pod per node', { podAntiAffinity: {} }, { podAntiAffinity: {} }],
    ])('with an affinity %s', (_what, affinity, expected) => {
      const { spec } = templateOf(merged({ affinity }, { media: { exposure: 'HostPort' } }));
      expect(spec['affinity']).toEqual(expected);
    });
  });

  describe('restarts pods', () => {
    it.each<[string, Fields]>([
      ['the image', { image: 'registry.example/mine:2' }],
      ['the pull policy', { imagePullPolicy: 'Always' }],
      ['the number of workers', { workers: 2 }],
      ['the http port', { rest: { http: { port: 80 } } }],
      ['https, when it is enabled', { rest: { https: { certificateRef: { name: 'tls' } } } }],
      ['the Web SDK, when it is enabled', { webSdk: {} }],
      ['the exposure', { media: { exposure: 'HostPort' } }],
      ['the media port', { media: { port: 40000 } }],
      ['the announced address', { media: { announcedAddress: 'media.example' } }],
      ['the codecs', { media: { codecs: ['opus', 'VP8'] } }],
      ['the resources', { resources: { requests: { cpu: '1' } } }],
      ['a label of the pods', { podTemplate: { labels: { team: 'video' } } }],
      ['an annotation of the pods', { podTemplate: { annotations: { note: 'x' } } }],
      ['a variable', { podTemplate: { env: [{ name: 'TZ', value: 'UTC' }] } }],
      ['where they may run', { podTemplate: { nodeSelector: { disk: 'fast' } } }],
    ])('for %s', (_what, spec) => expect(hashOf(build(spec))).not.toBe(hashOf(build())));

    it('for a new default image of the operator', () => {
      expect(hashOf(build({}, { image: 'registry.example/sluice:2' }))).not.toBe(hashOf(build()));
      const named = { image: 'registry.example/mine:2' };
      expect(hashOf(build(named, { image: 'registry.example/sluice:2' }))).toBe(hashOf(build(named)));
    });

    it.each<[string, Fields]>([
      ['replicas', { replicas: 5 }],
      ['the drain timeout', { drain: { timeout: '1m' } }],
      ['keep-alive', { keepAlive: { enabled: true, interval: '3s', appKeys: ['defaultApp'] } }],
      ['credentials', { rest: { authRef: { name: 'api' } } }],
      ['what the REST API allows', { rest: { emptyFilter: 'Refuse', trustedProxies: ['10.0.0.0/8'] } }],
      ['ICE servers', { media: { iceServers: [{ urls: ['stun:stun.example'] }] } }],
      ['limits', { limits: { publications: 5 } }],
      ['limits of the Web SDK, which is off', { limits: { connections: 5, streamsPerConnection: 5 } }],
      ['the Service', { service: { type: 'LoadBalancer' } }],
      ['the Ingress', { ingress: { host: 'live.example' } }],
      ['captures', { capture: { allow: [{ cidr: '10.20.0.0/16' }], replicas: 3, rest: true } }],
      ['other children', { podMonitor: true, networkPolicy: false, podDisruptionBudget: false }],
    ])('not for %s', (_what, spec) => {
      expect(templateOf(build(spec, { live: build() }))).toEqual(templateOf(build()));
    });

    it('not for a new app', () => {
      expect(build({}, { apps: ['default'] })).toEqual(build());
    });

    it.each<[string, Fields]>([
      ['the time between pings', { pingInterval: '10s' }],
      ['the number of missed pings', { missedPings: 3 }],
    ])('not for %s of the Web SDK', (_what, webSdk) => {
      expect(templateOf(build({ webSdk }))).toEqual(templateOf(build({ webSdk: {} })));
    });

    it('not for a new certificate', () => {
      const withCertificate = (name: string) => {
        const spec = { rest: { https: { certificateRef: { name } } } };
        return buildDeployment(parentOf(spec), {
          image: IMAGE,
          config: configOf({ rest: { https: { certificateRef: { name } } } }),
          live: undefined,
        });
      };
      expect(withCertificate('tls')).toEqual(withCertificate('api'));
    });
  });

  describe('the grace period', () => {
    const grace = (deployment: KubeObject) => {
      const { containers, terminationGracePeriodSeconds } = templateOf(deployment).spec;
      return [terminationGracePeriodSeconds, containers[0].env.find(({ name }) => name === 'DRAIN_LIMIT_MS')];
    };
    const seconds = (graceSeconds: number) => [
      graceSeconds,
      { name: 'DRAIN_LIMIT_MS', value: String((graceSeconds - 30) * 1000) },
    ];

    it.each([
      ['9m', 570],
      ['1m', 90],
      ['1500ms', 32],
      ['0s', 30],
    ])('for a drain of %s is %i seconds, 30 of them to flush events', (timeout, graceSeconds) => {
      expect(grace(build({ drain: { timeout } }))).toEqual(seconds(graceSeconds));
    });

    const restartedByHand = (deployment: KubeObject, at: string): KubeObject => {
      const template = templateOf(deployment);
      const annotations = { ...template.metadata.annotations, 'kubectl.kubernetes.io/restartedAt': at };
      const restarted = { ...template, metadata: { ...template.metadata, annotations } };
      return { ...deployment, spec: { ...specOf(deployment), template: restarted } };
    };

    it('follows the drain timeout when the pods are restarted manually, once per restart', () => {
      const live = restartedByHand(build(), '2026-01-01T00:00:00Z');
      const next = build({ drain: { timeout: '20m' } }, { live });
      expect(grace(next)).toEqual(seconds(1_230));
      expect(next.metadata.annotations?.[RESTARTS_SEEN]).not.toBe(live.metadata.annotations?.[RESTARTS_SEEN]);
      const settled = { ...restartedByHand(next, '2026-01-01T00:00:00Z'), metadata: next.metadata };
      expect(grace(build({ drain: { timeout: '30m' } }, { live: settled }))).toEqual(seconds(1_230));
    });

    it('stays for a Deployment of an operator that did not track manual restarts', () => {
      const { annotations: _annotations, ...metadata } = build().metadata;
      const live = { ...restartedByHand(build(), '2026-01-01T00:00:00Z'), metadata };
      expect(grace(build({ drain: { timeout: '1m' } }, { live }))).toEqual(seconds(570));
    });

    it('stays when only the drain timeout changes, since a new template restarts pods', () => {
      expect(grace(build({ drain: { timeout: '1m' } }, { live: build() }))).toEqual(seconds(570));
    });

    it.each<[string, Fields]>([
      ['the image', { image: 'registry.example/mine:2' }],
      ['a label of the pods', { podTemplate: { labels: { team: 'video' } } }],
    ])('follows the drain timeout when %s restarts pods anyway', (_what, spec) => {
      expect(grace(build({ ...spec, drain: { timeout: '1m' } }, { live: build() }))).toEqual(seconds(90));
    });

    it('is computed anew if the Deployment is not owned or does not record it', () => {
      const foreign = { ...build(), spec: { template: { spec: { terminationGracePeriodSeconds: 30 } } } };
      expect(grace(build({}, { live: foreign }))).toEqual(seconds(570));
      expect(grace(build({}, { live: { ...build(), spec: {} } }))).toEqual(seconds(570));
    });
  });
});
