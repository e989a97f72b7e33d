import { no, type Verdict, yes } from '../kube/conditions.ts';

export type ReadyRules = {
  /** Conditions that must not be False or Unknown, the most telling first. */
  readonly mustBeTrue: readonly string[];
  /** Conditions that must not be True, looked at first. */
  readonly mustBeFalse?: readonly string[];
  /** Reasons that are no reason to wait, although the condition says otherwise. */
  readonly accepts?: readonly string[];
};

/**
 * The condition that GitOps tools and `kubectl wait` look for (kstatus): True if the object runs as it is written. Its
 * reason and message are those of the first condition that says otherwise. Pure.
 */
export function ready(verdicts: readonly Verdict[], rules: ReadyRules): Verdict {
  const { accepts = [], mustBeFalse = [], mustBeTrue } = rules;
  const unwanted = [
    ...mustBeFalse.map((type) => ({ type, isWanted: (status: string) => status !== 'True' })),
    ...mustBeTrue.map((type) => ({ type, isWanted: (status: string) => status === 'True' })),
  ].flatMap(({ isWanted, type }) =>
    verdicts.filter((each) => each.type === type && !isWanted(each.status) && !accepts.includes(each.reason)),
  );
  const [first] = unwanted;
  return first ? no('Ready', first.reason, first.message) : yes('Ready', 'Ready', 'everything is as specified');
}
