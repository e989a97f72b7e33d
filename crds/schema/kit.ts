import { Type } from 'typebox';
import { DURATION_PATTERN } from './duration.ts';

/** Whether a change of a field takes effect on running streams, on new sessions only, or needs a new pod. */
export type ReloadMark = 'live' | 'newSessions' | 'restart';

/** Objects of the API are closed: a misspelt field is reported. */
export const closed = { additionalProperties: false } as const;

export const reload = <M extends ReloadMark>(mark: M) => ({ 'x-sluice-reload': mark }) as const;

type Options = Readonly<Record<string, unknown>> & { readonly description: string };

/** A length of time such as `10s` or `1m30s`. */
export const duration = (options: Options) =>
  Type.String({ pattern: DURATION_PATTERN, minLength: 2, maxLength: 32, ...options });

export const port = (options: Options) => Type.Integer({ minimum: 1, maximum: 65535, ...options });

export const count = (options: Options) => Type.Integer({ minimum: 0, ...options });

/** As the API server has it for the name of any object. A name never leads out of its namespace. */
export const OBJECT_NAME = '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$';

/** Name of an object in the same namespace. */
export const reference = (kind: string, options: Partial<Options> = {}) =>
  Type.Object(
    { name: Type.String({ pattern: OBJECT_NAME, minLength: 1, maxLength: 253, description: `Name of the ${kind}` }) },
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

export const stringMap = (description: string) => Type.Record(Type.String(), Type.String(), { description });

export const stringList = (description: string, options: Readonly<Record<string, unknown>> = {}) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 64, description, ...options });

/** A condition as `metav1.Condition` has it. */
export const Condition = Type.Object(
  {
    type: Type.String({ maxLength: 316, description: 'Name of the condition' }),
    status: Type.Enum(['True', 'False', 'Unknown'], { description: '`True`, `False` or `Unknown`' }),
    reason: Type.String({ maxLength: 1024, description: 'Why, in one CamelCase word' }),
    message: Type.String({ maxLength: 32768, description: 'Why, for a person' }),
    observedGeneration: Type.Optional(Type.Integer({ description: 'Generation of the spec that was judged' })),
    lastTransitionTime: Type.String({ format: 'date-time', description: 'When the status last changed' }),
  },
  closed,
);

export const conditions = Type.Array(Condition, {
  maxItems: 16,
  description: 'What is true of the object now',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
});

/** A CEL rule of the API server together with the same rule for files, which no API server has seen. */
export type CelRule<T> = {
  readonly rule: string;
  readonly message: string;
  /** Path below the object on which the rule stands, for the finding. */
  readonly field: string;
  /** False = broken. Absent for rules about changes, which a file cannot break. */
  readonly holds?: (value: T) => boolean;
};
