/** Of a JSON report of Vitest, what is read here. */
export type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    /** Path of the file. */
    readonly name: string;
    readonly status: string;
    /** Why the file as a whole failed, else empty. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

const firstLine = (text = ''): string => text.split('\n', 1)[0] ?? '';

/** A line for each test, file or run that failed. `failedRuns` are those that exited with an error, by project. Pure. */
export function failures(reports: ReadonlyMap<string, Report>, failedRuns: readonly string[]): string[] {
  const ofFiles = [...reports.values()].flatMap(({ testResults }) => testResults.flatMap(failuresOfFile));
  const unexplained = failedRuns.filter(
    (run) => !reports.get(run)?.testResults.some(({ status }) => status === 'failed'),
  );
  return [...ofFiles, ...unexplained.map((run) => `the run of ${run}`)];
}

function failuresOfFile({ assertionResults, message, name, status }: Report['testResults'][number]): string[] {
  const tests = assertionResults
    .filter((test) => test.status === 'failed')
    .map(({ failureMessages, fullName }) => `${name}: ${fullName.trim()}: ${firstLine(failureMessages[0])}`);
  if (message !== '') return [`${name}: ${firstLine(message)}`, ...tests];
  // A hook that throws has no test of its own.
  return status === 'failed' && tests.length === 0 ? [`${name}: a hook`] : tests;
}
