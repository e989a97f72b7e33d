/** The part of a Vitest JSON report that is read here. */
export type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    /** Path of the file. */
    readonly name: string;
    readonly status: string;
    /** Why the whole file failed; empty if it did not. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      /** Failures of all attempts, also for a test that passed at the second one. */
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

type File = Report['testResults'][number];

/** Maximum length of a message in characters. Some messages repeat a whole object. */
const MOST = 400;

function firstLine(text = ''): string {
  const [line = ''] = text.split('\n', 1);
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line;
}

/** Returns a line for each failed test, file or run. `failedRuns` are the projects that exited with an error. Pure. */
export function failures(reports: ReadonlyMap<string, Report>, failedRuns: readonly string[]): string[] {
  const ofFiles = [...reports.values()].flatMap(({ testResults }) => testResults.flatMap(failuresOfFile));
  const unexplained = failedRuns.filter(
    (run) => !reports.get(run)?.testResults.some(({ status }) => status === 'failed'),
  );
  return [...ofFiles, ...unexplained.map((run) => `the run of ${run}`)];
}

/** Returns a line for each test that passed only at its second attempt. */
export function flaky(reports: Iterable<Report>): string[] {
  return [...reports].flatMap(({ testResults }) => testResults.flatMap((file) => linesOf(file, 'passed')));
}

function linesOf({ assertionResults, name }: File, status: string): string[] {
  return assertionResults
    .filter((test) => test.status === status && test.failureMessages.length > 0)
    .map(({ failureMessages, fullName }) => `${name}: ${fullName.trim()}: ${firstLine(failureMessages[0])}`);
}

function failuresOfFile(file: File): string[] {
  const { message, name, status } = file;
  const tests = linesOf(file, 'failed');
  if (message !== '') return [`${name}: ${firstLine(message)}`, ...tests];
  // A hook that throws is not reported as a test.
  return status === 'failed' && tests.length === 0 ? [`${name}: a hook`] : tests;
}
