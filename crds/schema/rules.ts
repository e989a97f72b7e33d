import { type Static, type TSchema, Type } from 'typebox';
import { Check } from 'typebox/value';

/** A rule on one value: in CEL for the API server, and the same for files, which no API server has seen. */
export type ValueRule<T> = {
  readonly rule: string;
  /** What the value must be. */
  readonly message: string;
  readonly holds: (value: T) => boolean;
};

/** A schema whose values must keep rules as well. The API server asks them only of values that the schema allows. */
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

/** A text that matches a pattern. Patterns are such that RE2 and JavaScript read them alike, without double quotes. */
export function matching(pattern: string, message: string): ValueRule<string> {
  const expression = new RegExp(pattern);
  return { rule: `self.matches(${celText(pattern)})`, message, holds: (text) => expression.test(text) };
}

/** A pattern as a raw string of CEL. */
export const celText = (pattern: string): string => `r"${pattern}"`;
