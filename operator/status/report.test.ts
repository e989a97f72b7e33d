import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorWorld } from '../../test/builders/operator-world.ts';
import { mediaServerObject } from '../../test/builders/sluice-objects.ts';
import { type Condition, no, unknown, type Verdict, yes } from '../kube/conditions.ts';
import { eventTypeOf, report } from './report.ts';

const ready = yes('Available', 'PodsReady', '1 of 1 pod ready');
const notReady = no('Available', 'NoReadyPods', 'no pod takes new streams');
const toZero = no('Available', 'ScaledToZero', 'spec.replicas is 0');
const refused = no('ConfigApplied', 'Refused', 'pod live-1 refuses the config');
const well = no('Degraded', 'AsExpected', 'all is well');
const broken = yes('Degraded', 'ImagePullBackOff', 'no such image');

describe('eventTypeOf', () => {
  it.each<[string, Verdict | undefined, Verdict, ReturnType<typeof eventTypeOf>]>([
    ['an unchanged state', notReady, notReady, null],
    ['pods that are ready again', notReady, ready, 'Normal'],
    ['pods that are no longer ready', ready, notReady, 'Warning'],
    ['pods that are not ready yet', undefined, notReady, null],
    ['pods that are not ready yet after a scale from zero', toZero, notReady, null],
    ['a scale to zero', ready, toZero, 'Normal'],
    ['no replicas from the beginning', undefined, toZero, null],
    ['a fault', well, broken, 'Warning'],
    ['another fault', broken, yes('Degraded', 'OutOfMemory', 'it was killed'), 'Warning'],
    ['a fault from the beginning', undefined, broken, 'Warning'],
    ['a fault that is over', broken, well, 'Normal'],
    ['no fault from the beginning', undefined, well, null],
    ['a refusal that becomes unknown', refused, unknown('ConfigApplied', 'NoPods', ''), null],
    ['a requested deletion', ready, no('Available', 'Deleted', 'streams end'), 'Normal'],
    ['a config that a pod refuses', yes('ConfigApplied', 'Applied', '1 pod runs this app'), refused, 'Warning'],
    ['a pod that lags behind', refused, no('ConfigApplied', 'Pending', '0 of 1 running pod run it'), null],
    ['an unknown state from the beginning', undefined, unknown('ConfigApplied', 'NoPods', 'no pod runs yet'), null],
    ['a rollout', no('Progressing', 'Settled', 'nothing'), yes('Progressing', 'Rollout', '0 of 1 pod'), null],
  ])('%s', (_what, known, verdict, type) => {
    const condition: Condition | undefined = known && { ...known, lastTransitionTime: '2026-01-01T00:00:00Z' };
    expect(eventTypeOf(condition, verdict)).toBe(type);
  });

  it('refuses a condition type without a known polarity', () => {
    expect(() => eventTypeOf(undefined, yes('Sunny', 'Always', ''))).toThrow('Sunny');
  });
});

describe('report', () => {
  let world: OperatorWorld;

  beforeEach(() => {
    world = new OperatorWorld();
    world.have(mediaServerObject());
  });
  afterEach(() => world.close());

  const object = () => world.stores.mediaServers.get('media/live') ?? expect.unreachable();
  const events = () => world.settleWrites().filter((line) => line.includes('events')).length;

  it('reports each transition, however soon it repeats', async () => {
    for (const verdict of [broken, well, broken, well]) {
      await world.clock.advance(1_000);
      await report(world, object(), [verdict]);
      expect(events()).toBe(1);
    }
  });

  it('reports a transition once while the watch is behind', async () => {
    const before = object();
    await report(world, before, [broken]);
    await report(world, before, [broken]);
    expect(events()).toBe(1);
  });

  it('asks to be called again after a write, and does not write an unchanged status', async () => {
    expect(await report(world, object(), [well], { replicas: 1 })).toEqual({ requeueAfterMs: 10_000 });
    world.settleWrites();
    expect(await report(world, object(), [well], { replicas: 1 })).toEqual({});
    expect(world.settleWrites()).toEqual([]);
  });
});
