import { describe, expect, it } from 'vitest';
import { CaptureStage, captureOrder } from '../../test/builders/capture-stage.ts';
import type { Refusal } from './publish-client.ts';

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

  /** Somebody ends the publication while another media server still has not answered; `start` lets it answer. */
  async function endedWhileItMoves(order = captureOrder()) {
    const stage = new CaptureStage();
    const capture = stage.start(order);
    await stage.live();
    const start = stage.holdPublish();
    await stage.mediaServerDrains();
    await stage.publicationEnds('keepalive', 'because');
    return { stage, capture, start };
  }

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
    const { capture, stage, start } = await endedWhileItMoves();
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
    const { capture, stage, start } = await endedWhileItMoves(captureOrder({ afterTermination: 'Restart' }));
    start();
    await stage.clock.advance(0);
    expect(stage.seen.toSorted()).toEqual(['close', ...moved].toSorted());
    expect([capture.state.reason, capture.state.mediaSessionId]).toEqual(['TerminatedByKeepAlive', undefined]);
    await stage.clock.advance(100_000);
    await stage.live();
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm3' });
  });

  it('ends it by order, and it comes back while another media server still has not answered', async () => {
    const { capture, stage, start } = await endedWhileItMoves(captureOrder({ afterTermination: 'Restart' }));
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
