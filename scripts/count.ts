// Prints the failed and flaky tests of all runs, and a summary. Exits with 1 if anything failed or did not run.
//   count.ts FOLDER [FAILED...]    FOLDER has the reports; FAILED are the runs that exited with an error
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { failures, flaky, type Report } from './failures.ts';

const [folder = '.', ...failedRuns] = process.argv.slice(2);
const reports = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name): [string, Report] => [basename(name, '.json'), JSON.parse(readFileSync(join(folder, name), 'utf8'))]),
);
const sum = (read: (report: Report) => number): number =>
  [...reports.values()].reduce((total, report) => total + read(report), 0);

const print = (word: string, lines: readonly string[]) => {
  for (const line of lines) console.log(`${word}: ${line.replaceAll(`${process.cwd()}/`, '')}`);
};
print('flaky', flaky(reports.values()));
print('failed', failures(reports, failedRuns));

// All checks count as one test.
const checksFailed = failedRuns.includes('checks') ? 1 : 0;
const passed = sum(({ numPassedTests }) => numPassedTests) + 1 - checksFailed;
const skipped = sum(({ numPendingTests }) => numPendingTests);
const failedTests = sum(({ numFailedTests }) => numFailedTests) + checksFailed;
// A run can fail without a failed test, for example after a crash. It counts as a failure too.
const failed = Math.max(failedTests, failedRuns.length > 0 ? 1 : 0);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
