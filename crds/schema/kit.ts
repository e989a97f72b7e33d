import { type TSchema, Type } from 'typebox';
import { matching, must } from './rules.ts';
import { durationRule } from './texts.ts';

/** Whether a change of a field takes effect on running streams, on new sessions only, or needs a new pod. */
export type ReloadMark = 'live' | 'newSessions' | 'restart';

/** Objects of the API are closed: a misspelt field is reported. */
export const closed = { additionalProperties: false } as const;

export const reload = <M extends ReloadMark>(mark: M) => ({ 'x-sluice-reload': mark }) as const;

type Options = Readonly<Record<string, unknown>> & { readonly description: string };

type DurationOptions = Options & {
  /** As texts: `0s` and `24h` when absent. */
  readonly least?: string;
  readonly most?: string;
};

/** A length of time such as `10s` or `1m30s`. */
export const duration = ({ least = '0s', most = '24h', ...options }: DurationOptions) =>
  must(Type.String({ maxLength: 32, ...options }), durationRule({ least, most }));

export const port = (options: Options) => Type.Integer({ minimum: 1, maximum: 65535, ...options });

export const count = (options: Options) => Type.Integer({ minimum: 0, ...options });

/** As the API server has it for the name of any object. A name never leads out of its namespace. */
export const OBJECT_NAME = '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$';

export const objectName = (description: string, options: Readonly<Record<string, unknown>> = {}) =>
  must(
    Type.String({ maxLength: 253, description, ...options }),
    matching(OBJECT_NAME, 'must be a name in lower case such as live'),
  );

/** Name of an object in the same namespace. */
export const reference = (kind: string, options: Partial<Options> = {}) =>
  Type.Object(
    { name: objectName(`Name of the ${kind}`) },
    { description: `A ${kind} in the same namespace`, ...closed, ...options },
  );

/** Free-form fields of a pod that are handed to Kubernetes as they are. */
export const passthrough = (description: string, options: Readonly<Record<string, unknown>> = {}) =>
  Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    description,
    ...options,
  });

/** A quantity as Kubernetes writes it; a whole number may be a number. */
const Quantity = Type.Unsafe<string | number>({
  'x-kubernetes-int-or-string': true,
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  pattern: '^[+]?([0-9]+|[0-9]+[.][0-9]*|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$',
});

export const quantities = (description: string) => Type.Record(Type.String(), Quantity, { description });

export const stringMap = (description: string) => Type.Record(Type.String(), Type.String(), { description });

/** A list that has nothing twice. */
export const setOf = <S extends TSchema>(items: S, options: Options) =>
  Type.Array(items, { maxItems: 64, 'x-kubernetes-list-type': 'set', ...options });

/** A condition as `metav1.Condition` has it. */
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

/** A CEL rule across the fields of a spec together with the same rule for files, which no API server has seen. */
export type CelRule<T> = {
  readonly rule: string;
  readonly message: string;
  /** Path below the object on which the rule stands, for the finding. */
  readonly field: string;
  /** False = broken. Absent for rules about changes, which a file cannot break. */
  readonly holds?: (value: T) => boolean;
};
