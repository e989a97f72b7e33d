import { describe, expect, it } from 'vitest';
import { failures, flaky, type Report } from './failures.ts';

type File = Report['testResults'][number];

const report = (...testResults: File[]): Report => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  testResults,
});
const file = (over: Partial<File>): File => ({
  name: 'a.test.ts',
  status: 'passed',
  message: '',
  assertionResults: [],
  ...over,
});
const WHY = 'Error: no\n    at a.test.ts:1';
const test = (
  status: string,
  failureMessages = status === 'failed' ? [WHY] : [],
): File['assertionResults'][number] => ({ status, fullName: ' a thing works', failureMessages });

describe('failures', () => {
  it.each<[string, Report, string[], string[]]>([
    ['nothing', report(file({ assertionResults: [test('passed')] })), [], []],
    [
      'a test, with the first line of its error',
      report(file({ status: 'failed', assertionResults: [test('passed'), test('failed')] })),
      ['unit'],
      ['a.test.ts: a thing works: Error: no'],
    ],
    [
      'a test, with a long message cut',
      report(file({ status: 'failed', assertionResults: [test('failed', ['x'.repeat(5_000)])] })),
      ['unit'],
      [`a.test.ts: a thing works: ${'x'.repeat(400)}…`],
    ],
    [
      'a file that cannot be loaded',
      report(file({ status: 'failed', message: 'SyntaxError: x\nmore' })),
      ['unit'],
      ['a.test.ts: SyntaxError: x'],
    ],
    [
      'a hook',
      report(file({ status: 'failed', assertionResults: [test('skipped')] })),
      ['unit'],
      ['a.test.ts: a hook'],
    ],
    ['a run without a reason', report(file({})), ['unit'], ['the run of unit']],
  ])('names %s', (_what, of, failedRuns, lines) => {
    expect(failures(new Map([['unit', of]]), failedRuns)).toEqual(lines);
  });

  it('names a run that left no report', () => {
    expect(failures(new Map(), ['cluster'])).toEqual(['the run of cluster']);
  });
});

describe('flaky', () => {
  it('names a test that passed at its second attempt, with the error of the first', () => {
    const tests = [test('passed'), test('passed', [WHY]), test('failed', [WHY, WHY])];
    expect(flaky([report(file({ assertionResults: tests }))])).toEqual(['a.test.ts: a thing works: Error: no']);
  });
});
