import { beforeEach, describe, expect, it } from 'vitest';
import { rejected, SessionStage } from '../../test/builders/session-stage.ts';

let stage: SessionStage;
beforeEach(() => {
  stage = new SessionStage();
});

/** A client that was ended with a denial. */
async function ban(direction: 'publish' | 'play'): Promise<void> {
  const publication = await stage.live();
  const outcome = direction === 'play' ? await stage.play() : null;
  const stream = outcome?.kind === 'started' ? outcome.stream : publication;
  stage.deny.deny(stream, 60_000);
  if (direction === 'publish') await stage.terminator.end(stream, 'rest');
  stage.told.length = 0;
}

type Direction = 'publish' | 'play';
type Row = [string, Direction, () => unknown, object, object?];

const ROWS: Row[] = [
  [
    'a publication while the pod is draining',
    'publish',
    () => (stage.isDraining = true),
    { status: 503, result: 'draining', retryAfterSeconds: 5 },
  ],
  ...(['publish', 'play'] as const).flatMap((direction): Row[] => [
    [
      'an app that does not exist',
      direction,
      () => undefined,
      { status: 404, result: 'unknown_app', detail: expect.stringContaining('"other"') },
      { appKey: 'other' },
    ],
    [
      'an app whose references do not resolve',
      direction,
      () => (stage.app.unresolved = 'RestHook "x" is missing'),
      {
        status: 503,
        result: 'unavailable',
        detail: expect.stringContaining('RestHook "x" is missing'),
        retryAfterSeconds: 15,
      },
    ],
    ['an offer that is no SDP', direction, () => undefined, { status: 400, result: 'bad_offer' }, { offer: 'x' }],
    ['an empty offer', direction, () => undefined, { status: 400, result: 'bad_offer' }, { offer: '' }],
    [
      'a client that is denied',
      direction,
      () => ban(direction),
      { status: 403, result: 'denied', detail: 'Restricted access' },
    ],
  ]),
  [
    'one publication more than the pod takes',
    'publish',
    async () => {
      stage.limits.publications = 1;
      await stage.live('b');
    },
    { status: 503, result: 'limit', retryAfterSeconds: 15 },
  ],
  [
    'one playback more than the pod takes',
    'play',
    async () => {
      stage.limits.playbacks = 1;
      await stage.live();
      await stage.play();
      stage.told.length = 0;
    },
    { status: 503, result: 'limit', retryAfterSeconds: 15 },
  ],
];

describe('a request', () => {
  it.each(ROWS)(
    'is rejected before the backend is asked: %s (%s)',
    async (_what, direction, prepare, expected, over = {}) => {
      await prepare();
      const before = { ...stage.left(), asked: stage.media.requests.length };
      stage.counted.length = 0;
      const rejection = rejected(await stage[direction](over));
      expect(rejection).toMatchObject(expected);
      expect(stage.counted).toEqual([`${direction} ${rejection.result}`]);
      expect(stage.told).toEqual([]);
      expect({ ...stage.left(), asked: stage.media.requests.length }).toEqual(before);
    },
  );

  it('is not denied in the other direction, to another client, or once the denial expires', async () => {
    await ban('publish');
    expect((await stage.publish({ client: client('192.0.2.9') })).kind).toBe('started');
    stage.media.leg.connect();
    expect((await stage.play()).kind).toBe('started');
    await stage.clock.advance(60_001);
    expect(rejected(await stage.publish())).toMatchObject({ result: 'name_in_use' });
  });

  it('of a known app is unlimited for a limit of 0', async () => {
    for (const name of ['a', 'b', 'c']) await stage.live(name);
    expect(stage.registry.size).toBe(3);
  });
});

const client = (address: string) => ({ address, isShared: false, origin: '', version: '', token: '' });
