import { beforeEach, describe, expect, it } from 'vitest';
import { HOOK_METHODS } from '../../crds/schema/hook-methods.ts';
import { systemClock } from '../../process/clock.ts';
import { HookStage } from '../../test/builders/hook-stage.ts';
import {
  ALLOWED,
  gate,
  NOTHING_LEFT,
  opened,
  REFUSED,
  rejected,
  SessionStage,
  started,
  UNAVAILABLE,
} from '../../test/builders/session-stage.ts';
import { fakeApp } from '../../test/builders/streams.ts';
import { settle } from '../../test/builders/virtual-clock.ts';

let stage: SessionStage;
beforeEach(() => {
  stage = new SessionStage();
});

describe('a session', () => {
  it('has streams that come and go between one connect and one DISCONNECTED', async () => {
    const session = opened(await stage.open());
    expect(stage.told.splice(0)).toEqual(['connect', 'ConnectionStatusEvent ESTABLISHED']);
    expect([session.status, stage.left()]).toEqual(['ESTABLISHED', { ...NOTHING_LEFT, sessions: 1 }]);

    const publication = started(await stage.publishIn(session));
    stage.media.leg.connect();
    const playback = started(await stage.playIn(session));
    stage.media.leg.connect();
    expect(stage.told.splice(0)).toEqual([
      'publishStream',
      'StreamStatusEvent PUBLISHING',
      'playStream',
      'StreamStatusEvent PLAYING',
    ]);
    await stage.terminator.end(playback, 'client');
    await stage.terminator.end(publication, 'client');
    expect(stage.told.splice(0)).toEqual([
      'stopStream STOPPED Stopped by user',
      'StreamStatusEvent STOPPED Stopped by user',
      'unPublishStream UNPUBLISHED Stopped by user',
      'StreamStatusEvent UNPUBLISHED Stopped by user',
    ]);
    expect([session.cause, stage.left()]).toEqual([null, { ...NOTHING_LEFT, sessions: 1 }]);

    started(await stage.publishIn(session));
    stage.media.leg.connect();
    stage.told.length = 0;
    await stage.terminator.endSession(session, 'disconnect');
    expect(stage.told).toEqual([
      'StreamStatusEvent UNPUBLISHED Stopped by session disconnect',
      'ConnectionStatusEvent DISCONNECTED Stopped by session disconnect',
    ]);
    expect([session.status, stage.left()]).toEqual(['DISCONNECTED', NOTHING_LEFT]);
  });

  it('gives its custom to connect, and a stream its own to publishStream', async () => {
    const session = opened(await stage.open({ custom: { user: 'u' } }));
    started(await stage.publishIn(session, { custom: { room: 7 } }));
    expect(stage.bodies.get('connect')).toMatchObject({ custom: { user: 'u' }, sessionId: session.id });
    expect(stage.bodies.get('publishStream')).toMatchObject({ custom: { room: 7 }, sessionId: session.id });
    await stage.terminator.endSession(session, 'rest');
    expect(stage.bodies.get('ConnectionStatusEvent')).toMatchObject({ custom: { user: 'u' } });
  });

  it('goes on if one of its streams is rejected', async () => {
    const session = opened(await stage.open());
    stage.answer = () => REFUSED;
    expect(rejected(await stage.publishIn(session))).toMatchObject({ status: 403, result: 'refused' });
    stage.answer = () => ALLOWED;
    started(await stage.publishIn(session));
    expect(stage.told).not.toContain('ConnectionStatusEvent DISCONNECTED Restricted access');
  });

  it.each<[string, () => unknown, object]>([
    ['its app is deleted', () => (stage.app = fakeApp('other')), { status: 404, result: 'unknown_app' }],
    ['another app has its key', () => (stage.app = fakeApp()), { status: 404, result: 'unknown_app' }],
    [
      'its app is no longer ready',
      () => (stage.app.unresolved = 'RestHook "x" is missing'),
      { status: 503, result: 'unavailable' },
    ],
  ])('takes no new streams once %s, keeps those that it has, and recovers', async (_what, change, expected) => {
    await stage.live();
    const session = opened(await stage.open());
    const stream = started(await stage.publishIn(session, { name: 'b' }));
    const { app } = stage;
    stage.told.length = 0;
    change();
    for (const outcome of [await stage.publishIn(session, { name: 'c' }), await stage.playIn(session)]) {
      expect(rejected(outcome)).toMatchObject(expected);
    }
    expect([stage.told, stream.cause, session.cause]).toEqual([[], null, null]);
    stage.app = Object.assign(app, { unresolved: null });
    started(await stage.publishIn(session, { name: 'c' }));
    started(await stage.playIn(session));
  });

  it('may play but not publish while the pod is draining', async () => {
    await stage.live();
    const session = opened(await stage.open());
    stage.isDraining = true;
    expect(rejected(await stage.publishIn(session, { name: 'b' }))).toMatchObject({ result: 'draining' });
    started(await stage.playIn(session));
  });

  it('has sequence numbers without gaps, through all of its streams', async () => {
    const hooks = await HookStage.start();
    const hook = hooks.hookOf({ methods: HOOK_METHODS.map((name) => ({ name })) });
    stage = new SessionStage((_app, streams) => hooks.session(hook, streams));
    const session = opened(await stage.open());
    for (const name of ['a', 'b']) started(await stage.publishIn(session, { name }));
    for (const leg of stage.media.legs) leg.connect();
    await stage.terminator.endSession(session, 'disconnect');
    await hooks.queues.flush(systemClock, 2_000);
    const calls = hooks.backend.calls.map(({ headers, method }) => [Number(headers['x-sluice-sequence']), method]);
    expect(calls.sort(([one], [other]) => Number(one) - Number(other))).toEqual([
      [1, 'connect'],
      [2, 'ConnectionStatusEvent'],
      [3, 'publishStream'],
      [4, 'publishStream'],
      [5, 'StreamStatusEvent'],
      [6, 'StreamStatusEvent'],
      [7, 'StreamStatusEvent'],
      [8, 'StreamStatusEvent'],
      [9, 'ConnectionStatusEvent'],
    ]);
    await hooks.close();
  });
});

describe('a session that does not open', () => {
  it.each([
    ['refuses', REFUSED, 403, 'refused'],
    ['cannot be asked', UNAVAILABLE, 503, 'unavailable'],
  ] as const)(
    'since its backend %s leaves nothing, and the backend hears no more',
    async (_, answer, status, result) => {
      stage.answer = () => answer;
      expect(rejected(await stage.open())).toMatchObject({ status, result });
      expect(stage.told).toEqual(['connect']);
      expect(stage.left()).toEqual(NOTHING_LEFT);
    },
  );

  it.each<[string, () => unknown, object]>([
    ['this pod is joining', () => (stage.isJoining = true), { status: 503, result: 'joining' }],
    ['its app does not exist', () => (stage.app = fakeApp('other')), { status: 404, result: 'unknown_app' }],
    [
      'its app is not ready',
      () => (stage.app.unresolved = 'RestHook "x" is missing'),
      { status: 503, result: 'unavailable' },
    ],
  ])('since %s is rejected before the backend is asked', async (_what, prepare, expected) => {
    prepare();
    expect(rejected(await stage.open())).toMatchObject(expected);
    expect([stage.told, stage.left()]).toEqual([[], NOTHING_LEFT]);
  });

  it('since it ends while the backend is asked is told to the backend', async () => {
    const asked = gate();
    stage.answer = async () => {
      await asked.passed;
      return ALLOWED;
    };
    const opening = stage.open();
    const [session] = stage.sessions.all();
    if (!session) throw new Error('no session');
    await stage.terminator.endSession(session, 'disconnect');
    asked.open();
    expect(rejected(await opening)).toMatchObject({ status: 403, result: 'terminated' });
    expect(stage.told).toEqual(['connect', 'ConnectionStatusEvent DISCONNECTED Stopped by session disconnect']);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });
});

describe('a session whose client goes away', () => {
  it.each(['while the backend is asked', 'later'])('%s ends with its streams', async (when) => {
    const client = new AbortController();
    if (when !== 'later')
      stage.answer = () => {
        client.abort();
        return ALLOWED;
      };
    const outcome = await stage.open({ signal: client.signal });
    if (outcome.kind === 'opened') started(await stage.publishIn(outcome.session));
    client.abort();
    await settle();
    expect(outcome.kind).toBe(when === 'later' ? 'opened' : 'rejected');
    expect(stage.told.at(-1)).toBe('ConnectionStatusEvent DISCONNECTED Stopped by session disconnect');
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });
});

describe('a session that ends', () => {
  it('takes no new streams, and asks the backend nothing', async () => {
    const session = opened(await stage.open());
    await stage.terminator.endSession(session, 'rest');
    stage.told.length = 0;
    for (const outcome of [await stage.publishIn(session), await stage.playIn(session)]) {
      expect(rejected(outcome)).toMatchObject({ status: 403, result: 'terminated' });
    }
    expect([stage.told, stage.left()]).toEqual([[], NOTHING_LEFT]);
  });

  it('ends a stream that is just starting', async () => {
    const session = opened(await stage.open());
    const answering = gate();
    stage.media.beforeAnswer = () => answering.passed;
    const starting = stage.publishIn(session);
    await settle();
    await stage.terminator.endSession(session, 'disconnect');
    answering.open();
    expect(rejected(await starting)).toMatchObject({ result: 'terminated' });
    expect(stage.told.slice(-2)).toEqual([
      'StreamStatusEvent UNPUBLISHED Stopped by session disconnect',
      'ConnectionStatusEvent DISCONNECTED Stopped by session disconnect',
    ]);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('waits for a stream that is already ending, and is told after it', async () => {
    const session = opened(await stage.open());
    const stream = started(await stage.publishIn(session));
    const closing = gate();
    stage.media.whileClosing = () => closing.passed;
    const ending = stage.terminator.end(stream, 'keepalive');
    const both = [stage.terminator.endSession(session, 'disconnect'), stage.terminator.endSession(session, 'rest')];
    await settle();
    expect([session.status, stage.sessions.size]).toEqual(['ESTABLISHED', 1]);
    closing.open();
    expect(await Promise.all([ending, ...both])).toEqual([true, { ended: 0, failed: 0, untold: [] }, null]);
    expect(stage.told.slice(-2)).toEqual([
      'StreamStatusEvent FAILED Terminated by keep-alive',
      'ConnectionStatusEvent DISCONNECTED Stopped by session disconnect',
    ]);
  });

  it('ends its playbacks for the same cause as their publication', async () => {
    const session = opened(await stage.open());
    const publication = started(await stage.publishIn(session));
    stage.media.leg.connect();
    const playback = started(await stage.playIn(session));
    await stage.terminator.endSession(session, 'rest');
    expect([publication.cause, playback.cause]).toEqual(['rest', 'rest']);
  });
});

describe('the id of a stream', () => {
  it('may be given by the client, and is free again after its end', async () => {
    const session = opened(await stage.open());
    const stream = started(await stage.publishIn(session, { id: 'mine' }));
    expect(stage.bodies.get('publishStream')).toMatchObject({ mediaSessionId: 'mine' });
    await stage.terminator.end(stream, 'client');
    started(await stage.publishIn(session, { id: 'mine' }));
  });

  it('is refused if another stream has it, which goes on', async () => {
    const other = started(await stage.publishIn(opened(await stage.open()), { id: 'mine' }));
    const session = opened(await stage.open());
    const outcome = await stage.publishIn(session, { id: 'mine', name: 'b' });
    expect(rejected(outcome)).toMatchObject({ status: 409, result: 'id_in_use' });
    expect(stage.registry.get('mine')).toBe(other);
  });
});
