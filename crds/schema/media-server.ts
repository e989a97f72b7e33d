import { type Static, Type } from 'typebox';
import { CaptureSpec } from './capture.ts';
import {
  closed,
  conditions,
  count,
  duration,
  objectName,
  passthrough,
  port,
  reference,
  reload,
  setOf,
  stringMap,
} from './kit.ts';
import { containerResources, podTemplateFields } from './pod-fields.ts';
import { must } from './rules.ts';
import { CODECS, DEFAULT_CODECS, IceServer } from './server-config.ts';
import { announcedAddressRule, appKeyRule, cidrRule, originRule, routeHost } from './texts.ts';
import { WebSdk } from './web-sdk.ts';

const origin = must(Type.String({ maxLength: 253 }), originRule);

export const OPS_PORT = 9090;
export const INTERNAL_PORT = 9091;

const Rest = Type.Object(
  {
    http: Type.Object(
      {
        port: port({
          description: 'Port of the REST API, WHIP and WHEP over HTTP',
          default: 8081,
          ...reload('restart'),
        }),
      },
      { description: 'The HTTP listener', default: {}, ...closed },
    ),
    https: Type.Optional(
      Type.Object(
        {
          port: port({
            description: 'Port of the REST API, WHIP and WHEP over HTTPS',
            default: 8444,
            ...reload('restart'),
          }),
          certificateRef: reference('Secret of type kubernetes.io/tls', reload('live')),
        },
        {
          description: 'The HTTPS listener. If not set, it is off. A new certificate is used without a restart',
          ...closed,
        },
      ),
    ),
    authRef: Type.Optional(
      reference('Secret with credentials', {
        description:
          'Secret with the credentials of `/rest-api`. If its type is kubernetes.io/basic-auth, it must have ' +
          '`username` and `password`. Otherwise each key is the name of a token. ' +
          'If not set, the API needs no authentication',
        ...reload('live'),
      }),
    ),
    allowAnonymous: Type.Boolean({
      description: 'Includes `/rest-api` in the Ingress or HTTPRoute although `authRef` is not set',
      default: false,
      ...reload('live'),
    }),
    emptyFilter: Type.Enum(['Allow', 'Refuse'], {
      description: 'Whether a terminate with `{}`, which ends every stream, is allowed. `Refuse` answers 400',
      default: 'Allow',
      ...reload('live'),
    }),
    trustedProxies: setOf(must(Type.String({ maxLength: 43 }), cidrRule), {
      description:
        'CIDRs of trusted proxies, such as the pods of the ingress controller. Their `X-Forwarded-For` gives the ' +
        'address of the client, which `denyFor` needs. Their `X-Forwarded-Prefix` is put before the URLs of sessions',
      default: [],
      ...reload('newSessions'),
    }),
    allowedOrigins: setOf(origin, {
      description:
        'Origins that may use WHIP and WHEP in a browser (CORS), and open sockets of the Web SDK, as browsers send ' +
        'them, such as `https://example.com`. `*` = all origins',
      default: ['*'],
      ...reload('live'),
    }),
    corsOrigins: setOf(origin, {
      description:
        'Origins that may use `/rest-api` and the statistics page in a browser (CORS), as in `allowedOrigins`',
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
      description: 'UDP and TCP port of the first worker. Each further worker uses the next port',
      default: 44444,
      ...reload('restart'),
    }),
    announcedAddress: Type.Optional(
      must(
        Type.String({
          maxLength: 253,
          description:
            'Address that clients send media to: an IP address, a host name, or `NodeExternalIP`. Defaults to one ' +
            'address of each family of the pod, or of the node with HostPort and HostNetwork',
          ...reload('restart'),
        }),
        announcedAddressRule,
      ),
    ),
    codecs: setOf(Type.Enum([...CODECS]), {
      minItems: 1,
      maxItems: CODECS.length,
      description: 'Codecs that can be negotiated. PCMU, PCMA and G722 are for publishers and players without opus',
      default: [...DEFAULT_CODECS],
      ...reload('restart'),
    }),
    cascade: Type.Object(
      {
        after: count({
          description:
            'Number of playbacks of a stream that the pod of its publisher serves. Once it serves this many, other pods ' +
            'serve the viewers that reach them, and fetch the stream once. 0 = each pod serves its viewers',
          default: 25,
          ...reload('newSessions'),
        }),
      },
      { description: 'How a stream reaches many viewers', default: {}, ...closed },
    ),
    udpGso: Type.Boolean({
      description:
        'Sends the packets of a frame to a viewer in one system call (UDP generic segmentation offload). Takes effect ' +
        'if the kernel and the network of the pod support it',
      default: true,
      ...reload('restart'),
    }),
    pipePorts: Type.Object(
      {
        port: port({ description: 'First port', default: 45000, ...reload('restart') }),
        endPort: port({ description: 'Last port', default: 45999, ...reload('restart') }),
      },
      {
        description:
          'UDP ports on which pods send streams to one another, encrypted. Each pair of workers that shares streams ' +
          'uses one port on each side',
        default: {},
        ...closed,
      },
    ),
    iceServers: Type.Array(IceServer, {
      maxItems: 16,
      description: 'STUN and TURN servers that clients receive in `Link` headers',
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
        'Whether the backend is asked about every stream at an interval ' +
        '(`keep_alive_streaming_sessions_enabled` of WCS)',
      default: false,
      ...reload('live'),
    }),
    interval: duration({
      least: '1s',
      description:
        'Time between two checks of a stream. Must be between 1s and 24h ' +
        '(`streaming_sessions_keep_alive_interval` of WCS)',
      default: '10s',
      ...reload('live'),
    }),
    appKeys: setOf(must(Type.String({ maxLength: 63 }), appKeyRule), {
      description:
        'Keys of the apps whose streams are checked. Empty = all apps ' +
        '(`streaming_sessions_keep_alive_app_keys` of WCS)',
      default: [],
      ...reload('live'),
    }),
  },
  { description: 'How the backend is asked about live streams', default: {}, ...closed },
);

export const MediaServerSpec = Type.Object(
  {
    replicas: Type.Integer({ minimum: 0, maximum: 1000, description: 'Number of pods', default: 1 }),
    image: Type.Optional(
      Type.String({
        maxLength: 512,
        description: "Image of the media server. Defaults to the operator's own image",
        ...reload('restart'),
      }),
    ),
    imagePullPolicy: Type.Optional(
      Type.Enum(['Always', 'IfNotPresent', 'Never'], { description: 'Pull policy of the image', ...reload('restart') }),
    ),
    imagePullSecrets: Type.Optional(
      Type.Array(reference('Secret with registry credentials'), {
        maxItems: 16,
        description: 'Secrets with credentials of the registry',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        ...reload('restart'),
      }),
    ),
    workers: Type.Integer({
      minimum: 0,
      maximum: 64,
      description: 'Number of mediasoup workers per pod. 0 = the CPU limit, or else the CPU request, rounded up',
      default: 1,
      ...reload('restart'),
    }),
    rest: Rest,
    webSdk: Type.Optional(WebSdk),
    service: Type.Optional(
      Type.Object(
        {
          type: Type.Enum(['ClusterIP', 'NodePort', 'LoadBalancer'], {
            description: 'Type of the Service',
            default: 'ClusterIP',
          }),
          annotations: Type.Optional(stringMap('Annotations of the Service')),
          labels: Type.Optional(stringMap('Labels of the Service')),
        },
        { description: 'The Service of all pods', ...closed },
      ),
    ),
    ingress: Type.Optional(
      Type.Object(
        {
          className: Type.Optional(objectName('Name of the IngressClass')),
          host: Type.Optional(routeHost('Host name of the Ingress')),
          certificateRef: Type.Optional(reference('Secret of type kubernetes.io/tls')),
          annotations: Type.Optional(stringMap('Annotations of the Ingress')),
        },
        {
          description: 'Creates an Ingress for signalling, and for `/rest-api` if it is protected',
          ...closed,
        },
      ),
    ),
    httpRoute: Type.Optional(
      Type.Object(
        {
          parentRefs: Type.Array(passthrough('As in an HTTPRoute'), {
            minItems: 1,
            maxItems: 16,
            description: 'Gateways that the HTTPRoute is attached to',
          }),
          hostnames: Type.Optional(
            setOf(routeHost('Host name'), { maxItems: 16, description: 'Host names of the HTTPRoute' }),
          ),
        },
        { description: 'Creates an HTTPRoute of the Gateway API instead of an Ingress', ...closed },
      ),
    ),
    ops: Type.Object(
      { port: port({ description: 'Port of metrics and probes', default: OPS_PORT, ...reload('restart') }) },
      { description: 'Listener for Prometheus and the kubelet', default: {}, ...closed },
    ),
    internal: Type.Object(
      {
        port: port({
          description: 'Port on which the operator and the other pods reach a pod',
          default: INTERNAL_PORT,
          ...reload('restart'),
        }),
      },
      { description: 'Listener for the operator and the other pods', default: {}, ...closed },
    ),
    media: Media,
    keepAlive: KeepAlive,
    drain: Type.Object(
      {
        timeout: duration({
          description:
            'Time that live streams have to end on their own. Must be at most 24h. The remaining streams then end ' +
            'with the cause `drain`. A longer time applies to pods that are created after the change',
          default: '9m',
          ...reload('live'),
        }),
      },
      { description: 'How a pod stops', default: {}, ...closed },
    ),
    autoscaling: Type.Optional(
      Type.Object(
        {
          minReplicas: Type.Integer({ minimum: 1, maximum: 1000, description: 'Minimum number of pods', default: 1 }),
          maxReplicas: Type.Integer({ minimum: 1, maximum: 1000, description: 'Maximum number of pods' }),
          targetStreams: Type.Integer({
            minimum: 1,
            description: 'Target number of publications and playbacks per pod',
          }),
          scaleDownDelay: duration({ description: 'Time of low load before a pod is removed', default: '5m' }),
        },
        {
          description:
            'Decides the number of pods by the number of their streams, instead of `replicas`. The pod with the fewest ' +
            'streams leaves first, when it is empty or after `drain.timeout`',
          ...closed,
        },
      ),
    ),
    limits: Type.Object(
      {
        publications: count({
          description: 'Maximum number of publications per pod. 0 = no limit',
          default: 0,
          ...reload('newSessions'),
        }),
        playbacks: count({
          description: 'Maximum number of playbacks per pod. 0 = no limit',
          default: 0,
          ...reload('newSessions'),
        }),
        connections: count({
          description:
            'Maximum number of open sockets of the Web SDK per pod. A new socket that exceeds it gets 503. 0 = no limit',
          default: 5000,
          ...reload('newSessions'),
        }),
        streamsPerConnection: count({
          description: 'Maximum number of publications and playbacks of one socket of the Web SDK. 0 = no limit',
          default: 32,
          ...reload('newSessions'),
        }),
      },
      {
        description: 'Limits of a pod. A new stream that exceeds a limit gets 503, or FAILED if it is of the Web SDK',
        default: {},
        ...closed,
      },
    ),
    podTemplate: Type.Object(podTemplateFields, {
      description: 'Fields that are merged over the pod that the operator creates',
      default: {},
      ...closed,
      ...reload('restart'),
    }),
    resources: Type.Optional(
      containerResources(
        'Resources of the container. Defaults to requests of 500m CPU and 256Mi memory',
        reload('restart'),
      ),
    ),
    capture: Type.Optional(CaptureSpec),
    podMonitor: Type.Boolean({
      description: 'Creates a PodMonitor. Requires the CRD of the Prometheus operator',
      default: false,
    }),
    networkPolicy: Type.Boolean({ description: 'Creates a NetworkPolicy', default: true }),
    podDisruptionBudget: Type.Boolean({ description: 'Creates a PodDisruptionBudget', default: true }),
  },
  { description: 'A fleet of media-server pods', ...closed },
);
export type MediaServerSpec = Static<typeof MediaServerSpec>;

export const MediaServerStatus = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'Generation of the spec that this status describes' }),
    ),
    replicas: Type.Optional(Type.Integer({ description: 'Number of pods' })),
    readyReplicas: Type.Optional(Type.Integer({ description: 'Pods that take new streams' })),
    updatedReplicas: Type.Optional(Type.Integer({ description: 'Pods that were created from the current template' })),
    desiredReplicas: Type.Optional(Type.Integer({ description: 'Desired number of pods' })),
    selector: Type.Optional(Type.String({ description: 'Label selector of the pods' })),
    publications: Type.Optional(Type.Integer({ description: 'Publications of all pods' })),
    playbacks: Type.Optional(Type.Integer({ description: 'Playbacks of all pods' })),
    apps: Type.Optional(Type.Integer({ description: 'Number of apps' })),
    configHash: Type.Optional(Type.String({ description: 'Hash of the rendered config' })),
    podsInSync: Type.Optional(
      Type.String({ description: 'Running pods with the current config, out of all running pods' }),
    ),
    drainingPods: Type.Optional(Type.Integer({ description: 'Number of draining pods' })),
    endpoints: Type.Optional(
      Type.Object(
        {
          http: Type.Optional(Type.String({ description: 'HTTP URL' })),
          https: Type.Optional(Type.String({ description: 'HTTPS URL' })),
          ws: Type.Optional(Type.String({ description: 'URL of the Web SDK' })),
          wss: Type.Optional(Type.String({ description: 'URL of the Web SDK over TLS' })),
        },
        { description: 'URLs for clients', ...closed },
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
                'Another operator that watches this MediaServer. It takes over unless the current operator withdraws ' +
                'the claim within a minute',
            }),
          ),
        },
        { description: 'Which operator manages this MediaServer; others leave it alone', ...closed },
      ),
    ),
    conditions: Type.Optional(conditions),
  },
  { description: 'Observed state', ...closed },
);
