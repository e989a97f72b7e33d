// Adds up the results of all test runs and prints the closing line. Exits 1 when anything failed or did not run.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Report = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
};

const [checksFailed = '1', suitesFailed = '1', folder = '.'] = process.argv.slice(2);
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name): Report => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const sum = (read: (report: Report) => number): number => reports.reduce((total, report) => total + read(report), 0);

// The checks count as one test.
const passed = sum(({ numPassedTests }) => numPassedTests) + (checksFailed === '0' ? 1 : 0);
const skipped = sum(({ numPendingTests }) => numPendingTests);
const failedTests = sum(({ numFailedTests }) => numFailedTests) + (checksFailed === '0' ? 0 : 1);
// A run that failed without a failed test (a file that does not load, a crash) is a failure as well.
const failed = suitesFailed !== '0' && failedTests === 0 ? 1 : failedTests;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
