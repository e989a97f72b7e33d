import { Type } from 'typebox';
import { closed, duration, port, reference, reload } from './kit.ts';

/**
 * The path of sockets on the ports of `rest`. An Ingress cannot tell the upgrade of `/` from `GET /`, so the Web SDK has a
 * path of its own there.
 */
export const WEB_SDK_PATH = '/websdk';

const Https = Type.Object(
  {
    port: port({
      description: 'Port of the Web SDK over TLS (`wss://`). Every path of it is a socket',
      default: 8443,
      ...reload('restart'),
    }),
    certificateRef: Type.Optional(
      reference('Secret of type kubernetes.io/tls', {
        description:
          'A Secret of type kubernetes.io/tls in the same namespace. Defaults to `rest.https.certificateRef`, and is ' +
          'required if `rest.https` is not set',
        ...reload('live'),
      }),
    ),
  },
  {
    description:
      'The listener for sockets over TLS. If not set, it is off. A new certificate is used without a restart',
    ...closed,
  },
);

/** `spec.webSdk` of a MediaServer. */
export const WebSdk = Type.Object(
  {
    http: Type.Object(
      {
        port: port({
          description: 'Port of the Web SDK (`ws://`). Every path of it is a socket',
          default: 8080,
          ...reload('restart'),
        }),
      },
      { description: 'The listener for sockets without TLS', default: {}, ...closed },
    ),
    https: Type.Optional(Https),
    pingInterval: duration({
      least: '1s',
      most: '1h',
      description: 'Time between two pings to a client. Must be between 1s and 1h',
      default: '5s',
      ...reload('live'),
    }),
    missedPings: Type.Integer({
      minimum: 1,
      maximum: 1000,
      description:
        'Number of pings in a row that a client leaves unanswered before its socket is closed. Any message of the ' +
        'client counts as an answer',
      default: 10,
      ...reload('live'),
    }),
  },
  {
    description:
      `Sockets for the Web SDK of Flashphoner, on ports of their own, and at the path \`${WEB_SDK_PATH}\` of the ports of ` +
      '`rest` and of the Ingress or HTTPRoute. If not set, they are off',
    ...closed,
  },
);
