import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { mediaServerObject } from '../../../test/builders/sluice-objects.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { hostConflict } from './host-conflict.ts';

const server = (name: string, ingress: object | undefined, day: number, namespace = 'media'): KubeObject =>
  mediaServerObject(ingress ? { ingress } : {}, { name, namespace, creationTimestamp: `2026-01-0${day}T00:00:00Z` });

describe('hostConflict', () => {
  let world: OperatorWorld;
  beforeEach(() => {
    world = new OperatorWorld();
  });
  afterEach(() => world.close());

  const between = (one: KubeObject, ...others: readonly KubeObject[]) => {
    for (const each of [one, ...others]) world.have(each);
    return hostConflict(world, one);
  };
  const HOST = { host: 'live.example' };

  it('names the oldest MediaServer that has the host, even in another namespace', () => {
    expect(between(server('a', HOST, 3), server('b', HOST, 2), server('c', HOST, 1, 'other'))).toEqual({
      reason: 'IngressHostTaken',
      message:
        'spec.ingress.host "live.example" is also used by MediaServer "other/c": a request reaches either of them',
    });
  });

  it.each<[string, KubeObject, KubeObject]>([
    ['the other is younger', server('b', HOST, 1), server('a', HOST, 2)],
    ['both are equally old, and this one comes first', server('a', HOST, 1), server('b', HOST, 1)],
    ['the hosts differ', server('a', HOST, 2), server('b', { host: 'other.example' }, 1)],
    ['the classes differ', server('a', HOST, 2), server('b', { ...HOST, className: 'nginx' }, 1)],
    ['there is no host', server('a', {}, 2), server('b', {}, 1)],
    ['there is no Ingress', server('a', undefined, 2), server('b', HOST, 1)],
  ])('finds none if %s', (_what, one, other) => {
    expect(between(one, other)).toBeNull();
  });
});
