import { type TSchema, Type } from 'typebox';
import { matching, must } from './rules.ts';
import { durationRule } from './texts.ts';

/** Whether a change of a field applies to running streams, to new sessions only, or needs a new pod. */
export type ReloadMark = 'live' | 'newSessions' | 'restart';

/** API objects are closed, so that a misspelled field is reported. */
export const closed = { additionalProperties: false } as const;

export const reload = <M extends ReloadMark>(mark: M) => ({ 'x-sluice-reload': mark }) as const;

type Options = Readonly<Record<string, unknown>> & { readonly description: string };

type DurationOptions = Options & {
  /** Bounds such as `1s`. Default: `0s` and `24h`. */
  readonly least?: string;
  readonly most?: string;
};

/** A duration such as `10s` or `1m30s`. */
export const duration = ({ least = '0s', most = '24h', ...options }: DurationOptions) =>
  must(Type.String({ maxLength: 32, ...options }), durationRule({ least, most }));

export const port = (options: Options) => Type.Integer({ minimum: 1, maximum: 65535, ...options });

export const count = (options: Options) => Type.Integer({ minimum: 0, ...options });

/** The API server's rule for object names. A matching name cannot lead out of its namespace. */
export const OBJECT_NAME = '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$';

export const objectName = (description: string, options: Readonly<Record<string, unknown>> = {}) =>
  must(
    Type.String({ maxLength: 253, description, ...options }),
    matching(OBJECT_NAME, 'must be a name in lower case such as live'),
  );

/** A reference to an object in the same namespace. */
export const reference = (kind: string, options: Partial<Options> = {}) =>
  Type.Object(
    { name: objectName(`Name of the ${kind}`) },
    { description: `A ${kind} in the same namespace`, ...closed, ...options },
  );

/** Free-form fields of a pod that are passed to Kubernetes unchanged. */
export const passthrough = (description: string, options: Readonly<Record<string, unknown>> = {}) =>
  Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    description,
    ...options,
  });

/** A Kubernetes quantity; an integer may be a number. */
const Quantity = Type.Unsafe<string | number>({
  'x-kubernetes-int-or-string': true,
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  pattern: '^[+]?([0-9]+|[0-9]+[.][0-9]*|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$',
});

export const quantities = (description: string) => Type.Record(Type.String(), Quantity, { description });

export const stringMap = (description: string) => Type.Record(Type.String(), Type.String(), { description });

/** A list without duplicates. */
export const setOf = <S extends TSchema>(items: S, options: Options) =>
  Type.Array(items, { maxItems: 64, 'x-kubernetes-list-type': 'set', ...options });

/** A condition, as in `metav1.Condition`. */
export const Condition = Type.Object(
  {
    type: Type.String({ maxLength: 316, description: 'Name of the condition' }),
    status: Type.Enum(['True', 'False', 'Unknown'], { description: '`True`, `False` or `Unknown`' }),
    reason: Type.String({ maxLength: 1024, description: 'Reason as one CamelCase word' }),
    message: Type.String({ maxLength: 32768, description: 'Human-readable message' }),
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'Generation of the spec that this status describes' }),
    ),
    lastTransitionTime: Type.String({ format: 'date-time', description: 'When the status last changed' }),
  },
  closed,
);

export const conditions = Type.Array(Condition, {
  maxItems: 16,
  description: 'Current conditions',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
});

/** A CEL rule across the fields of a spec, and the same rule for files, which the API server does not check. */
export type CelRule<T> = {
  readonly rule: string;
  readonly message: string;
  /** The field that a finding names, relative to the object with the rule. */
  readonly field: string;
  /** Returns false if the rule is broken. Absent for rules about updates, which a file cannot break. */
  readonly holds?: (value: T) => boolean;
};
