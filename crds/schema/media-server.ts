import { type Static, Type } from 'typebox';
import {
  closed,
  conditions,
  count,
  duration,
  objectName,
  passthrough,
  port,
  quantities,
  reference,
  reload,
  setOf,
  stringMap,
} from './kit.ts';
import { must } from './rules.ts';
import { CODECS, DEFAULT_CODECS, IceServer } from './server-config.ts';
import { announcedAddressRule, appKeyRule, cidrRule, originRule, routeHost } from './texts.ts';

const origin = must(Type.String({ maxLength: 253 }), originRule);

export const OPS_PORT = 9090;
export const INTERNAL_PORT = 9091;

const Rest = Type.Object(
  {
    http: Type.Object(
      { port: port({ description: 'Port of REST, WHIP and WHEP over http', default: 8081, ...reload('restart') }) },
      { description: 'The http listener', default: {}, ...closed },
    ),
    https: Type.Optional(
      Type.Object(
        {
          port: port({ description: 'Port of REST, WHIP and WHEP over https', default: 8444, ...reload('restart') }),
          certificateRef: reference('Secret of type kubernetes.io/tls', reload('live')),
        },
        { description: 'The https listener; absent = off. The certificate is rotated without a restart', ...closed },
      ),
    ),
    authRef: Type.Optional(
      reference('Secret with credentials', {
        description:
          'Secret with the credentials of `/rest-api`: `username` and `password` when its type is kubernetes.io/basic-auth, else each key is a named token. Absent = no authentication',
        ...reload('live'),
      }),
    ),
    allowAnonymous: Type.Boolean({
      description: 'Lets the ingress carry `/rest-api` although `authRef` is not set',
      default: false,
      ...reload('live'),
    }),
    emptyFilter: Type.Enum(['Allow', 'Refuse'], {
      description: '`Refuse` answers 400 to a terminate with `{}`, which would end every stream',
      default: 'Allow',
      ...reload('live'),
    }),
    trustedProxies: setOf(must(Type.String({ maxLength: 43 }), cidrRule), {
      description:
        'CIDRs of proxies, such as the pods of the ingress controller, whose `X-Forwarded-For` and `X-Forwarded-Prefix` are believed: `denyFor` tells clients behind them apart by their addresses, and URLs that are handed out begin with the prefix',
      default: [],
      ...reload('newSessions'),
    }),
    allowedOrigins: setOf(origin, {
      description:
        'Origins that may use WHIP and WHEP from a browser (CORS), as browsers send them, such as `https://example.com`; `*` = every one',
      default: ['*'],
      ...reload('live'),
    }),
    corsOrigins: setOf(origin, {
      description: 'Origins that may use `/rest-api` from a browser (CORS), as in `allowedOrigins`',
      default: [],
      ...reload('live'),
    }),
  },
  { description: 'REST API and signalling', default: {}, ...closed },
);

const Media = Type.Object(
  {
    exposure: Type.Enum(['PodIP', 'HostNetwork', 'HostPort'], {
      description: 'How clients reach the media port of a pod',
      default: 'PodIP',
      ...reload('restart'),
    }),
    port: port({
      description: 'UDP and TCP port of the first worker; each further worker has the next one',
      default: 44444,
      ...reload('restart'),
    }),
    announcedAddress: Type.Optional(
      must(
        Type.String({
          maxLength: 253,
          description:
            'Address that clients are told: an address, a host name, or `NodeExternalIP`. Absent = the addresses of the pod, or of its node when exposed on the host: one of each family',
          ...reload('restart'),
        }),
        announcedAddressRule,
      ),
    ),
    codecs: setOf(Type.Enum([...CODECS]), {
      minItems: 1,
      maxItems: CODECS.length,
      description: 'Codecs that are negotiated. PCMU, PCMA and G722 are for publishers and players without opus',
      default: [...DEFAULT_CODECS],
      ...reload('restart'),
    }),
    iceServers: Type.Array(IceServer, {
      maxItems: 16,
      description: 'STUN and TURN servers that clients are told of in `Link` headers',
      default: [],
      ...reload('newSessions'),
    }),
  },
  { description: 'Media transport', default: {}, ...closed },
);

const KeepAlive = Type.Object(
  {
    enabled: Type.Boolean({
      description:
        'Asks the backend about every stream at an interval (`keep_alive_streaming_sessions_enabled` of WCS)',
      default: false,
      ...reload('live'),
    }),
    interval: duration({
      least: '1s',
      description:
        'Time between two checks of a stream, from 1s to 24h (`streaming_sessions_keep_alive_interval` of WCS)',
      default: '10s',
      ...reload('live'),
    }),
    appKeys: setOf(must(Type.String({ maxLength: 63 }), appKeyRule), {
      description: 'Apps whose streams are checked, empty = all (`streaming_sessions_keep_alive_app_keys` of WCS)',
      default: [],
      ...reload('live'),
    }),
  },
  { description: 'Keep-alive of streams by the backend', default: {}, ...closed },
);

/** Its keys are named here because a pod has no two constraints of the same keys. */
const SpreadConstraint = passthrough('A constraint', {
  required: ['topologyKey', 'whenUnsatisfiable'],
  properties: {
    topologyKey: Type.String({ minLength: 1, maxLength: 317, description: 'Label of nodes' }),
    whenUnsatisfiable: Type.Enum(['DoNotSchedule', 'ScheduleAnyway'], { description: 'As in a pod' }),
  },
});

const PodTemplate = Type.Object(
  {
    labels: Type.Optional(stringMap('Labels of the pods')),
    annotations: Type.Optional(stringMap('Annotations of the pods')),
    nodeSelector: Type.Optional(stringMap('Node labels that are required')),
    tolerations: Type.Optional(Type.Array(passthrough('A toleration'), { maxItems: 32, description: 'Tolerations' })),
    nodeFailureTimeout: duration({
      description:
        'Time until the pods of a node that is unreachable or not ready are replaced; a toleration of these taints replaces it',
      default: '30s',
    }),
    affinity: Type.Optional(passthrough('Affinity')),
    topologySpreadConstraints: Type.Optional(
      Type.Array(SpreadConstraint, {
        maxItems: 16,
        description: 'How pods are spread',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['topologyKey', 'whenUnsatisfiable'],
      }),
    ),
    priorityClassName: Type.Optional(objectName('Priority class')),
    runtimeClassName: Type.Optional(objectName('Runtime class')),
    env: Type.Optional(
      Type.Array(passthrough('A variable'), { maxItems: 64, description: 'Environment of the container' }),
    ),
  },
  { description: 'Merged over the built-in pod', default: {}, ...closed, ...reload('restart') },
);

export const MediaServerSpec = Type.Object(
  {
    replicas: Type.Integer({ minimum: 0, maximum: 1000, description: 'Pods', default: 1 }),
    image: Type.Optional(
      Type.String({ maxLength: 512, description: "Image; absent = the operator's own version", ...reload('restart') }),
    ),
    imagePullPolicy: Type.Optional(
      Type.Enum(['Always', 'IfNotPresent', 'Never'], { description: 'As in a container', ...reload('restart') }),
    ),
    imagePullSecrets: Type.Optional(
      Type.Array(reference('Secret with registry credentials'), {
        maxItems: 16,
        description: 'As in a pod',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        ...reload('restart'),
      }),
    ),
    workers: Type.Integer({
      minimum: 0,
      maximum: 64,
      description: 'mediasoup workers per pod; 0 = as many as the CPU limit, else the CPU request, rounded up',
      default: 1,
      ...reload('restart'),
    }),
    rest: Rest,
    service: Type.Optional(
      Type.Object(
        {
          type: Type.Enum(['ClusterIP', 'NodePort', 'LoadBalancer'], {
            description: 'As in a Service',
            default: 'ClusterIP',
          }),
          annotations: Type.Optional(stringMap('Annotations of the Service')),
          labels: Type.Optional(stringMap('Labels of the Service')),
        },
        { description: 'The Service in front of all pods', ...closed },
      ),
    ),
    ingress: Type.Optional(
      Type.Object(
        {
          className: Type.Optional(objectName('IngressClass')),
          host: Type.Optional(routeHost('Host name')),
          certificateRef: Type.Optional(reference('Secret of type kubernetes.io/tls')),
          annotations: Type.Optional(stringMap('Annotations of the Ingress')),
        },
        {
          description: 'An Ingress for signalling, and for `/rest-api` when it is protected; absent = none',
          ...closed,
        },
      ),
    ),
    httpRoute: Type.Optional(
      Type.Object(
        {
          parentRefs: Type.Array(passthrough('A Gateway'), { minItems: 1, maxItems: 16, description: 'Gateways' }),
          hostnames: Type.Optional(setOf(routeHost('Host name'), { maxItems: 16, description: 'Host names' })),
        },
        { description: 'A Gateway API HTTPRoute instead of an Ingress; absent = none', ...closed },
      ),
    ),
    ops: Type.Object(
      { port: port({ description: 'Port of metrics and probes', default: OPS_PORT, ...reload('restart') }) },
      { description: 'Listener for Prometheus and the kubelet', default: {}, ...closed },
    ),
    internal: Type.Object(
      {
        port: port({
          description: 'Port on which the operator reaches a pod',
          default: INTERNAL_PORT,
          ...reload('restart'),
        }),
      },
      { description: 'Listener for the operator', default: {}, ...closed },
    ),
    media: Media,
    keepAlive: KeepAlive,
    drain: Type.Object(
      {
        timeout: duration({
          description:
            'Time that running streams have to end by themselves, at most 24h; then they end with `drain`. A pod never gets longer than it was made with: a longer time is that of pods of the next rollout',
          default: '9m',
          ...reload('live'),
        }),
      },
      { description: 'How a pod is taken out of service', default: {}, ...closed },
    ),
    autoscaling: Type.Optional(
      Type.Object(
        {
          minReplicas: Type.Integer({ minimum: 1, maximum: 1000, description: 'Least pods', default: 1 }),
          maxReplicas: Type.Integer({ minimum: 1, maximum: 1000, description: 'Most pods' }),
          targetStreams: Type.Integer({ minimum: 1, description: 'Streams per pod to aim at' }),
          scaleDownDelay: duration({ description: 'Time of low load before a pod is taken out', default: '5m' }),
        },
        { description: 'Pods by the number of streams. No effect yet: `replicas` counts', ...closed },
      ),
    ),
    limits: Type.Object(
      {
        publications: count({
          description: 'Most publications per pod, 0 = no limit',
          default: 0,
          ...reload('newSessions'),
        }),
        playbacks: count({ description: 'Most playbacks per pod, 0 = no limit', default: 0, ...reload('newSessions') }),
      },
      { description: 'Over a limit a new stream is answered 503', default: {}, ...closed },
    ),
    podTemplate: PodTemplate,
    resources: Type.Optional(
      Type.Object(
        {
          requests: Type.Optional(quantities('What the container is sure to get, such as `cpu: 500m`')),
          limits: Type.Optional(quantities('What the container gets at most, such as `memory: 1Gi`')),
          claims: Type.Optional(Type.Array(passthrough('A claim'), { maxItems: 16, description: 'As in a container' })),
        },
        {
          description: 'Resources of the container; absent = requests of 500m CPU and 256Mi memory',
          ...closed,
          ...reload('restart'),
        },
      ),
    ),
    podMonitor: Type.Boolean({ description: 'Makes a PodMonitor when its CRD exists', default: false }),
    networkPolicy: Type.Boolean({ description: 'Makes a NetworkPolicy', default: true }),
    podDisruptionBudget: Type.Boolean({ description: 'Makes a PodDisruptionBudget', default: true }),
  },
  { description: 'A fleet of media-server pods', ...closed },
);
export type MediaServerSpec = Static<typeof MediaServerSpec>;

export const MediaServerStatus = Type.Object(
  {
    observedGeneration: Type.Optional(Type.Integer({ description: 'Generation of the spec that was judged' })),
    replicas: Type.Optional(Type.Integer({ description: 'Pods' })),
    readyReplicas: Type.Optional(Type.Integer({ description: 'Pods that take new streams' })),
    updatedReplicas: Type.Optional(Type.Integer({ description: 'Pods of the newest template' })),
    desiredReplicas: Type.Optional(Type.Integer({ description: 'Pods that are wanted' })),
    selector: Type.Optional(Type.String({ description: 'Label selector of the pods' })),
    publications: Type.Optional(Type.Integer({ description: 'Publications on all pods' })),
    playbacks: Type.Optional(Type.Integer({ description: 'Playbacks on all pods' })),
    apps: Type.Optional(Type.Integer({ description: 'Apps of this MediaServer' })),
    configHash: Type.Optional(Type.String({ description: 'Hash of the rendered config' })),
    podsInSync: Type.Optional(Type.String({ description: 'Pods that run this config, of all that run' })),
    drainingPods: Type.Optional(Type.Integer({ description: 'Pods that take no new streams' })),
    endpoints: Type.Optional(
      Type.Object(
        {
          http: Type.Optional(Type.String({ description: 'URL' })),
          https: Type.Optional(Type.String({ description: 'URL' })),
        },
        { description: 'Where clients reach the fleet', ...closed },
      ),
    ),
    operator: Type.Optional(
      Type.Object(
        {
          name: Type.Optional(
            Type.String({ description: 'Namespace and Lease of the operator that manages this MediaServer' }),
          ),
          claimedBy: Type.Optional(
            Type.String({
              description:
                'Another operator that watches this MediaServer. It takes over if the claim is not withdrawn by the first one within a minute',
            }),
          ),
        },
        { description: 'Which operator manages this MediaServer; others leave it alone', ...closed },
      ),
    ),
    conditions: Type.Optional(conditions),
  },
  { description: 'What the operator has seen', ...closed },
);
