import { type Static, type TSchema, Type } from 'typebox';
import { Check } from 'typebox/value';

/** A rule on one value: in CEL for the API server, and the same for files, which the API server does not check. */
export type ValueRule<T> = {
  readonly rule: string;
  /** What the value must be. */
  readonly message: string;
  readonly holds: (value: T) => boolean;
};

/** Adds rules to a schema. Like the API server, it checks them only for values that match the schema. */
export function must<S extends TSchema>(schema: S, ...rules: readonly ValueRule<Static<S>>[]): S {
  const validations = rules.map(({ message, rule }) => ({ rule, message }));
  const ruled: S = { ...schema, 'x-kubernetes-validations': validations };
  return rules.reduce<S>(
    (refined, { holds, message }) =>
      Type.Refine(
        refined,
        (value: unknown) => !Check(schema, value) || holds(value as Static<S>),
        () => message,
      ) as S,
    ruled,
  );
}

/** Requires a match. A pattern must mean the same in RE2 and JavaScript, and must not contain double quotes. */
export function matching(pattern: string, message: string): ValueRule<string> {
  const expression = new RegExp(pattern);
  return { rule: `self.matches(${celText(pattern)})`, message, holds: (text) => expression.test(text) };
}

/** Formats a pattern as a raw CEL string. */
export const celText = (pattern: string): string => `r"${pattern}"`;
