import { type Static, Type } from 'typebox';
import { isWithin, parseNetwork } from './ip.ts';
import { closed, setOf } from './kit.ts';
import { containerResources, podTemplateFields } from './pod-fields.ts';
import { must } from './rules.ts';
import { appKeyRule, networkRule } from './texts.ts';

const network = (description: string) => must(Type.String({ maxLength: 43, description }), networkRule);

/** As `ipBlock` of a NetworkPolicy. */
export const AllowedNetwork = must(
  Type.Object(
    {
      cidr: network('Network such as `10.20.0.0/16`'),
      except: Type.Optional(
        setOf(network('Network such as `10.20.9.0/24`'), {
          description: 'Parts of the network that are not allowed',
        }),
      ),
    },
    closed,
  ),
  {
    rule:
      '!has(self.except) || !isCIDR(self.cidr) || self.except.all(part, !isCIDR(part) || ' +
      'cidr(self.cidr).containsCIDR(part) && cidr(part).prefixLength() > cidr(self.cidr).prefixLength())',
    message: 'except must hold parts of cidr',
    holds: ({ cidr, except = [] }) => except.every((part) => isPart(part, cidr)),
  },
);
export type AllowedNetwork = Static<typeof AllowedNetwork>;

function isPart(part: string, whole: string): boolean {
  const [inner, outer] = [parseNetwork(part), parseNetwork(whole)];
  return !inner || !outer || (isWithin(inner.ip, outer) && inner.bits > outer.bits);
}

/** `spec.capture` of a MediaServer. */
export const CaptureSpec = Type.Object(
  {
    replicas: Type.Integer({ minimum: 0, maximum: 100, description: 'Number of capture pods', default: 1 }),
    allow: Type.Array(AllowedNetwork, {
      minItems: 1,
      maxItems: 64,
      description:
        'Networks of the sources that may be captured, as in a NetworkPolicy. Loopback, link-local, unspecified and ' +
        'multicast addresses are refused in any case',
    }),
    // sluice-sources runs 256 processes at most, also those that are ending.
    capturesPerPod: Type.Integer({
      minimum: 1,
      maximum: 200,
      description: 'Maximum number of captures of a pod',
      default: 50,
    }),
    rest: Type.Boolean({
      description:
        'Whether the calls `/rtsp/…` and `/pull/rtmp/…` of the REST API of WCS start and stop captures, of any source ' +
        'in `allow`',
      default: false,
    }),
    restAppKey: must(
      Type.String({
        maxLength: 63,
        description: 'Key of the app of the captures that are started by the REST API',
        default: 'defaultApp',
      }),
      appKeyRule,
    ),
    sourcesImage: Type.Optional(
      Type.String({
        maxLength: 512,
        description:
          "Image of the container `sources`, which reads the sources. Defaults to the operator's own. The container " +
          '`capture` uses the image of the media server',
      }),
    ),
    resources: Type.Object(
      {
        sources: Type.Optional(
          containerResources(
            'Resources of the container `sources`. Defaults to requests of 250m CPU and 256Mi memory, and a limit of ' +
              '1Gi memory',
          ),
        ),
        capture: Type.Optional(
          containerResources('Resources of the container `capture`. Defaults to requests of 100m CPU and 192Mi memory'),
        ),
      },
      { description: 'Resources of the containers', default: {}, ...closed },
    ),
    podTemplate: Type.Object(podTemplateFields, {
      description: 'Fields that are merged over the capture pods. `env` is of the container `capture`',
      default: {},
      ...closed,
    }),
  },
  {
    description:
      'Pods that capture the sources of StreamCaptures and publish them. If not set, there are none. No change of it ' +
      'restarts a media pod',
    ...closed,
  },
);
export type CaptureSpec = Static<typeof CaptureSpec>;
