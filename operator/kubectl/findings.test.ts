import { describe, expect, it } from 'vitest';
import { aHook, anApp, aServer, condition, NOW } from '../../test/builders/plugin-objects.ts';
import { findingsOf } from './findings.ts';
import type { AnyObject } from './objects.ts';

const told = (kind: string, object: AnyObject, now = NOW): string[] =>
  findingsOf([{ kind, object }], now).map(({ condition: what, reason, severity }) => `${severity} ${what} ${reason}`);

const RECENT = '2026-03-01T11:59:30Z';

describe('findingsOf', () => {
  it.each<[string, string[]]>([
    ['Ready=False RefNotFound', []],
    ['Available=False NoReadyPods', ['problem Available=False NoReadyPods']],
    ['Available=False ScaledToZero', ['note Available=False ScaledToZero']],
    ['Degraded=True CrashLoopBackOff: x', ['problem Degraded=True CrashLoopBackOff']],
    ['Degraded=False AsExpected', []],
    ['Progressing=True Rollout', ['note Progressing=True Rollout']],
    ['Progressing=False Settled', []],
    ['ConfigApplied=False Pending', ['problem ConfigApplied=False Pending']],
    ['ConfigApplied=True OldDrainTimeout', ['note ConfigApplied=True OldDrainTimeout']],
    ['FleetReady=Unknown NoPods', []],
    ['Reachable=False Failing', ['problem Reachable=False Failing']],
    ['Reachable=Unknown NotCalled', []],
    ['Reachable=True SomeFail', ['note Reachable=True SomeFail']],
    ['Saturated=True ChecksWait', ['problem Saturated=True ChecksWait']],
    ['Programmed=False RefNotFound', ['problem Programmed=False RefNotFound']],
    ['Programmed=False NoPods', ['note Programmed=False NoPods']],
    ['KeepAliveActive=False AppKeyNotListed', ['note KeepAliveActive=False AppKeyNotListed']],
    ['KeepAliveActive=False ServerDisabled', []],
    ['KeepAliveActive=True RefusalOnlyLogged', ['note KeepAliveActive=True RefusalOnlyLogged']],
    ['Complete=False Failed', []],
    ['Failed=True PodsUnreachable', ['problem Failed=True PodsUnreachable']],
    ['Failed=True EmptyFilterRefused', ['note Failed=True EmptyFilterRefused']],
    ['SomethingNew=False Whatever', []],
  ])('judges %s', (text, expected) => {
    expect(told('MediaServer', aServer({ conditions: [text] }))).toEqual(expected);
  });

  it.each(['ConfigApplied=False Pending', 'FleetReady=False Joining', 'Available=False NoReadyPods'])(
    'is patient with %s for a minute',
    (text) => {
      const object = aServer({ conditions: [condition(text, RECENT)] });
      expect(told('MediaServer', object)).toEqual([`note ${text}`]);
      expect(told('MediaServer', object, NOW + 60_000)).toEqual([`problem ${text}`]);
    },
  );

  it('says each fact once, of the object that it is about, with what to do', () => {
    const why = 'RestHook "backnd" does not exist';
    const conditions = [`ResolvedRefs=False RefNotFound: ${why}`, `Programmed=False RefNotFound: ${why}`];
    const server = aServer({
      conditions: [
        `ConfigApplied=True Applied: 1 pod runs this config`,
        `Degraded=True RefNotFound: StreamApp "default" is left out: ${why}`,
      ],
    });
    const objects = [
      { kind: 'MediaServer', object: server },
      { kind: 'StreamApp', object: anApp('default', { conditions }) },
    ];
    expect(findingsOf(objects, NOW)).toEqual([
      {
        severity: 'problem',
        kind: 'StreamApp',
        name: 'default',
        others: [],
        condition: 'ResolvedRefs=False',
        reason: 'RefNotFound',
        message: why,
        advice: {
          fix: 'Create the object that the message names, or correct the name.',
          link:
            'https://github.com/sluice-dev/sluice/blob/main/docs/troubleshooting.md' +
            '#the-app-names-a-resthook-that-does-not-exist',
        },
      },
    ]);
  });

  it('counts the objects that have the same finding', () => {
    const of = (name: string) => anApp(name, { conditions: ['Accepted=False Conflict: taken'] });
    const objects = ['a', 'b', 'c'].map((name) => ({ kind: 'StreamApp', object: of(name) }));
    expect(findingsOf(objects, NOW)).toMatchObject([{ name: 'a', others: ['b', 'c'] }]);
  });

  it('keeps two faults of one reason that have different messages', () => {
    const of = (name: string) => anApp(name, { conditions: [`Accepted=False Conflict: not ${name}`] });
    const objects = ['a', 'b'].map((name) => ({ kind: 'StreamApp', object: of(name) }));
    expect(findingsOf(objects, NOW).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('tells that the operator has not looked', () => {
    expect(told('RestHook', aHook('backend'))).toEqual(['problem Ready=Unknown NotObserved']);
    expect(told('RestHook', aHook('backend'), Date.parse('2026-03-01T10:00:30Z'))).toEqual([
      'note Ready=Unknown NotObserved',
    ]);
    const behind = aHook('backend', { conditions: ['Ready=True Ready'], observedGeneration: 0 });
    expect(told('RestHook', behind)).toEqual(['note Ready=True NotObserved']);
  });
});
