import { describe, expect, it } from 'vitest';
import { aTermination } from '../../test/builders/plugin-objects.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { isYes } from './terminal.ts';
import { readOrder } from './terminate.ts';
import { progressOf, resultJson, resultText, terminationOf } from './termination.ts';

const orderOf = (...args: string[]) => readOrder(readArguments(['terminate', ...args]) as Arguments);
const PODS = [
  { uid: '1', name: 'live-a', state: 'Done', matched: 2, terminated: 2 },
  { uid: '2', name: 'live-b', state: 'Done', matched: 1, terminated: 0 },
];
const COMPLETE = { conditions: ['Complete=True Completed', 'Failed=False Completed'], phase: 'Complete' };

describe('readOrder', () => {
  it('reads filters, or all, and durations', () => {
    expect(orderOf('--name', 'a', '--deny-for', '1m30s', '--timeout=5s')).toEqual({
      filter: { name: 'a' },
      denyFor: '1m30s',
      timeout: '5s',
    });
    expect(orderOf('--all')).toEqual({ filter: null, denyFor: undefined, timeout: '1m' });
  });

  it.each<[string[], string]>([
    [
      [],
      'say which streams: give at least one of --id, --session, --name, --app, --published, --played, --status, --provider, or --all',
    ],
    [['live'], 'say which streams'],
    [['--all', '--name', 'a'], '--all: ends every stream, so give no other filter'],
    [['--all', '--timeout', '5'], '--timeout: must be a duration such as 60s or 1h30m, from 1s to 24h, got "5"'],
    [['--all', '--deny-for', '25h'], '--deny-for: must be a duration'],
    [['--all', '--deny-for', '0s'], '--deny-for: must be a duration'],
  ])('refuses %j', (args, message) => {
    expect(() => orderOf(...args)).toThrow(message);
  });
});

describe('terminationOf', () => {
  const order = { server: 'live', filter: { name: 'a' }, denyFor: '60s', timeout: '1m' };

  it('is an object to create', () => {
    expect(terminationOf(order, false)).toEqual({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'StreamTermination',
      metadata: { generateName: 'kubectl-' },
      spec: { mediaServerRef: { name: 'live' }, filter: { name: 'a' }, denyFor: '60s', timeout: '1m' },
    });
  });

  it('ends nothing as a dry run, and goes soon', () => {
    expect(terminationOf({ ...order, filter: null, denyFor: undefined }, true)).toMatchObject({
      metadata: { generateName: 'kubectl-dry-run-' },
      spec: { mediaServerRef: { name: 'live' }, all: true, dryRun: true, timeout: '1m', ttlAfterFinished: '1m' },
    });
  });
});

describe('progressOf', () => {
  it.each<[string, readonly string[], object]>([
    ['new', [], { kind: 'waits' }],
    ['running', ['Complete=False Running', 'Failed=False Running'], { kind: 'waits' }],
    ['complete', COMPLETE.conditions, { kind: 'complete' }],
    ['failed', ['Complete=False Failed', 'Failed=True X: why'], { kind: 'failed', message: 'why' }],
  ])('of one that is %s', (_what, conditions, progress) => {
    expect(progressOf(aTermination('t', { conditions }))).toEqual(progress);
  });
});

describe('the result', () => {
  const done = aTermination('t', { ...COMPLETE, matched: 3, terminated: 2, pods: PODS });

  it('says what each pod did', () => {
    expect(resultText(done)).toBe(
      `POD      STATE   MATCHED   ENDED
live-a   Done    2         2
live-b   Done    1         0
2 streams of MediaServer "live" ended; 1 of the 3 that matched ended otherwise.
`,
    );
  });

  it('says what would end', () => {
    const dry = aTermination('t', { ...COMPLETE, matched: 3, terminated: 0, pods: PODS }, { dryRun: true });
    expect(resultText(dry)).toBe(
      `POD      STATE   WOULD-END
live-a   Done    2
live-b   Done    1
3 streams of MediaServer "live" would end.
`,
    );
  });

  it.each([
    [3, 'Their clients are denied.'],
    [
      1,
      'The clients of 1 stream are denied; 2 of 3 are not: they have no token, and rest.trustedProxies lacks their proxy.',
    ],
  ])('says that clients of %i streams are denied', (denied, sentence) => {
    const [first, second] = PODS;
    const pods = [{ ...first, denied }, second] as typeof PODS;
    const text = resultText(aTermination('t', { ...COMPLETE, matched: 3, terminated: 3, denied, pods }));
    expect(text.split('\n')[0]).toBe('POD      STATE   MATCHED   ENDED   DENIED');
    expect(text).toContain(`ended.\n${sentence}\n`);
  });

  it('has what a pod says', () => {
    const gone = { uid: '3', name: 'live-c', state: 'Gone', message: 'the pod is gone' };
    expect(resultText(aTermination('t', { matched: 0, terminated: 0, pods: [gone] }))).toBe(
      `POD      STATE   MATCHED   ENDED   MESSAGE
live-c   Gone    0         0       the pod is gone
0 streams of MediaServer "live" ended.
`,
    );
  });

  it('is an object for programs', () => {
    expect(resultJson(done)).toEqual({
      streamTermination: 't',
      mediaServer: 'live',
      dryRun: false,
      phase: 'Complete',
      matched: 3,
      terminated: 2,
      pods: [
        { pod: 'live-a', state: 'Done', matched: 2, terminated: 2 },
        { pod: 'live-b', state: 'Done', matched: 1, terminated: 0 },
      ],
    });
  });
});

describe('isYes', () => {
  it.each([
    ['y', true],
    [' Yes ', true],
    ['', false],
    ['n', false],
    ['yesterday', false],
  ])('%j', (answer, expected) => {
    expect(isYes(answer)).toBe(expected);
  });
});
