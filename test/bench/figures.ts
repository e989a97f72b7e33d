/** What a figure must be, and what it is in this run. `unit` may also name the percentile: `ms, p99`. */
export type Goal = { readonly measured: number; readonly unit: string } & (
  | { readonly atMost: number }
  | { readonly atLeast: number }
);

/** A line of the report. */
export type Figure = {
  readonly what: string;
  readonly result: string;
  /** Null if nothing is promised. */
  readonly goal: { readonly text: string; readonly isMet: boolean } | null;
};

/** What a part of the benchmark measured. */
export type Section = { readonly title: string; readonly figures: readonly Figure[] };

/** Adds a figure to a part and prints it. */
export type Report = (what: string, result: string, goal?: Goal | null) => void;

/** Begins a part, and returns it with the function that adds to it. */
export function beginSection(title: string): { readonly section: Section; readonly report: Report } {
  const figures: Figure[] = [];
  console.log(`\n${title}`);
  const report: Report = (what, result, goal = null) => {
    const figure = { what, result, goal: goal && judge(goal) };
    figures.push(figure);
    console.log(`${what.padEnd(62)} ${result}${figure.goal ? `  [goal ${verdict(figure.goal)}]` : ''}`);
  };
  return { section: { title, figures }, report };
}

/** `≤ 4 µs`, with a note if the run did not reach it. */
export function verdict({ isMet, text }: NonNullable<Figure['goal']>): string {
  return isMet ? text : `${text}, not reached`;
}

function judge(goal: Goal): { text: string; isMet: boolean } {
  const [sign, limit, isMet] =
    'atMost' in goal
      ? ['≤', goal.atMost, goal.measured <= goal.atMost]
      : ['≥', goal.atLeast, goal.measured >= goal.atLeast];
  return { text: `${sign} ${limit.toLocaleString('en-US')} ${goal.unit}`.trim(), isMet };
}
