import { describe, expect, it } from 'vitest';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import type { FakePage } from '../../test/builders/fake-page.ts';
import { gate, REFUSED } from '../../test/builders/session-stage.ts';
import { fakeStream } from '../../test/builders/streams.ts';
import { settle, WebSdkStage, wanted } from '../../test/builders/websdk-stage.ts';

const lastStatus = (page: FakePage): unknown => page.of('notifyStreamStatusEvent').at(-1);
const outcomes = (page: FakePage): unknown[] =>
  page.of('notifyStreamStatusEvent').map((each) => {
    const { info, mediaSessionId, status } = each as { info: string; mediaSessionId: string; status: string };
    return [mediaSessionId, status, info].filter(Boolean).join(' ');
  });

describe('publishStream and playStream', () => {
  it('are answered by an SDP, then by each status', async () => {
    const stage = new WebSdkStage();
    const publisher = await stage.connected();
    await stage.publishes(publisher);
    const viewer = await stage.connected();
    await stage.plays(viewer);
    expect(publisher.got.slice(1)).toEqual([
      ['setRemoteSDP', 'p', 'answer to p', true],
      ['notifyStreamStatusEvent', { mediaSessionId: 'p', name: 'a', published: true, status: 'PUBLISHING', info: '' }],
    ]);
    expect(viewer.got.slice(1)).toEqual([
      ['setRemoteSDP', 'v', 'answer to v', true],
      [
        'notifyStreamStatusEvent',
        {
          ...{ mediaSessionId: 'v', name: 'a', published: false, status: 'PLAYING', info: '' },
          ...{ audioState: { muted: false }, videoState: { muted: false } },
        },
      ],
    ]);
    expect(stage.bodies.get('publishStream')).toMatchObject({ mediaSessionId: 'p', status: 'PENDING' });
  });

  it.each<[EndCause, string[], string[]]>([
    ['keepalive', ['p FAILED Terminated by keep-alive'], ['v FAILED Stopped by publisher stop']],
    ['rest', ['p FAILED Stopped by rest /terminate'], ['v FAILED Stopped by publisher stop']],
    ['client', ['p UNPUBLISHED Stopped by user'], ['v FAILED Stopped by publisher stop']],
    ['ice', ['p FAILED Failed by ICE timeout'], ['v FAILED Stopped by publisher stop']],
  ])('end with %s', async (cause, ofPublisher, ofViewer) => {
    const stage = new WebSdkStage();
    const publisher = await stage.connected();
    await stage.publishes(publisher);
    const viewer = await stage.connected();
    await stage.plays(viewer);
    const stream = stage.registry.get('p');
    if (stream) await stage.terminator.end(stream, cause);
    expect(outcomes(publisher).slice(1)).toEqual(ofPublisher);
    expect(outcomes(viewer).slice(1)).toEqual(ofViewer);
    expect([publisher.closed, viewer.closed]).toEqual([null, null]);
  });

  it.each<['publish' | 'play', EndCause, string]>([
    ['publish', 'disconnect', 'x UNPUBLISHED Stopped by session disconnect'],
    ['play', 'disconnect', 'x STOPPED Stopped by session disconnect'],
    ['publish', 'rest', 'x FAILED Stopped by rest /terminate'],
  ])('are answered as the backend is told, when their session ends while it is asked: %s, %s', async (...row) => {
    const [direction, cause, expected] = row;
    const stage = new WebSdkStage();
    await stage.publishes(await stage.connected());
    const page = await stage.connected();
    const { open, passed } = gate();
    stage.answer = () => passed.then(() => ({ kind: 'allowed', overwrite: {} }));
    page.says(`${direction}Stream`, wanted(direction, { name: direction === 'play' ? 'a' : 'b' }));
    await settle();
    const session = stage.registry.get('x')?.session;
    if (session) void stage.terminator.endSession(session, cause);
    await settle();
    open();
    await settle();
    expect(outcomes(page)).toEqual([expected]);
    expect(stage.told).toContain(`StreamStatusEvent ${expected.slice(2)}`);
    expect(page.closed).toBe('ended');
  });

  it.each<[string, object, string]>([
    ['no publication is live', { name: 'b' }, 'Stream not found'],
    ['the player decodes itself', { mediaProvider: 'MSE' }, 'No common codecs'],
    ['there is no offer', { sdp: undefined }, 'sdp: must be an SDP offer'],
    ['the name has a control character', { name: 'a\n' }, 'name: must not contain control characters'],
    ['custom is too large', { custom: { a: 'x'.repeat(17_000) } }, 'custom: must be at most 16384 bytes of JSON'],
  ])('fail when %s', async (_what, over, info) => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    page.says('playStream', wanted('play', over));
    await settle();
    expect(lastStatus(page)).toMatchObject({ mediaSessionId: 'x', published: false, status: 'FAILED', info });
  });

  it('fail with the reason of the backend and of a taken name', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    page.says('publishStream', wanted('publish', { mediaSessionId: 'q' }));
    await settle();
    stage.answer = () => REFUSED;
    page.says('playStream', wanted('play', { mediaSessionId: 'v' }));
    await settle();
    expect(outcomes(page).slice(1)).toEqual(['q FAILED Stream name is already in use', 'v FAILED Restricted access']);
  });

  it('are limited for each socket', async () => {
    const stage = new WebSdkStage();
    stage.socketLimits.streamsPerConnection = 1;
    const page = await stage.connected();
    await stage.publishes(page);
    page.says('playStream', wanted('play', { mediaSessionId: 'v' }));
    expect(lastStatus(page)).toMatchObject({
      status: 'FAILED',
      info: 'the connection has reached its limit of 1 stream',
    });
    page.says('unPublishStream', { mediaSessionId: 'p' });
    await settle();
    await stage.publishes(page, 'q');
    expect(outcomes(page).at(-1)).toBe('q PUBLISHING');
  });

  it.each([undefined, '', 'a b', 'x'.repeat(129), 7])(
    'are answered by a WARN for the id %j',
    async (mediaSessionId) => {
      const page = await new WebSdkStage().connected();
      page.says('publishStream', wanted('publish', { mediaSessionId }));
      expect(page.got.at(-1)).toEqual([
        'fail',
        {
          apiMethod: 'publishStream',
          status: 'FAILED',
          info: 'mediaSessionId: must be 1 to 128 printable ASCII characters without a space',
        },
      ]);
    },
  );

  it('do not touch the stream that has the id', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    page.says('publishStream', wanted('publish', { mediaSessionId: 'p', name: 'b' }));
    await settle();
    expect(page.of('fail')).toEqual([
      { apiMethod: 'publishStream', status: 'FAILED', info: 'mediaSessionId: stream "p" already exists' },
    ]);
    const other = await stage.connected();
    other.says('publishStream', wanted('publish', { mediaSessionId: 'p', name: 'b' }));
    await settle();
    expect(outcomes(other)).toEqual(['p FAILED Stream id is already in use']);
    expect([outcomes(page), stage.registry.size]).toEqual([['p PUBLISHING'], 1]);
  });

  it.each<[string, string, (stage: WebSdkStage) => unknown]>([
    ['is in use on another pod', 'x', (stage) => stage.idsElsewhere.add('x')],
    ['has the form of ids that a server makes', '0190b8a4-1111-8222-9333-444455556666', () => undefined],
  ])('fail for an id that %s, without a call to the backend', async (_what, mediaSessionId, prepare) => {
    const stage = new WebSdkStage();
    prepare(stage);
    const page = await stage.connected();
    await stage.publishes(await stage.connected());
    stage.told.length = 0;
    for (const [message, name] of [
      ['publish', 'b'],
      ['play', 'a'],
    ] as const) {
      page.says(`${message}Stream`, wanted(message, { mediaSessionId, name }));
      await settle();
    }
    const told = `${mediaSessionId} FAILED Stream id is already in use`;
    expect([outcomes(page), stage.told, stage.registry.size]).toEqual([[told, told], [], 1]);
  });

  it('say what they ignore', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    page.says('publishStream', wanted('publish', { record: true, rtmpUrl: 'rtmp://x' }));
    await settle();
    expect(page.of('fail')).toMatchObject([
      { info: 'record: not supported, and ignored' },
      { info: 'rtmpUrl: not supported, and ignored' },
    ]);
    expect(page.of('setRemoteSDP')).toEqual(['x']);
  });
});

describe('unPublishStream and stopStream', () => {
  it('end a stream of the page', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    await stage.plays(page);
    page.says('stopStream', { mediaSessionId: 'v' });
    page.says('unPublishStream', { mediaSessionId: 'p' });
    await settle();
    expect(outcomes(page).slice(2)).toEqual(['v STOPPED Stopped by user', 'p UNPUBLISHED Stopped by user']);
    expect(stage.told).toEqual(expect.arrayContaining(['stopStream STOPPED Stopped by user']));
  });

  it('may arrive after the peer connection has closed: that is the stop of the page', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    stage.media.leg.fail('disconnect');
    await settle();
    page.says('unPublishStream', { mediaSessionId: 'p' });
    await settle();
    expect(page.got.slice(3)).toMatchObject([
      ['notifyStreamStatusEvent', { status: 'UNPUBLISHED', info: 'Stopped by user' }],
    ]);
    expect(stage.told).toContain('unPublishStream UNPUBLISHED Stopped by user');
    expect(stage.messages.at(-1)).toBe('unPublishStream ignored');
  });

  it('stop a stream whose backend is still asked', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    const { open, passed } = gate();
    stage.answer = () => passed.then(() => ({ kind: 'allowed', overwrite: {} }));
    page.says('publishStream', wanted('publish'));
    await settle();
    page.says('unPublishStream', { mediaSessionId: 'x' });
    open();
    await settle();
    expect(outcomes(page)).toEqual(['x UNPUBLISHED Stopped by user']);
    expect(stage.left()).toMatchObject({ streams: 0, open: [] });
  });

  it('have one final status, also if the stream cannot be closed', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    stage.media.whileClosing = () => Promise.reject(new Error('the worker does not answer'));
    page.says('publishStream', wanted('publish'));
    page.says('unPublishStream', { mediaSessionId: 'x' });
    await settle();
    expect(outcomes(page)).toEqual(['x UNPUBLISHED Stopped by user']);
  });

  it('stop a stream that still waits for an earlier one of its name', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    page.says('publishStream', wanted('publish'));
    page.says('unPublishStream', { mediaSessionId: 'x' });
    await settle();
    expect(outcomes(page).at(-1)).toBe('x UNPUBLISHED Stopped by user');
    expect(stage.left()).toMatchObject({ streams: 0, open: [] });
  });

  it('do nothing to a stream of another socket', async () => {
    const stage = new WebSdkStage();
    await stage.publishes(await stage.connected());
    const other = await stage.connected();
    for (const message of ['unPublishStream', 'stopStream']) other.says(message, { mediaSessionId: 'p' });
    await settle();
    expect([stage.registry.get('p')?.status, other.got.length]).toEqual(['PUBLISHING', 1]);
  });
});

describe('availableStream', () => {
  it.each([
    ['a', 'true', ''],
    ['far', 'true', ''],
    ['captured', 'true', ''],
    ['rtsp://192.0.2.7/', 'true', ''],
    ['rtsp://192.0.2.8/', 'false', 'Stream not found'],
    ['b', 'false', 'Stream not found'],
    ['', 'false', 'name: must be a text that is not empty'],
  ])('of %j is %s', async (name, status, info) => {
    const stage = new WebSdkStage();
    stage.playedElsewhere.set('far', { name: 'far', live: true } as never);
    stage.onDemand.set('captured', async () => null);
    stage.cameras.set('rtsp://192.0.2.7/', 'captured');
    const page = await stage.connected();
    await stage.publishes(page);
    page.says('availableStream', { mediaSessionId: 'x', name });
    expect(page.got.at(-1)).toEqual(['availableStream', { id: 'x', status, info }]);
  });
});

describe('sendStreamEvent', () => {
  it('reaches the pages that play the stream, and those that come later know what is muted', async () => {
    const stage = new WebSdkStage();
    const publisher = await stage.connected();
    await stage.publishes(publisher);
    const viewer = await stage.connected();
    await stage.plays(viewer, 'v');
    publisher.says('sendStreamEvent', { mediaSessionId: 'p', type: 'data', payload: { a: 1 } });
    publisher.says('sendStreamEvent', { mediaSessionId: 'p', type: 'audioMuted' });
    expect(viewer.of('notifyStreamEvent')).toEqual([
      { mediaSessionId: 'v', type: 'data', payload: { a: 1 } },
      { mediaSessionId: 'v', type: 'audioMuted' },
    ]);
    const late = await stage.connected();
    await stage.plays(late, 'w');
    expect(lastStatus(late)).toMatchObject({ audioState: { muted: true }, videoState: { muted: false } });
    publisher.says('sendStreamEvent', { mediaSessionId: 'p', type: 'audioUnmuted' });
    await stage.plays(late, 'y');
    expect(lastStatus(late)).toMatchObject({ audioState: { muted: false } });
  });

  it('is refused, but its page is not closed, when it would reach too many pages too often', async () => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    const publication = stage.registry.get('p');
    let told = 0;
    for (let viewer = 0; publication && viewer < 1_000; viewer++) {
      const playback = fakeStream({ direction: 'play' });
      stage.registry.add(playback);
      stage.registry.bind(playback, publication);
      stage.connectionDeps.events.follow(playback, () => void told++);
    }
    for (let second = 0; second < 10; second++) {
      for (let sent = 0; sent < 50; sent++) page.says('sendStreamEvent', { mediaSessionId: 'p', type: 'data' });
      await stage.clock.advance(1_000);
    }
    expect(told).toBeLessThanOrEqual((20 + 10 * 5) * 1_000);
    expect(told).toBeGreaterThan(50_000);
    expect(page.of('fail').at(-1)).toMatchObject({
      apiMethod: 'sendStreamEvent',
      info: 'too many events for so many viewers',
    });
    expect([page.closed, stage.messages.at(-1)]).toEqual([null, 'sendStreamEvent refused']);
  });

  it.each([
    ['a stream of another page', { mediaSessionId: 'p', type: 'data' }, 'Stream not found'],
    ['a playback', { mediaSessionId: 'v', type: 'data' }, 'Stream not found'],
    [
      'no type',
      { mediaSessionId: 'q' },
      'type: must be one of data, audioMuted, audioUnmuted, videoMuted, videoUnmuted',
    ],
    [
      'another type',
      { mediaSessionId: 'q', type: 'resize' },
      'type: must be one of data, audioMuted, audioUnmuted, videoMuted, videoUnmuted',
    ],
    [
      'too much',
      { mediaSessionId: 'q', type: 'data', payload: 'x'.repeat(17_000) },
      'payload: must be at most 16 KiB of JSON',
    ],
  ])('is refused for %s', async (_what, content, info) => {
    const stage = new WebSdkStage();
    await stage.publishes(await stage.connected());
    const page = await stage.connected();
    await stage.plays(page);
    await stage.publishes(page, 'q', 'b');
    page.says('sendStreamEvent', content);
    expect(page.of('fail').at(-1)).toMatchObject({ apiMethod: 'sendStreamEvent', info });
  });
});

describe('what is not supported', () => {
  it.each<[string, object, [string, unknown][]]>([
    ['sendData', { operationId: 'o', payload: 1 }, [['DataStatusEvent', { operationId: 'o', status: 'FAILED' }]]],
    [
      'snapshot',
      { mediaSessionId: 'p', name: 'a' },
      [['notifyStreamEvent', { mediaSessionId: 'p', type: 'snapshotFailed' }]],
    ],
    [
      'snapshot',
      { mediaSessionId: 'n', name: 'a' },
      [['notifyStreamStatusEvent', { mediaSessionId: 'n', status: 'FAILED' }]],
    ],
    ['snapshot', {}, [['fail', { apiMethod: 'snapshot' }]]],
    [
      'call',
      { callId: 'c' },
      [
        ['finish', { callId: 'c', status: 'FAILED' }],
        ['fail', { apiMethod: 'call' }],
      ],
    ],
    ['hangup', {}, [['fail', { apiMethod: 'call' }]]],
  ])('%s %j is answered', async (message, content, answers) => {
    const stage = new WebSdkStage();
    const page = await stage.connected();
    await stage.publishes(page);
    const before = page.got.length;
    page.says(message, content);
    expect(page.got.slice(before)).toMatchObject(answers);
    expect([page.closed, stage.registry.get('p')?.status]).toEqual([null, 'PUBLISHING']);
  });
});
