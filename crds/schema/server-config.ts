import { type Static, Type } from 'typebox';
import { HOOK_METHODS, OVERWRITABLE_FIELDS, REST_ON_ERROR, REST_POLICIES } from './hook-methods.ts';
import { closed, reload } from './kit.ts';
import { matching, must } from './rules.ts';

const AssetName = Type.String({ minLength: 1, description: 'Name of an asset that holds the value' });

export const VIDEO_CODECS = ['VP8', 'VP9', 'H264', 'AV1'] as const;
export const DEFAULT_CODECS = ['opus', ...VIDEO_CODECS] as const;
export const CODECS = [...DEFAULT_CODECS, 'PCMU', 'PCMA', 'G722'] as const;
export type Codec = (typeof CODECS)[number];

const iceUrl = must(
  Type.String({ maxLength: 512 }),
  matching(
    `^(stuns?:[^ /?#@]+|turns?:[^ /?#@]+([?]transport=(udp|tcp))?)$`,
    'must be a URL such as stun:stun.example.org:3478 or turn:turn.example.org:3478?transport=udp',
  ),
);

export const IceServer = Type.Object(
  {
    urls: Type.Array(iceUrl, {
      minItems: 1,
      maxItems: 8,
      'x-kubernetes-list-type': 'set',
      description: 'URLs such as stun:stun.example.org:3478 (RFC 7064, RFC 7065)',
    }),
    username: Type.Optional(Type.String({ maxLength: 256, description: 'User name for TURN' })),
    credential: Type.Optional(Type.String({ maxLength: 256, description: 'Password for TURN' })),
  },
  closed,
);
export type IceServer = Static<typeof IceServer>;

export const HookAuth = Type.Union([
  Type.Object({ type: Type.Literal('none') }, closed),
  Type.Object({ type: Type.Literal('basic'), username: AssetName, password: AssetName }, closed),
  Type.Object({ type: Type.Literal('bearer'), token: AssetName }, closed),
  /** Several secrets give several signatures in one header, for rotation. */
  Type.Object({ type: Type.Literal('standardWebhooks'), secrets: Type.Array(AssetName, { minItems: 1 }) }, closed),
  Type.Object({ type: Type.Literal('wcsHmacMd5'), key: AssetName }, closed),
]);
export type HookAuth = Static<typeof HookAuth>;

export const HookMethodConfig = Type.Object(
  {
    name: Type.Enum([...HOOK_METHODS]),
    restOnError: Type.Optional(Type.Enum([...REST_ON_ERROR])),
    restPolicy: Type.Optional(Type.Enum([...REST_POLICIES])),
    clientExclude: Type.Optional(Type.Array(Type.String())),
    restExclude: Type.Optional(Type.Array(Type.String())),
    restOverwrite: Type.Optional(Type.Array(Type.Enum([...OVERWRITABLE_FIELDS]))),
    failureThreshold: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);
export type HookMethodConfig = Static<typeof HookMethodConfig>;

export const HookConfig = Type.Object(
  {
    name: Type.String({ description: 'Name of the RestHook' }),
    url: Type.String(),
    methods: Type.Array(HookMethodConfig),
    timeoutMs: Type.Integer({ minimum: 1 }),
    retries: Type.Integer({ minimum: 0 }),
    maxConnections: Type.Integer({ minimum: 1 }),
    auth: HookAuth,
    tls: Type.Object({ ca: Type.Optional(AssetName), insecureSkipVerify: Type.Boolean() }, closed),
  },
  closed,
);
export type HookConfig = Static<typeof HookConfig>;

export const AppConfig = Type.Object(
  {
    name: Type.String({ description: 'Name of the StreamApp' }),
    appKey: Type.String(),
    hook: Type.Optional(
      Type.String({ description: 'Name of an entry of `hooks`; absent = every admission is allowed' }),
    ),
    unresolved: Type.Optional(
      Type.String({ description: 'Why a reference does not resolve; new sessions are answered 503 with this text' }),
    ),
    keepAlive: Type.Object({ enabled: Type.Boolean(), intervalMs: Type.Integer({ minimum: 1000 }) }, closed),
    limits: Type.Object(
      {
        publications: Type.Integer({ minimum: 0, description: '0 = no limit' }),
        playbacksPerStream: Type.Integer({ minimum: 0, description: '0 = no limit' }),
        durationMs: Type.Integer({ minimum: 0, description: '0 = no limit' }),
        maxBitrate: Type.Integer({ minimum: 0, description: 'bits per second, 0 = no limit' }),
      },
      closed,
    ),
    codecs: Type.Array(Type.Enum([...CODECS]), { minItems: 1 }),
  },
  closed,
);
export type AppConfig = Static<typeof AppConfig>;

export const RestAuth = Type.Union([
  Type.Object({ type: Type.Literal('basic'), username: AssetName, password: AssetName }, closed),
  Type.Object(
    {
      type: Type.Literal('tokens'),
      tokens: Type.Array(Type.Object({ name: Type.String(), token: AssetName }, closed)),
    },
    closed,
  ),
]);
export type RestAuth = Static<typeof RestAuth>;

/** A listener with TLS; certificate and key are names of assets. */
const Https = Type.Object(
  {
    port: Type.Integer({ minimum: 1, maximum: 65535, ...reload('restart') }),
    certificate: Type.String({ minLength: 1, ...reload('live') }),
    key: Type.String({ minLength: 1, ...reload('live') }),
  },
  closed,
);

/** The sockets of the Web SDK. Absent = off: no port, and no path `/websdk` on the ports of `rest`. */
export const WebSdkConfig = Type.Object(
  {
    httpPort: Type.Integer({ minimum: 1, maximum: 65535, ...reload('restart') }),
    https: Type.Optional(Https),
    pingIntervalMs: Type.Integer({ minimum: 1000, ...reload('live') }),
    missedPings: Type.Integer({
      minimum: 1,
      description: 'pings in a row without an answer that close a socket',
      ...reload('live'),
    }),
    limits: Type.Object(
      {
        connections: Type.Integer({ minimum: 0, description: 'of the pod; 0 = no limit', ...reload('newSessions') }),
        streamsPerConnection: Type.Integer({ minimum: 0, description: '0 = no limit', ...reload('newSessions') }),
      },
      closed,
    ),
  },
  closed,
);
export type WebSdkConfig = Static<typeof WebSdkConfig>;

/**
 * The config of a media server. The operator renders it from MediaServer, StreamApp and RestHook resources; in
 * standalone mode the media server does. All defaults are filled in, all durations are in milliseconds, and every
 * credential is the name of an *asset*: a file next to the config (or an entry of the in-memory bundle).
 *
 * Each field has one reload mark, `x-sluice-reload`: `live` = applies to running streams, `newSessions` = applies to
 * sessions that start later, `restart` = needs a new pod (a running server keeps the old value and reports it).
 */
export const ServerConfig = Type.Object(
  {
    name: Type.String({ description: 'Name of the MediaServer' }),
    workers: Type.Integer({ minimum: 1, ...reload('restart') }),
    media: Type.Object(
      {
        port: Type.Integer({ minimum: 1, maximum: 65535, ...reload('restart') }),
        announcedAddress: Type.Optional(Type.String({ ...reload('restart') })),
        codecs: Type.Array(Type.Enum([...CODECS]), { minItems: 1, ...reload('restart') }),
        cascade: Type.Object({ after: Type.Integer({ minimum: 0, ...reload('newSessions') }) }, closed),
        udpGso: Type.Boolean({ ...reload('restart') }),
        pipePorts: Type.Object(
          {
            port: Type.Integer({ minimum: 1, maximum: 65535, ...reload('restart') }),
            endPort: Type.Integer({ minimum: 1, maximum: 65535, ...reload('restart') }),
          },
          closed,
        ),
        iceServers: Type.Array(IceServer, { ...reload('newSessions') }),
      },
      closed,
    ),
    rest: Type.Object(
      {
        httpPort: Type.Integer({ minimum: 1, maximum: 65535, ...reload('restart') }),
        https: Type.Optional(Https),
        auth: Type.Optional(Type.Unsafe<RestAuth>({ ...RestAuth, ...reload('live') })),
        emptyFilter: Type.Enum(['Allow', 'Refuse'], reload('live')),
        trustedProxies: Type.Array(Type.String(), reload('newSessions')),
        allowedOrigins: Type.Array(Type.String(), reload('live')),
        corsOrigins: Type.Array(Type.String(), reload('live')),
      },
      closed,
    ),
    webSdk: Type.Optional(WebSdkConfig),
    keepAlive: Type.Object(
      {
        enabled: Type.Boolean(reload('live')),
        appKeys: Type.Array(Type.String(), { description: 'empty = all apps', ...reload('live') }),
      },
      closed,
    ),
    limits: Type.Object(
      {
        publications: Type.Integer({ minimum: 0, description: '0 = no limit', ...reload('newSessions') }),
        playbacks: Type.Integer({ minimum: 0, description: '0 = no limit', ...reload('newSessions') }),
      },
      closed,
    ),
    drain: Type.Object({ timeoutMs: Type.Integer({ minimum: 0, ...reload('live') }) }, closed),
    hooks: Type.Array(HookConfig, reload('live')),
    apps: Type.Array(AppConfig, reload('live')),
  },
  closed,
);
export type ServerConfig = Static<typeof ServerConfig>;

/** A ServerConfig with the contents of its assets. They are loaded, compared and applied together. */
export type ConfigBundle = {
  readonly config: ServerConfig;
  /** Contents by asset name. */
  readonly assets: ReadonlyMap<string, Buffer>;
};
