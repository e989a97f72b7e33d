import { beforeEach, describe, expect, it } from 'vitest';
import {
  ALLOWED,
  gate,
  NOTHING_LEFT,
  REFUSED,
  rejected,
  SessionStage,
  started,
} from '../../test/builders/session-stage.ts';
import { settle } from '../../test/builders/virtual-clock.ts';
import { MediaUnavailable } from '../media/media.ts';
import type { PipedStream } from '../streams/stream.ts';

let stage: SessionStage;
beforeEach(() => {
  stage = new SessionStage();
});

const renames = (name: string) => (method: string) =>
  method === 'playStream' ? { kind: 'allowed' as const, overwrite: { name } } : ALLOWED;

describe('a playback', () => {
  it('is reported to the backend in order, from connect to DISCONNECTED', async () => {
    const publication = await stage.live();
    const stream = started(await stage.play());
    expect(stage.told.splice(0)).toEqual(['connect', 'ConnectionStatusEvent ESTABLISHED', 'playStream']);
    expect(stream.publication).toBe(publication);
    stage.media.leg.connect();
    expect(stage.told.splice(0)).toEqual(['StreamStatusEvent PLAYING']);
    await stage.terminator.end(stream, 'client');
    expect(stage.told).toEqual([
      'stopStream STOPPED Stopped by user',
      'StreamStatusEvent STOPPED Stopped by user',
      'ConnectionStatusEvent DISCONNECTED Stopped by user',
    ]);
    expect(stage.left()).toEqual({ sessions: 1, streams: 1, open: ['publish'], checked: 1 });
  });

  it('asks media to play its publication', async () => {
    const publication = await stage.live();
    const stream = started(await stage.play());
    expect(stage.media.requests.at(-1)).toMatchObject({ id: stream.id, publication: publication.leg });
  });

  it('ends as FAILED with its publication', async () => {
    const publication = await stage.live();
    started(await stage.play());
    stage.media.leg.connect();
    stage.told.length = 0;
    await stage.terminator.end(publication, 'client');
    expect(stage.told).toContain('StreamStatusEvent FAILED Stopped by publisher stop');
    expect(stage.told.filter((line) => line.startsWith('stopStream'))).toEqual([]);
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });

  it('can start while the pod is draining', async () => {
    await stage.live();
    stage.isDraining = true;
    started(await stage.play());
  });

  it('does not affect its publication if the backend refuses it', async () => {
    await stage.live();
    stage.answer = (method) => (method === 'playStream' ? REFUSED : ALLOWED);
    expect(rejected(await stage.play())).toMatchObject({ status: 403, result: 'refused' });
    expect(stage.counted).toEqual(['play refused']);
    expect(stage.left()).toEqual({ sessions: 1, streams: 1, open: ['publish'], checked: 1 });
  });
});

describe('a playback of a stream that is not live', () => {
  const NOT_LIVE = { status: 409, result: 'not_live', retryAfterSeconds: 2 };

  it.each<[string, () => Promise<unknown>]>([
    ['does not exist', async () => undefined],
    ['has another name', () => stage.live('b')],
    ['is not connected yet', () => stage.publish()],
    [
      'is ending',
      async () => {
        const publication = await stage.live();
        stage.media.whileClosing = () => new Promise(() => undefined);
        void stage.terminator.end(publication, 'rest');
      },
    ],
  ])('is rejected without a call to the backend: the stream %s', async (_what, prepare) => {
    await prepare();
    stage.told.length = 0;
    expect(rejected(await stage.play())).toMatchObject(NOT_LIVE);
    expect(stage.told).toEqual([]);
  });

  it('asks the backend if that may assign another name', async () => {
    stage.hookApp([{ name: 'playStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] }]);
    await stage.live('b');
    stage.answer = renames('b');
    expect(started(await stage.play()).publication?.name).toBe('b');
    stage.answer = renames('nosuch');
    stage.told.length = 0;
    expect(rejected(await stage.play())).toMatchObject(NOT_LIVE);
    expect(stage.told.slice(-2)).toEqual([
      'StreamStatusEvent FAILED Stopped by publisher stop',
      'ConnectionStatusEvent DISCONNECTED Stopped by publisher stop',
    ]);
  });

  it.each([
    ['the policy is a different one', { name: 'playStream', restPolicy: 'NOTIFY', restOverwrite: ['name'] }],
    ['the name is not overwritten', { name: 'playStream', restPolicy: 'OVERWRITE', restOverwrite: ['custom'] }],
    ['the method is a different one', { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] }],
  ] as const)('does not ask the backend if %s', async (_what, method) => {
    stage.hookApp([{ ...method, restOverwrite: [...method.restOverwrite] }]);
    expect(rejected(await stage.play())).toMatchObject(NOT_LIVE);
    expect(stage.told).toEqual([]);
  });
});

describe('a playback of a stream that is captured on demand', () => {
  it('waits for the capture, after the backend has allowed it', async () => {
    const live = gate();
    stage.onDemand.set('a', async () => {
      expect(stage.told.at(-1)).toBe('playStream');
      await live.passed;
      return null;
    });
    const playing = stage.play();
    await settle();
    const publication = started(await stage.publish());
    stage.media.leg.connect();
    live.open();
    expect(started(await playing).publication).toBe(publication);
  });

  it('does not start it if the stream is live', async () => {
    await stage.live();
    stage.onDemand.set('a', () => Promise.reject(new Error('it was started')));
    started(await stage.play());
  });

  it('does not start it if the backend refuses', async () => {
    stage.onDemand.set('a', () => Promise.reject(new Error('it was started')));
    stage.answer = (method) => (method === 'playStream' ? REFUSED : ALLOWED);
    expect(rejected(await stage.play())).toMatchObject({ status: 403, result: 'refused' });
  });

  it('is told why it does not start, and when to try again', async () => {
    stage.onDemand.set('a', async () => ({ detail: 'no route', retryAfterMs: 59_001 }));
    expect(rejected(await stage.play())).toEqual({
      status: 409,
      result: 'not_live',
      detail: 'publication "a" is not live in app "defaultApp": no route',
      retryAfterSeconds: 60,
    });
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('ends if its client leaves while it waits', async () => {
    const live = gate();
    stage.onDemand.set('a', async () => {
      await live.passed;
      return null;
    });
    const gone = new AbortController();
    const playing = stage.play({ signal: gone.signal });
    await settle();
    gone.abort();
    await settle();
    live.open();
    expect(rejected(await playing)).toMatchObject({ result: 'terminated' });
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });
});

describe('a playback that asks for the URL of a camera', () => {
  const CAMERA = 'rtsp://192.0.2.7/main';

  it('plays its capture, under the name of that', async () => {
    const publication = await stage.live('gate');
    stage.cameras.set(CAMERA, 'gate');
    const stream = started(await stage.play({ name: CAMERA }));
    expect([stream.publication, stream.name, stage.bodies.get('playStream')?.['name']]).toEqual([
      publication,
      'gate',
      'gate',
    ]);
  });

  it('starts its capture', async () => {
    stage.cameras.set(CAMERA, 'gate');
    stage.onDemand.set('gate', async () => ({ detail: 'no route', retryAfterMs: 1 }));
    expect(rejected(await stage.play({ name: CAMERA })).detail).toContain('"gate" is not live');
  });

  it('is not given what somebody publishes under this name', async () => {
    await stage.live(CAMERA);
    expect(rejected(await stage.play({ name: CAMERA }))).toMatchObject({ status: 409, result: 'not_live' });
    expect(stage.told).toEqual([]);
  });

  it('or whose backend does, for its viewer', async () => {
    stage.hookApp([{ name: 'playStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] }]);
    const publication = await stage.live('gate');
    stage.cameras.set(CAMERA, 'gate');
    stage.answer = renames(CAMERA);
    expect(started(await stage.play()).publication).toBe(publication);
    stage.answer = renames('rtsp://192.0.2.8/');
    expect(rejected(await stage.play())).toMatchObject({ status: 409, result: 'not_live' });
  });
});

describe('a playback of a publication on another pod', () => {
  const elsewhere = (live = true): PipedStream => ({
    name: 'a',
    live,
    leg: { kind: 'piped', layers: () => [], packets: async () => 1, onLost: () => undefined },
  });

  it('is bound to what a pipe brings, and ends with it', async () => {
    const publication = elsewhere();
    stage.playedElsewhere.set('a', publication);
    const stream = started(await stage.play());
    expect(stream.publication).toBe(publication);
    expect(stage.media.requests.at(-1)).toMatchObject({ id: stream.id, publication: publication.leg });
    await stage.terminator.endPlaybacks(publication, stage.clock.monotonic());
    expect([stream.cause, stage.left()]).toEqual(['publisher_gone', { sessions: 0, streams: 0, open: [], checked: 0 }]);
  });

  it('is rejected if the publication has ended while it was fetched', async () => {
    stage.playedElsewhere.set('a', elsewhere(false));
    expect(rejected(await stage.play())).toMatchObject({ status: 409, result: 'not_live' });
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });

  it('is not bound if its client leaves while the publication is fetched', async () => {
    const publication = elsewhere();
    const fetching = gate();
    stage.deps.elsewhere.isLive = () => true;
    stage.deps.elsewhere.fetch = async () => {
      await fetching.passed;
      return publication;
    };
    const gone = new AbortController();
    const playing = stage.play({ signal: gone.signal });
    await settle();
    gone.abort();
    await settle();
    fetching.open();
    expect(rejected(await playing)).toMatchObject({ status: 403, result: 'terminated' });
    expect(stage.registry.playbacksOf(publication).size).toBe(0);
    expect(stage.media.requests).toEqual([]);
  });

  it('is rejected with 503 if there is no way to the other pod', async () => {
    stage.playedElsewhere.set('a', elsewhere());
    stage.deps.elsewhere.fetch = () => Promise.reject(new MediaUnavailable('no way'));
    expect(rejected(await stage.play())).toMatchObject({ status: 503, detail: 'no way', retryAfterSeconds: 2 });
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });

  it('may be one that the backend has renamed', async () => {
    stage.hookApp([{ name: 'playStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] }]);
    stage.playedElsewhere.set('b', { ...elsewhere(), name: 'b' });
    stage.answer = renames('b');
    expect(started(await stage.play()).publication?.name).toBe('b');
  });

  it('counts towards the limit of playbacks', async () => {
    stage.limitApp({ playbacksPerStream: 1 });
    stage.playedElsewhere.set('a', elsewhere());
    started(await stage.play());
    expect(rejected(await stage.play())).toMatchObject({ status: 503, result: 'limit' });
  });
});

describe('a playback whose name the backend overwrites', () => {
  it('is rejected when the client is denied the new name', async () => {
    stage.hookApp([{ name: 'playStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] }]);
    await stage.live('b');
    const banned = started(await stage.play({ name: 'b' }));
    stage.deny.deny(banned, 60_000);
    await stage.terminator.end(banned, 'rest');
    stage.answer = renames('b');
    expect(rejected(await stage.play())).toMatchObject({ status: 403, result: 'denied' });
    expect(stage.left()).toEqual({ sessions: 1, streams: 1, open: ['publish'], checked: 1 });
  });
});

describe('a playback whose publication ends during its start', () => {
  it('during admission is rejected, and media is not asked', async () => {
    const publication = await stage.live();
    stage.answer = async (method) => {
      if (method === 'playStream') await stage.terminator.end(publication, 'client');
      return ALLOWED;
    };
    expect(rejected(await stage.play())).toMatchObject({ status: 409, result: 'not_live' });
    expect(stage.media.requests).toHaveLength(1);
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });

  it.each(['client', 'worker_died'] as const)(
    'while media answers (%s) is rejected and its leg is closed',
    async (cause) => {
      const publication = await stage.live();
      stage.media.beforeAnswer = async () => void (await stage.terminator.end(publication, cause));
      expect(rejected(await stage.play())).toMatchObject({ status: 409, result: 'not_live' });
      expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
    },
  );

  it('while media answers and then fails, is rejected without an error in the log', async () => {
    const publication = await stage.live();
    stage.media.beforeAnswer = async () => {
      await stage.terminator.end(publication, 'client');
      throw new Error('the router is closed');
    };
    expect(rejected(await stage.play())).toMatchObject({ status: 409, result: 'not_live' });
    expect(stage.lines).toEqual([]);
  });

  it('with its worker ends with worker_died on the same worker, otherwise with publisher_gone', async () => {
    const publication = await stage.live();
    const publisherLeg = stage.media.leg;
    const same = started(await stage.play());
    const sameLeg = stage.media.leg;
    const other = started(await stage.play());
    sameLeg.fail('worker_died');
    publisherLeg.fail('worker_died');
    await settle();
    expect([publication, same, other].map(({ cause }) => cause)).toEqual([
      'worker_died',
      'worker_died',
      'publisher_gone',
    ]);
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });
});

describe('limits of playbacks', () => {
  it('of one publication count only its own playbacks', async () => {
    stage.limitApp({ playbacksPerStream: 1 });
    await stage.live('a');
    await stage.live('b');
    started(await stage.play({ name: 'a' }));
    started(await stage.play({ name: 'b' }));
    expect(rejected(await stage.play({ name: 'a' }))).toMatchObject({
      status: 503,
      result: 'limit',
      detail: 'publication "a" has reached its limit of 1 playback',
    });
    expect(stage.media.open()).toEqual(['publish', 'publish', 'play', 'play']);
  });

  it('hold for playbacks that start at the same time', async () => {
    stage.limitApp({ playbacksPerStream: 1 });
    await stage.live();
    const answering = gate();
    stage.media.beforeAnswer = () => answering.passed;
    const both = [stage.play(), stage.play()];
    await settle();
    answering.open();
    const outcomes = await Promise.all(both);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['rejected', 'started']);
  });
});
