import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR, OperatorWorld } from '../../test/builders/operator-world.ts';
import { mediaServerObject } from '../../test/builders/sluice-objects.ts';
import { ApiError } from '../kube/api-error.ts';
import type { KubeObject } from '../kube/objects.ts';
import { ANSWER_MS, CLAIM_EVERY_MS, hasChangedHands, nextStep, type Owned, type Step } from './ownership.ts';

const OTHER = 'elsewhere/sluice-operator';
const STATUS = '/apis/sluice.dev/v1alpha1/namespaces/media/mediaservers/live/status';
const EVENTS = '/apis/events.k8s.io/v1/namespaces/media/events';

describe('nextStep', () => {
  it.each<[string, object, number | null, Step]>([
    ['has no operator', {}, null, { do: 'adopt' }],
    ['is its own', { name: 'a' }, null, { do: 'go on' }],
    ['is its own and claimed', { name: 'a', claimedBy: 'b' }, null, { do: 'answer' }],
    ['belongs to another operator', { name: 'b' }, null, { do: 'claim' }],
    [
      'belongs to another operator, with a claim from before a restart',
      { name: 'b', claimedBy: 'a' },
      null,
      { do: 'claim' },
    ],
    ['belongs to another operator, with the claim of a third', { name: 'b', claimedBy: 'c' }, null, { do: 'claim' }],
    ['has just been claimed', { name: 'b', claimedBy: 'a' }, 1_000, { do: 'wait', ms: ANSWER_MS - 1_000 }],
    ['has just been claimed by a third operator', { name: 'b', claimedBy: 'c' }, 0, { do: 'wait', ms: CLAIM_EVERY_MS }],
    ['has an operator that does not answer', { name: 'b', claimedBy: 'a' }, ANSWER_MS, { do: 'take over' }],
    ['has an operator that has answered', { name: 'b' }, ANSWER_MS, { do: 'wait', ms: CLAIM_EVERY_MS - ANSWER_MS }],
    ['has an operator that answered long ago', { name: 'b' }, CLAIM_EVERY_MS, { do: 'claim' }],
  ])('is chosen for a MediaServer that %s', (_what, recorded, claimedAgoMs, step) => {
    expect(nextStep(recorded, 'a', claimedAgoMs)).toEqual(step);
  });
});

describe('Ownership', () => {
  let world: OperatorWorld;

  beforeEach(() => {
    world = new OperatorWorld();
  });
  afterEach(() => world.close());

  const live = (): KubeObject => world.stores.mediaServers.get('media/live') ?? mediaServerObject();
  const settle = (): Promise<Owned> => world.ownership.settle(live());
  const seenAs = (operator: object): void => void world.haveAsIs({ ...mediaServerObject(), status: { operator } });
  const recorded = (): unknown => world.statusOf(world.stores.mediaServers)['operator'];

  it('writes nothing for a MediaServer of its own', async () => {
    world.have(mediaServerObject());
    expect(await settle()).toEqual({ kind: 'mine', object: live() });
    expect(world.client.takeWrites()).toEqual([]);
  });

  it('adopts a MediaServer without an operator, at the resource version it has seen', async () => {
    const { metadata } = world.haveAsIs(mediaServerObject());
    expect(await settle()).toMatchObject({ kind: 'mine', object: { metadata: { name: 'live' } } });
    expect(world.client.accepted).toMatchObject([
      { body: { metadata: { resourceVersion: metadata.resourceVersion }, status: { operator: { name: OPERATOR } } } },
    ]);
  });

  it('fails to adopt a MediaServer that has changed meanwhile', async () => {
    world.haveAsIs(mediaServerObject());
    world.client.refuse(STATUS, new ApiError('it has changed', { status: 409 }), 'PATCH');
    await expect(settle()).rejects.toThrow('it has changed');
  });

  it('claims a MediaServer of another operator, reports it, and leaves it alone if that one answers', async () => {
    seenAs({ name: OTHER });
    expect(await settle()).toEqual({ kind: 'foreign', lookAgainMs: ANSWER_MS });
    expect(world.settleWrites()).toEqual([`PATCH ${STATUS}`, `POST ${EVENTS}`]);
    expect(recorded()).toMatchObject({ claimedBy: OPERATOR });
    expect(world.logged.lines()).toMatchObject([{ level: 'warn', object: 'media/live', owner: OTHER }]);
    seenAs({ name: OTHER });
    for (let at = 0; at < CLAIM_EVERY_MS; at += ANSWER_MS) {
      expect(await settle()).toEqual({ kind: 'foreign', lookAgainMs: CLAIM_EVERY_MS - at });
      await world.clock.advance(ANSWER_MS);
    }
    expect(world.client.takeWrites()).toEqual([]);
  });

  it('takes over from an operator that does not answer', async () => {
    seenAs({ name: OTHER });
    await settle();
    seenAs({ name: OTHER, claimedBy: OPERATOR });
    await world.clock.advance(ANSWER_MS);
    world.client.takeWrites();
    expect(await settle()).toMatchObject({ kind: 'mine' });
    expect(world.client.accepted).toMatchObject([
      { body: { status: { operator: { name: OPERATOR, claimedBy: null } } } },
    ]);
  });

  it('removes the claim of another operator', async () => {
    seenAs({ name: OPERATOR, claimedBy: OTHER });
    expect(await settle()).toMatchObject({ kind: 'mine' });
    expect(world.client.accepted).toMatchObject([{ body: { status: { operator: { claimedBy: null } } } }]);
  });
});

describe('hasChangedHands', () => {
  const of = (operator?: object): KubeObject => ({ ...mediaServerObject(), status: { operator, publications: 1 } });
  it.each<[string, KubeObject, KubeObject, boolean]>([
    ['no change', of(), of(), false],
    ['an adoption', of(), of({ name: 'a' }), true],
    ['a claim', of({ name: 'a' }), of({ name: 'a', claimedBy: 'b' }), true],
    ['the answer to a claim', of({ name: 'a', claimedBy: 'b' }), of({ name: 'a' }), true],
    [
      'a changed count',
      of({ name: 'a' }),
      { ...of({ name: 'a' }), status: { operator: { name: 'a' }, publications: 2 } },
      false,
    ],
  ])('is decided for %s', (_what, before, after, expected) => {
    expect(hasChangedHands({ before, after })).toBe(expected);
  });
});
