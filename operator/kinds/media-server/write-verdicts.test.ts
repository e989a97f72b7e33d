import { describe, expect, it } from 'vitest';
import { type Condition, no, unknown, type Verdict, yes } from '../../status/conditions.ts';
import { eventTypeOf } from './write-verdicts.ts';

const ready = yes('Available', 'PodsReady', '1 of 1 pod ready');
const notReady = no('Available', 'NoReadyPods', 'no pod takes new streams');
const toZero = no('Available', 'ScaledToZero', 'spec.replicas is 0');
const refused = no('ConfigApplied', 'Refused', 'pod live-1 refuses the config');
const well = no('Degraded', 'AsExpected', 'all is well');
const broken = yes('Degraded', 'ImagePullBackOff', 'no such image');

describe('eventTypeOf', () => {
  it.each<[string, Verdict | undefined, Verdict, ReturnType<typeof eventTypeOf>]>([
    ['what was said already', notReady, notReady, null],
    ['pods that are ready again', notReady, ready, 'Normal'],
    ['pods that are ready no more', ready, notReady, 'Warning'],
    ['pods that are not ready yet', undefined, notReady, null],
    ['pods that are not ready yet after there were to be none', toZero, notReady, null],
    ['pods that somebody has taken away', ready, toZero, 'Normal'],
    ['that there are to be no pods from the beginning', undefined, toZero, null],
    ['a fault', well, broken, 'Warning'],
    ['another fault', broken, yes('Degraded', 'OutOfMemory', 'it was killed'), 'Warning'],
    ['a fault from the beginning', undefined, broken, 'Warning'],
    ['a fault that is over', broken, well, 'Normal'],
    ['that all is well from the beginning', undefined, well, null],
    ['a config that a pod refuses', yes('ConfigApplied', 'Applied', '1 pod runs it'), refused, 'Warning'],
    ['a pod that lags behind', refused, no('ConfigApplied', 'Pending', '0 of 1 running pod run it'), null],
    ['that there is nothing to be known', undefined, unknown('ConfigApplied', 'NoPods', 'no pod runs yet'), null],
    ['a rollout', no('Progressing', 'Settled', 'nothing'), yes('Progressing', 'Rollout', '0 of 1 pod'), null],
  ])('%s', (_what, known, verdict, type) => {
    const condition: Condition | undefined = known && { ...known, lastTransitionTime: '2026-01-01T00:00:00Z' };
    expect(eventTypeOf(condition, verdict)).toBe(type);
  });
});
