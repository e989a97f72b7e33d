import { type Static, Type } from 'typebox';
import { HOOK_METHODS, OVERWRITABLE_FIELDS, REST_ON_ERROR, REST_POLICIES } from './hook-methods.ts';
import { closed, conditions, count, duration, reference, reload, setOf } from './kit.ts';
import { must } from './rules.ts';
import { StreamObject } from './stream.ts';
import { httpUrlRule, noUserInfoRule } from './texts.ts';

/** Body fields of `connect` and `ConnectionStatusEvent` that a stream object does not have. */
const CONNECTION_FIELDS = [
  'mediaProviders',
  'keepAlive',
  'clientVersion',
  'clientOSVersion',
  'clientBrowserVersion',
] as const;
const HOOK_FIELDS: readonly string[] = [...Object.keys(StreamObject.properties), ...CONNECTION_FIELDS];
const excluded = (description: string) => setOf(Type.Enum([...HOOK_FIELDS]), { description });

const OVERWRITING_METHODS: readonly string[] = ['publishStream', 'playStream'];

const Method = Type.Object(
  {
    name: Type.Enum([...HOOK_METHODS], { description: 'Name of the method' }),
    restOnError: Type.Optional(
      Type.Enum([...REST_ON_ERROR], {
        description:
          'Effect of an error of connect, publishStream, playStream and StreamKeepAliveEvent: `FAIL` = the operation ' +
          'fails, which is the default, `LOG` = the error is only logged. An error of connect always fails; an error ' +
          'of another method is always only logged',
      }),
    ),
    restPolicy: Type.Optional(
      Type.Enum([...REST_POLICIES], {
        description:
          '`NOTIFY` = the body of the answer is ignored, `OVERWRITE` = it overwrites the fields of `restOverwrite`, ' +
          '`DISABLE` = the method is not called. Defaults to `NOTIFY`',
      }),
    ),
    clientExclude: Type.Optional(excluded("Fields that are not sent to the client's event stream")),
    restExclude: Type.Optional(excluded('Fields that are not sent to the backend, such as `sdp`')),
    restOverwrite: Type.Optional(
      setOf(Type.Enum([...OVERWRITABLE_FIELDS]), {
        maxItems: 5,
        description: 'Fields that the answer to publishStream or playStream can overwrite',
      }),
    ),
    failureThreshold: Type.Optional(
      count({
        description:
          'Number of failed checks in a row after which a stream ends. 0 = a stream never ends because the backend ' +
          'is down, which is the default. StreamKeepAliveEvent only',
      }),
    ),
  },
  closed,
);

const RuledMethod = must(
  Method,
  {
    rule: "!has(self.failureThreshold) || self.name == 'StreamKeepAliveEvent'",
    message: 'failureThreshold is for StreamKeepAliveEvent only',
    holds: ({ failureThreshold, name }) => failureThreshold === undefined || name === 'StreamKeepAliveEvent',
  },
  {
    rule: "!has(self.restOverwrite) || self.name in ['publishStream', 'playStream']",
    message: 'restOverwrite is for publishStream and playStream only',
    holds: ({ name, restOverwrite }) => restOverwrite === undefined || OVERWRITING_METHODS.includes(name),
  },
  {
    rule:
      "!has(self.restPolicy) || self.restPolicy != 'OVERWRITE' || " +
      'has(self.restOverwrite) && size(self.restOverwrite) > 0',
    message: 'restPolicy OVERWRITE needs restOverwrite with at least one field',
    holds: ({ restOverwrite = [], restPolicy }) => restPolicy !== 'OVERWRITE' || restOverwrite.length > 0,
  },
);

const Auth = Type.Object(
  {
    type: Type.Enum(['none', 'basic', 'bearer', 'standardWebhooks', 'wcsHmacMd5'], {
      description: 'Type of authentication',
      default: 'none',
    }),
    secretRef: Type.Optional(
      reference('Secret', {
        description:
          'Secret with the credentials: `username` and `password` for basic, `token` for bearer, `key` for ' +
          'wcsHmacMd5, any keys for standardWebhooks (each of them signs)',
      }),
    ),
  },
  { description: 'Authentication of the calls', default: {}, ...closed },
);

export const RestHookSpec = Type.Object(
  {
    url: must(
      Type.String({
        maxLength: 2048,
        description: 'HTTP or HTTPS URL of the backend. The name of the method is appended to its path',
      }),
      httpUrlRule,
      noUserInfoRule,
    ),
    methods: Type.Array(RuledMethod, {
      maxItems: HOOK_METHODS.length,
      description: 'Methods that are called. A method that is not listed counts as allowed',
      default: [],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    }),
    timeout: duration({
      least: '1ms',
      most: '10m',
      description: 'Timeout of a call, from connecting to the end of the body. Must be at most 10m',
      default: '5s',
    }),
    retries: Type.Integer({
      minimum: 0,
      maximum: 10,
      description: 'Number of retries of a failed admission or event',
      default: 1,
    }),
    maxConnections: Type.Integer({
      minimum: 1,
      maximum: 4096,
      description: 'Maximum number of concurrent keep-alive calls per pod',
      default: 256,
    }),
    auth: Auth,
    tls: Type.Object(
      {
        caBundleRef: Type.Optional(
          reference('ConfigMap', { description: 'ConfigMap with the CA bundle in `ca.crt`, at most 64 KiB' }),
        ),
        insecureSkipVerify: Type.Boolean({ description: 'Accepts any certificate. For tests only', default: false }),
      },
      { description: 'TLS settings of the calls', default: {}, ...closed },
    ),
  },
  { description: 'A backend that decides about streams', ...closed, ...reload('live') },
);
export type RestHookSpec = Static<typeof RestHookSpec>;

export const RestHookStatus = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'Generation of the spec that this status describes' }),
    ),
    lastSuccessTime: Type.Optional(
      Type.String({ format: 'date-time', description: 'Time of the last call that succeeded' }),
    ),
    lastFailureTime: Type.Optional(
      Type.String({ format: 'date-time', description: 'Time of the last call that failed' }),
    ),
    conditions: Type.Optional(conditions),
  },
  { description: 'Observed state', ...closed },
);
