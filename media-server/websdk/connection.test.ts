import { describe, expect, it } from 'vitest';
import { gate, NOTHING_LEFT, REFUSED, UNAVAILABLE } from '../../test/builders/session-stage.ts';
import { settle, WebSdkStage, wanted } from '../../test/builders/websdk-stage.ts';

describe('a socket', () => {
  it('becomes a session that the backend knows', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected({ custom: { token: 's3cret', room: '7' }, sipPassword: 'x' });
    const [session] = stage.sessions.all();
    expect(page.got).toEqual([
      [
        'getUserData',
        {
          appKey: 'defaultApp',
          custom: { room: '7' },
          status: 'ESTABLISHED',
          sessionId: session?.id,
          authToken: session?.id,
        },
      ],
    ]);
    expect(stage.told).toEqual(['connect', 'ConnectionStatusEvent ESTABLISHED']);
    expect(stage.bodies.get('connect')).toMatchObject({
      clientVersion: '2.0',
      origin: 'https://example.com',
      custom: { token: 's3cret', room: '7' },
    });
    expect(session?.client.token).toBe('s3cret');
    page.leaves();
    await settle();
    expect(stage.told.at(-1)).toBe('ConnectionStatusEvent DISCONNECTED Stopped by session disconnect');
    expect({ ...stage.left(), sockets: stage.sockets.size, timers: stage.clock.pending }).toEqual({
      ...NOTHING_LEFT,
      sockets: 0,
      timers: 0,
    });
  });

  it.each([
    ['the backend answers 403', REFUSED, {}, 'Forbidden'],
    ['the backend is down', UNAVAILABLE, {}, 'the backend cannot be asked: it answered 500'],
    ['the app does not exist', null, { appKey: 'other' }, 'app "other" not found'],
    ['the app key is not text', null, { appKey: 7 }, 'appKey: must be a text that is not empty'],
  ])('is told why and closed when %s', async (_what, answer, content, info) => {
    const stage = new WebSdkStage();
    if (answer) stage.answer = () => answer;
    const page = await stage.connected(content);
    expect(page.got).toEqual([['fail', { apiMethod: 'ConnectionStatusEvent', status: 'FAILED', info }]]);
    expect(page.closed).toBe('connect_refused');
    expect(stage.logged.lines()).toMatchObject([
      { msg: 'a session of the Web SDK was refused', reason: info, address: '192.0.2.1' },
    ]);
    expect(stage.messages).toEqual(['connection refused', 'closed connect_refused']);
    expect(stage.told.filter((each) => each !== 'connect')).toEqual([]);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('leaves no session when its page goes away while the backend is asked', async () => {
    const stage = new WebSdkStage();
    const { open, passed } = gate();
    stage.answer = () => passed.then(() => ({ kind: 'allowed', overwrite: {} }));
    const page = await stage.connected();
    page.leaves();
    open();
    await settle();
    expect(stage.told.at(-1)).toBe('ConnectionStatusEvent DISCONNECTED Stopped by session disconnect');
    expect({ ...stage.left(), timers: stage.clock.pending }).toEqual({ ...NOTHING_LEFT, timers: 0 });
  });

  it('may send large frames once it has sent connection', async () => {
    const page = new WebSdkStage().page();
    page.says('ping');
    expect(page.isKnown).toBe(false);
    page.says('connection', {});
    expect(page.isKnown).toBe(true);
  });

  it('is closed when it says nothing for 10 s', async () => {
    const stage = new WebSdkStage();
    const page = stage.page();
    await stage.clock.advance(9_999);
    expect(page.closed).toBeNull();
    await stage.clock.advance(1);
    expect([page.closed, stage.sockets.size]).toEqual(['silent', 0]);
  });

  it.each([
    ['a stream before the connection', ['publishStream']],
    ['an unknown message before the connection', ['x']],
    ['a second connection', ['connection', 'connection']],
    ['a stream while the backend is asked', ['connection', 'playStream']],
  ])('is closed for %s', async (_what, names) => {
    const stage = new WebSdkStage();
    const page = stage.page();
    for (const name of names) page.says(name, {});
    expect(page.closed).toBe('order');
    await settle();
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('is closed for a second connection when it is established', async () => {
    const page = await new WebSdkStage().connected();
    page.says('connection', {});
    expect(page.closed).toBe('order');
  });

  it.each(['', 'x', '{}', '{"message":"ping"}', '[1]'])('is closed for the frame %j', async (text) => {
    const page = await new WebSdkStage().connected();
    page.saysText(text);
    expect(page.closed).toBe('malformed');
  });

  it('is closed for too many messages', async () => {
    const page = await new WebSdkStage().connected();
    for (let sent = 0; sent < 250; sent++) page.says('pong');
    expect(page.closed).toBe('rate');
  });

  it('is closed for too many pings of the protocol', async () => {
    const page = await new WebSdkStage().connected();
    for (let sent = 0; sent < 250; sent++) page.pings();
    expect(page.closed).toBe('rate');
  });

  it('answers pings in every state, and ignores what needs no answer', async () => {
    const stage = new WebSdkStage();
    const page = stage.page();
    for (const name of ['ping', 'pong', 'pushLogs', 'submitBugReport', 'sessionDebug']) page.says(name);
    page.says('connection', {});
    await settle();
    page.says('ping');
    page.says('constructor');
    page.says('x');
    expect(page.got.map(([name]) => name)).toEqual(['pong', 'getUserData', 'pong']);
    expect(stage.messages.slice(-3)).toEqual(['ping accepted', 'unknown ignored', 'unknown ignored']);
    expect(page.closed).toBeNull();
  });

  it('is cut when ten pings are not answered', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.clock.advance(54_999);
    expect([page.of('ping').length, page.closed]).toEqual([10, null]);
    await stage.clock.advance(1);
    expect(page.closed).toBe('no_pong');
    expect({ ...stage.left(), timers: stage.clock.pending }).toEqual({ ...NOTHING_LEFT, timers: 0 });
  });

  it('is closed when its session is ended, after its streams were told', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    const [session] = stage.sessions.all();
    if (session) await stage.terminator.endSession(session, 'disconnect');
    await settle();
    expect(page.got.at(-1)?.[1]).toMatchObject({ status: 'UNPUBLISHED', info: 'Stopped by session disconnect' });
    expect([page.closed, stage.left()]).toEqual(['ended', NOTHING_LEFT]);
  });
});

describe('a drain', () => {
  it('closes sockets without streams at once, and the others after their last stream', async () => {
    const stage = new WebSdkStage();
    const publisher = await stage.connected();
    await stage.publishes(publisher);
    const viewer = await stage.connected();
    await stage.plays(viewer);
    const idle = await stage.connected();
    const silent = stage.page();
    stage.isDraining = true;
    stage.sockets.sendAway(true);
    expect([idle.closed, silent.closed, viewer.closed, publisher.closed]).toEqual([
      'going_away',
      'going_away',
      null,
      null,
    ]);

    publisher.says('publishStream', wanted('publish', { mediaSessionId: 'q', name: 'b' }));
    await settle();
    expect(publisher.got.at(-1)?.[1]).toMatchObject({
      mediaSessionId: 'q',
      status: 'FAILED',
      info: 'this media server is shutting down',
    });
    expect(publisher.closed).toBeNull();
    publisher.says('unPublishStream', { mediaSessionId: 'p' });
    await settle();
    expect([publisher.closed, viewer.closed]).toEqual(['going_away', 'going_away']);
    expect({ ...stage.left(), sockets: stage.sockets.size }).toEqual({ ...NOTHING_LEFT, sockets: 0 });
  });

  it('that is taken back lets the sockets stay that are left', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    const idle = await stage.connected();
    stage.sockets.sendAway(true);
    stage.sockets.sendAway(false);
    page.says('unPublishStream', { mediaSessionId: 'p' });
    await settle();
    expect([idle.closed, page.closed, stage.sockets.size]).toEqual(['going_away', null, 1]);
    stage.sockets.sendAway(true);
    expect(stage.sockets.size).toBe(0);
  });
});

describe('the sockets of a pod that ends', () => {
  it('are closed, and cut if their clients do not answer within 500 ms', async () => {
    const stage = new WebSdkStage();
    const [quick, slow] = [await stage.connected(), stage.page()];
    slow.isSlow = true;
    let isOver = false;
    void stage.sockets.close().then(() => {
      isOver = true;
    });
    await stage.clock.advance(499);
    expect([quick.closed, slow.closed, isOver, stage.sockets.size]).toEqual(['going_away', 'going_away', false, 1]);
    await stage.clock.advance(1);
    expect([isOver, stage.sockets.size, stage.clock.pending]).toEqual([true, 0, 0]);
  });

  it('are waited for no longer than they last', async () => {
    const stage = new WebSdkStage();
    await stage.connected();
    await stage.sockets.close();
    expect([stage.sockets.size, stage.clock.monotonic()]).toEqual([0, 0]);
  });
});
