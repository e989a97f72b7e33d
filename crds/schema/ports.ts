import type { CelRule } from './kit.ts';
import type { MediaServerSpec } from './media-server.ts';

/** A TCP listener of a pod, with access to its port in CEL and here; undefined = the listener is off. */
type Listener = {
  readonly field: string;
  readonly cel: string;
  /** CEL that tells whether the listener is on; absent = always on. */
  readonly celHas?: string;
  readonly portOf: (spec: MediaServerSpec) => number | undefined;
};

/** Each listener is compared with those above it and with the media ports. */
const LISTENERS: readonly Listener[] = [
  { field: 'ops.port', cel: 'self.ops.port', portOf: ({ ops }) => ops.port },
  { field: 'internal.port', cel: 'self.internal.port', portOf: ({ internal }) => internal.port },
  { field: 'rest.http.port', cel: 'self.rest.http.port', portOf: ({ rest }) => rest.http.port },
  {
    field: 'rest.https.port',
    cel: 'self.rest.https.port',
    celHas: 'has(self.rest.https)',
    portOf: ({ rest }) => rest.https?.port,
  },
  {
    field: 'webSdk.http.port',
    cel: 'self.webSdk.http.port',
    celHas: 'has(self.webSdk)',
    portOf: ({ webSdk }) => webSdk?.http.port,
  },
  {
    field: 'webSdk.https.port',
    cel: 'self.webSdk.https.port',
    celHas: 'has(self.webSdk) && has(self.webSdk.https)',
    portOf: ({ webSdk }) => webSdk?.https?.port,
  },
];
const LISTENER_FIELDS = LISTENERS.map(({ field }) => field).join(', ');

const CEL_WORKERS = '(self.workers > 1 ? self.workers : 1)';
const CEL_LAST_MEDIA = `self.media.port + ${CEL_WORKERS} - 1`;

/** The last media port. `workers: 0`, which the operator replaces with the CPU limit, counts as one here. */
const lastMediaPort = ({ media, workers }: MediaServerSpec): number => media.port + Math.max(1, workers) - 1;

const isMediaPort = (spec: MediaServerSpec, port: number): boolean =>
  port >= spec.media.port && port <= lastMediaPort(spec);

/** The listeners of a pod must have different ports. */
export const portRules: readonly CelRule<MediaServerSpec>[] = [
  ...LISTENERS.slice(1).map(distinct),
  {
    rule: `${CEL_LAST_MEDIA} <= 65535`,
    message: 'must leave each worker its own port: media.port + workers - 1 must be at most 65535',
    field: 'media.port',
    holds: (spec) => lastMediaPort(spec) <= 65_535,
  },
  {
    rule: LISTENERS.map(noMediaPort).join(' && '),
    message: `media.port to media.port + workers - 1 must not contain ${LISTENER_FIELDS}`,
    field: 'media.port',
    holds: (spec) => LISTENERS.every(({ portOf }) => !isMediaPort(spec, portOf(spec) ?? 0)),
  },
  {
    rule: 'self.media.pipePorts.port <= self.media.pipePorts.endPort',
    message: 'must be at least port',
    field: 'media.pipePorts.endPort',
    holds: ({ media: { pipePorts } }) => pipePorts.port <= pipePorts.endPort,
  },
  {
    rule: `self.media.pipePorts.endPort < self.media.port || self.media.pipePorts.port > ${CEL_LAST_MEDIA}`,
    message: 'must not contain media.port to media.port + workers - 1; the default is 45000 to 45999',
    field: 'media.pipePorts',
    holds: (spec) => spec.media.pipePorts.endPort < spec.media.port || spec.media.pipePorts.port > lastMediaPort(spec),
  },
];

function distinct(listener: Listener, index: number): CelRule<MediaServerSpec> {
  const others = LISTENERS.slice(0, index + 1);
  const differs = others.map((other) => ifOn(other, `${listener.cel} != ${other.cel}`)).join(' && ');
  return {
    rule: ifOn(listener, `(${differs})`),
    message: `must differ from ${others.map(({ field }) => field).join(', ')}`,
    field: listener.field,
    holds: (spec) => {
      const port = listener.portOf(spec);
      return port === undefined || others.every(({ portOf }) => portOf(spec) !== port);
    },
  };
}

function noMediaPort(listener: Listener): string {
  const { cel } = listener;
  return ifOn(listener, `(${cel} < self.media.port || ${cel} > ${CEL_LAST_MEDIA})`);
}

/** CEL that holds if the listener is off. */
function ifOn({ celHas }: Listener, rule: string): string {
  return celHas ? `(!(${celHas}) || ${rule})` : rule;
}
