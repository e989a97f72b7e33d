import { describe, expect, it } from 'vitest';
import { CaptureStage, captureOrder } from '../../test/builders/capture-stage.ts';
import { H264 } from '../../test/builders/rtp-packets.ts';
import type { Refusal } from './publish-client.ts';
import { readRtp } from './rtp.ts';

describe('a capture', () => {
  it('publishes the tracks of its source', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    stage.packet();
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
    expect(stage.sent.length).toBe(1);
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm1', restarts: 0 });
    expect(capture.state.tracks.map(({ codec }) => codec)).toEqual(['H264', 'Opus']);
  });

  it('has a bit rate while its source is connected', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    expect(capture.state.bitrate).toBe(undefined);
    // A packet of 13 bytes every 50 ms.
    for (let packets = 0; packets < 400; packets++) {
      stage.packet();
      await stage.clock.advance(50);
    }
    expect(capture.state.bitrate).toBe(13 * 8 * 20);
    stage.sourceEnds('stalled');
    expect(capture.state.bitrate).toBe(undefined);
    await stage.clock.advance(2_000);
    await stage.live();
    expect(capture.state).toMatchObject({ reason: 'Connected' });
    expect(capture.state.bitrate).toBe(undefined);
  });

  it('says goodbye to its source, and ends its publication', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    await capture.stop();
    expect(stage.seen.slice(2)).toEqual(['close', 'unpublish']);
    await stage.publicationEnds('client');
    await stage.clock.advance(3_600_000);
    expect(stage.seen.length).toBe(4);
    expect(stage.clock.pending).toBe(0);
  });

  it('publishes in the same session after its source was away', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    stage.packet(1_000);
    stage.sourceEnds('stalled', 'no packet for 10 s');
    expect(capture.state).toMatchObject({ reason: 'Stalled', message: 'no packet for 10 s' });
    await stage.clock.advance(1_500);
    stage.tracks();
    stage.packet(7);
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close', 'open']);
    expect(capture.state).toMatchObject({ reason: 'Connected', restarts: 1, connectedAt: stage.clock.now() });
    const [before, after] = stage.sent.map((packet) => readRtp(packet));
    expect(after?.sequence).toBe((before?.sequence ?? 0) + 1);
    expect(after?.timestamp).toBe(1_000 + 90 * 1_500);
  });

  it.each([
    ['unreachable', 'Unreachable', 1_000],
    ['endOfStream', 'Unreachable', 1_000],
    ['notFound', 'NotFound', 1_000],
    ['unauthorized', 'Unauthorized', 60_000],
    ['unsupported', 'UnsupportedCodec', 600_000],
    ['notAllowed', 'AddressNotAllowed', 600_000],
  ] as const)('whose source is %s tries again', async (end, reason, firstMs) => {
    const stage = new CaptureStage();
    const capture = stage.start();
    stage.sourceEnds(end, 'why');
    expect(capture.state).toMatchObject({ reason, message: 'why' });
    await stage.clock.advance(0.8 * firstMs - 1);
    expect(stage.seen).toEqual(['open', 'close']);
    await stage.clock.advance(0.4 * firstMs + 1);
    expect(stage.seen.slice(0, 3)).toEqual(['open', 'close', 'open']);
    expect(capture.state.restarts).toBe(1);
  });

  it('waits longer each time, up to half a minute, and a good connection counts as success', async () => {
    const stage = new CaptureStage();
    stage.start();
    const attempts = (): number => stage.seen.filter((each) => each === 'open').length;
    for (let elapsed = 0; elapsed < 600; elapsed++) {
      stage.sourceEnds('unreachable');
      await stage.clock.advance(1_000);
    }
    expect(attempts()).toBeGreaterThan(20);
    expect(attempts()).toBeLessThan(35);
    while (!stage.isOpen) await stage.clock.advance(1_000);
    await stage.live();
    await stage.clock.advance(60_000);
    stage.sourceEnds('unreachable');
    const before = attempts();
    await stage.clock.advance(1_200);
    expect(attempts()).toBe(before + 1);
  });

  it('goes to the next address of its source when one brings nothing', async () => {
    const stage = new CaptureStage();
    stage.start();
    stage.sourceEnds('unreachable');
    await stage.clock.advance(1_200);
    stage.sourceEnds('stalled');
    await stage.clock.advance(2_400);
    await stage.live();
    stage.sourceEnds('stalled');
    await stage.clock.advance(4_800);
    expect(stage.turns).toEqual([0, 1, 2, 2]);
  });

  it('says that its sound is left out', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    stage.tracks('video');
    stage.leavesOut('audio', 'G722');
    stage.packet();
    await stage.clock.advance(300);
    expect(capture.state).toMatchObject({ reason: 'Connected', message: 'the sound is left out: its codec is G722' });
    // A second stream has sound that can be used.
    stage.tracks('audio');
    expect(capture.state.message).toBe('');
  });

  it('waits for the video of a camera that is joined between two key frames', async () => {
    const stage = new CaptureStage();
    stage.start();
    stage.tracks('audio');
    stage.packet(0, H264.slice, 111);
    await stage.clock.advance(3_000);
    expect(stage.seen).toEqual(['open']);
    stage.tracks('video');
    stage.packet();
    await stage.clock.advance(300);
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
  });

  it('tells a source that sends nothing from one that has stopped', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    stage.tracks();
    stage.sourceEnds('stalled', 'no packet for 15 s');
    expect(capture.state).toMatchObject({ reason: 'NoMedia', message: 'no packet for 15 s' });
  });

  it('says that B-frames cannot be played', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    for (const timestamp of [90_000, 99_000, 93_000, 108_000, 102_000, 117_000, 111_000, 126_000])
      stage.packet(timestamp);
    expect(capture.state.reason).toBe('BFrames');
    expect(stage.seen.at(-1)).toBe('close');
  });
});

describe('a publication that was ended', () => {
  it.each([
    ['keepalive', 'TerminatedByKeepAlive'],
    ['rest', 'TerminatedByRest'],
    ['resource', 'TerminatedByResource'],
    ['limit', 'LimitReached'],
    ['refused', 'Refused'],
  ] as const)('by %s stays ended, until the spec changes', async (cause, reason) => {
    const stage = new CaptureStage();
    await stage.captures.set([captureOrder()]);
    await stage.live();
    await stage.publicationEnds(cause, 'because');
    const [state] = stage.captures.states;
    expect(state).toMatchObject({ reason, message: 'because', generation: 1, held: { cause, info: 'because' } });
    expect(stage.seen.at(-1)).toBe('close');
    await stage.clock.advance(24 * 3_600_000);
    await stage.captures.set([captureOrder()]);
    expect(stage.seen.filter((each) => each === 'open').length).toBe(1);
    await stage.captures.set([captureOrder({ generation: 2 })]);
    await stage.live();
    expect(stage.captures.states).toMatchObject([{ reason: 'Connected' }]);
    expect(stage.captures.states[0]?.held).toBeUndefined();
  });

  it.each(['drain', 'worker_died', 'disconnect', 'ice', 'dtls', 'unavailable', null] as const)(
    'by %s is published again at once',
    async (cause) => {
      const stage = new CaptureStage();
      const capture = stage.start();
      await stage.live();
      await stage.clock.advance(2_000);
      await stage.publicationEnds(cause);
      expect(stage.seen).toEqual(['open', 'publish audio+video', 'publish audio+video']);
      expect(capture.state.reason).toBe('Connected');
    },
  );

  it('again and again is published less and less often', async () => {
    const stage = new CaptureStage();
    stage.start();
    await stage.live();
    for (let second = 0; second < 60; second++) {
      await stage.publicationEnds('negotiation');
      await stage.clock.advance(1_000);
    }
    expect(stage.seen.filter((each) => each.startsWith('publish')).length).toBeLessThan(10);
  });

  it('while its source is connected to again is published with the first packet, and the reason stays', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    stage.sourceEnds('unreachable', 'no route to host');
    await stage.clock.advance(1_200);
    await stage.publicationEnds('rtp', 'Failed by RTP activity');
    expect(capture.state).toMatchObject({ reason: 'Connecting', message: 'no route to host' });
    await stage.clock.advance(3_000);
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close', 'open']);
    await stage.live();
    expect(stage.seen.at(-1)).toBe('publish audio+video');
    expect(capture.state).toMatchObject({ reason: 'Connected', message: '' });
  });

  it('comes back if the spec says so', async () => {
    const stage = new CaptureStage();
    const capture = stage.start(captureOrder({ afterTermination: 'Restart' }));
    await stage.live();
    await stage.publicationEnds('keepalive');
    expect(capture.state).toMatchObject({ reason: 'TerminatedByKeepAlive' });
    // For a minute it would be refused.
    await stage.clock.advance(60_000);
    expect(stage.isOpen).toBe(false);
    await stage.clock.advance(40_000);
    await stage.live();
    expect(capture.state.reason).toBe('Connected');
  });

  it('while its source is away is published again when the source is back', async () => {
    const stage = new CaptureStage();
    stage.start();
    await stage.live();
    stage.sourceEnds('stalled');
    await stage.publicationEnds('rtp');
    expect(stage.seen.filter((each) => each.startsWith('publish')).length).toBe(1);
    await stage.clock.advance(1_200);
    await stage.live();
    expect(stage.seen.filter((each) => each.startsWith('publish')).length).toBe(2);
  });
});

describe('a media server that takes no stream', () => {
  const refusal = (status: number, over: Partial<Refusal> = {}): Refusal => {
    return { kind: 'refused', status, detail: 'why', cause: null, retryAfterMs: null, ...over };
  };

  it('is asked again', async () => {
    const stage = new CaptureStage();
    stage.refusals.push(refusal(409), refusal(503, { detail: 'busy', retryAfterMs: 2_000 }), refusal(503));
    const capture = stage.start();
    await stage.live();
    expect(capture.state).toMatchObject({ reason: 'NameInUse', message: 'why' });
    await stage.clock.advance(1_200);
    expect(capture.state).toMatchObject({ reason: 'Unavailable', message: 'busy' });
    await stage.clock.advance(2_000);
    await stage.clock.advance(2_400);
    expect(capture.state).toMatchObject({ reason: 'Connected', message: '' });
    expect(stage.seen.filter((each) => each === 'open').length).toBe(1);
  });

  it.each([
    ['refused', 'Refused', 'refused'],
    ['rest', 'TerminatedByRest', 'rest'],
    ['negotiation', 'Refused', 'refused'],
    [null, 'Refused', 'refused'],
  ] as const)('is not asked again after a 403 with the cause %s', async (said, reason, cause) => {
    const stage = new CaptureStage();
    // The text is for people.
    stage.refusals.push(refusal(403, { cause: said, detail: 'Terminated by keep-alive' }));
    const capture = stage.start();
    await stage.live();
    expect(capture.state).toMatchObject({ reason, held: { cause, info: 'Terminated by keep-alive' } });
    await stage.clock.advance(3_600_000);
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close']);
  });
});

describe('sound that is named late', () => {
  it('is published with the picture, in place of the publication without it', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    stage.tracks('video');
    stage.packet();
    await stage.clock.advance(300);
    expect(stage.seen).toEqual(['open', 'publish video']);
    stage.tracks('audio');
    await stage.clock.advance(60_000);
    expect(stage.seen).toEqual(['open', 'publish video', 'publish audio+video', 'unpublish']);
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm2', restarts: 0 });
  });

  it('is published also if it is named while the publication starts', async () => {
    const stage = new CaptureStage();
    stage.start();
    const start = stage.holdPublish();
    stage.tracks('video');
    stage.packet();
    await stage.clock.advance(300);
    stage.tracks('audio');
    start();
    await stage.clock.advance(60_000);
    expect(stage.seen).toEqual(['open', 'publish video', 'publish audio+video', 'unpublish']);
  });
});

describe('a media server that drains', () => {
  const moved = ['open', 'publish audio+video', 'publish audio+video', 'unpublish'];

  it('loses the publication to another one, which takes over before it ends', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    const start = stage.holdPublish();
    await stage.mediaServerDrains();
    stage.packet();
    expect([stage.sent.length, capture.state.mediaSessionId]).toEqual([1, 'm1']);
    start();
    await stage.clock.advance(0);
    expect(stage.seen).toEqual(moved);
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm2', restarts: 0 });
    await stage.publicationEnds('drain', 'Stopped by drain', 0);
    await stage.clock.advance(60_000);
    expect([stage.seen, capture.state.reason]).toEqual([moved, 'Connected']);
  });

  it('keeps it until another one takes it', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    const refusal: Refusal = { kind: 'refused', status: 503, detail: 'draining', cause: null, retryAfterMs: 5_000 };
    stage.refusals.push(refusal, refusal);
    await stage.mediaServerDrains();
    await stage.clock.advance(5_000);
    stage.packet();
    expect(stage.sent.length).toBe(1);
    expect(capture.state).toMatchObject({ reason: 'Connected', message: '', mediaSessionId: 'm1' });
    await stage.clock.advance(5_000);
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm2' });
  });

  it('keeps it when it drains no longer', async () => {
    const stage = new CaptureStage();
    stage.start();
    await stage.live();
    stage.refusals.push({ kind: 'refused', status: 503, detail: 'draining', cause: null, retryAfterMs: 5_000 });
    await stage.mediaServerDrains();
    await stage.mediaServerDrains(false);
    await stage.clock.advance(60_000);
    expect(stage.seen.length).toBe(3);
  });

  it('ends it before another one takes it, and says so to nobody', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    const start = stage.holdPublish();
    await stage.mediaServerDrains();
    await stage.publicationEnds('drain', 'Stopped by drain');
    expect(capture.state.reason).toBe('Connected');
    start();
    await stage.clock.advance(60_000);
    expect(stage.seen).toEqual(moved.slice(0, 3));
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm2' });
  });

  it('ends it by order, and the one that takes over ends as well', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    const start = stage.holdPublish();
    await stage.mediaServerDrains();
    await stage.publicationEnds('keepalive', 'because');
    start();
    await stage.clock.advance(60_000);
    expect(stage.seen.toSorted()).toEqual(['close', ...moved].toSorted());
    expect(capture.state).toMatchObject({ reason: 'TerminatedByKeepAlive', held: { cause: 'keepalive' } });
    expect(capture.state.mediaSessionId).toBeUndefined();
  });

  it('ends it by order, which the refusal of the other one does not replace', async () => {
    const stage = new CaptureStage();
    const capture = stage.start();
    await stage.live();
    stage.refusals.push({ kind: 'refused', status: 403, detail: 'later', cause: null, retryAfterMs: null });
    const start = stage.holdPublish();
    await stage.mediaServerDrains();
    await stage.publicationEnds('keepalive', 'because');
    const { held } = capture.state;
    await stage.clock.advance(1_000);
    start();
    await stage.clock.advance(60_000);
    expect(capture.state).toMatchObject({ reason: 'TerminatedByKeepAlive', message: 'because', held });
    expect(stage.holds).toBe(1);
  });

  it('ends it by order, and it comes back after a while if the spec says so, not before', async () => {
    const stage = new CaptureStage();
    const capture = stage.start(captureOrder({ afterTermination: 'Restart' }));
    await stage.live();
    const start = stage.holdPublish();
    await stage.mediaServerDrains();
    await stage.publicationEnds('keepalive', 'because');
    start();
    await stage.clock.advance(0);
    expect(stage.seen.toSorted()).toEqual(['close', ...moved].toSorted());
    expect([capture.state.reason, capture.state.mediaSessionId]).toEqual(['TerminatedByKeepAlive', undefined]);
    await stage.clock.advance(100_000);
    await stage.live();
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm3' });
  });

  it('ends it by order, and it comes back while another media server still has not answered', async () => {
    const stage = new CaptureStage();
    const capture = stage.start(captureOrder({ afterTermination: 'Restart' }));
    await stage.live();
    const start = stage.holdPublish();
    await stage.mediaServerDrains();
    await stage.publicationEnds('keepalive', 'because');
    await stage.clock.advance(100_000);
    await stage.live();
    start();
    await stage.clock.advance(0);
    await stage.live();
    expect(stage.seen.slice(-2)).toEqual(['unpublish', 'publish audio+video']);
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm3' });
  });

  it('takes it from a camera that is away, which is published elsewhere when it is back', async () => {
    const stage = new CaptureStage();
    stage.start();
    await stage.live();
    stage.sourceEnds('unreachable');
    await stage.mediaServerDrains();
    expect(stage.seen.filter((each) => each.startsWith('publish')).length).toBe(1);
    await stage.clock.advance(1_200);
    await stage.live();
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close', 'open', 'publish audio+video', 'unpublish']);
  });
});

describe('the captures of a pod', () => {
  it('are gone with the publication that was about to start', async () => {
    const stage = new CaptureStage();
    await stage.captures.set([captureOrder()]);
    const start = stage.holdPublish();
    await stage.live();
    let isStopped = false;
    const stopped = stage.captures.stop().then(() => {
      isStopped = true;
    });
    await stage.clock.advance(900);
    expect([isStopped, stage.seen]).toEqual([false, ['open', 'publish audio+video', 'close']]);
    start();
    await stopped;
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close', 'unpublish']);
  });

  it('do not wait for a media server that does not answer', async () => {
    const stage = new CaptureStage();
    await stage.captures.set([captureOrder()]);
    stage.holdPublish();
    await stage.live();
    const stopped = stage.captures.stop();
    await stage.clock.advance(1_000);
    await stopped;
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close']);
    expect(stage.clock.pending).toBe(0);
  });

  it('go on when more networks are allowed, and start again when one is not allowed any more', async () => {
    const stage = new CaptureStage();
    const [cameras, more] = [{ cidr: '192.0.2.0/24' }, { cidr: '198.51.100.0/24' }];
    const allowing = (...allow: { cidr: string }[]) => stage.captures.set([captureOrder({ allow })]);
    await allowing(cameras);
    await stage.live();
    await allowing(more, cameras);
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
    // The next connection is checked against all of them.
    stage.sourceEnds('unreachable');
    await stage.clock.advance(1_200);
    expect(stage.orders.map(({ allow }) => allow)).toEqual([[cameras], [more, cameras]]);
    await stage.live();
    await allowing(more);
    expect(stage.seen.slice(-3)).toEqual(['close', 'unpublish', 'open']);
  });

  it('start at once when the network is allowed in which one was refused', async () => {
    const stage = new CaptureStage();
    await stage.captures.set([captureOrder()]);
    stage.sourceEnds('notAllowed');
    await stage.captures.set([captureOrder()]);
    expect(stage.seen).toEqual(['open', 'close']);
    const { allow } = captureOrder();
    await stage.captures.set([captureOrder({ allow: [...allow, { cidr: '198.51.100.0/24' }] })]);
    expect(stage.seen).toEqual(['open', 'close', 'open']);
  });

  it('are offered at once, and again when one takes the place of another one', async () => {
    const stage = new CaptureStage();
    const first = captureOrder({ mode: 'OnDemand' });
    await stage.captures.set([first]);
    stage.captures.want('u1');
    await stage.live();
    const slow = stage.holdUnpublish();
    const told: (readonly string[])[] = [];
    stage.onChange = () => {
      told.push(stage.captures.offers.map(({ name, startTimeoutMs }) => `${name} ${startTimeoutMs}`));
    };
    const second = captureOrder({ mode: 'OnDemand', uid: 'u2', name: 'gate4', startTimeoutMs: 2_000 });
    const changed = stage.captures.set([{ ...first, generation: 2 }, second]);
    expect(told).toEqual([['gate4 2000', 'gate3 10000']]);
    slow();
    await changed;
    expect(told.length).toBe(2);
    expect(stage.captures.offers.map(({ uid }) => uid)).toEqual(['u2', 'u1']);
    stage.captures.want('u1');
    expect(stage.isOpen).toBe(true);
  });

  it('are said to be gone when nothing takes their place', async () => {
    const stage = new CaptureStage();
    await stage.captures.set([captureOrder(), captureOrder({ uid: 'u2', name: 'gate4' })]);
    await stage.captures.set([captureOrder({ generation: 2 })]);
    expect(stage.gone).toEqual(['u2']);
  });

  it('start without waiting for another one that still ends', async () => {
    const stage = new CaptureStage();
    const first = captureOrder();
    await stage.captures.set([first]);
    await stage.live();
    const slow = stage.holdUnpublish();
    const changed = stage.captures.set([{ ...first, generation: 2 }, captureOrder({ uid: 'u2', name: 'gate4' })]);
    await stage.clock.advance(0);
    expect(stage.captures.states.map(({ uid }) => uid)).toEqual(['u2']);
    slow();
    await changed;
    expect(stage.captures.states.map(({ uid }) => uid)).toEqual(['u2', 'u1']);
  });

  it('stay ended when only a password or an allowed network changes', async () => {
    const stage = new CaptureStage();
    await stage.captures.set([captureOrder()]);
    await stage.live();
    await stage.publicationEnds('keepalive', 'because');
    const held = { reason: 'TerminatedByKeepAlive', message: 'because', held: { cause: 'keepalive', info: 'because' } };
    for (const cidr of ['192.0.2.0/25', '192.0.2.0/26']) {
      await stage.captures.set([captureOrder({ allow: [{ cidr }] })]);
      expect(stage.captures.states).toMatchObject([held]);
    }
    expect(stage.seen.filter((each) => each === 'open').length).toBe(1);
    await stage.captures.set([captureOrder({ generation: 2 })]);
    expect(stage.isOpen).toBe(true);
  });

  it('are those of the last call, also while captures of an earlier one still end', async () => {
    const stage = new CaptureStage();
    await stage.captures.set([captureOrder()]);
    await stage.live();
    const slow = stage.holdUnpublish();
    const first = stage.captures.set([captureOrder({ generation: 2 })]);
    const second = stage.captures.set([]);
    slow();
    await Promise.all([first, second]);
    expect(stage.captures.states).toEqual([]);
    expect(stage.isOpen).toBe(false);
  });

  it('are started, changed and stopped one by one', async () => {
    const stage = new CaptureStage();
    const [first, second] = [captureOrder(), captureOrder({ uid: 'u2', name: 'gate4' })];
    await stage.captures.set([first, second]);
    await stage.captures.set([first, { ...second, generation: 2 }]);
    expect(stage.seen).toEqual(['open', 'open', 'close', 'open']);
    await stage.captures.stop();
    expect(stage.captures.states).toEqual([]);
    expect(stage.clock.pending).toBe(0);
  });
});
