import { beforeEach, describe, expect, it } from 'vitest';
import { CaptureStage, captureOrder } from '../../test/builders/capture-stage.ts';
import type { Capture } from './capture.ts';

const ORDER = captureOrder({ mode: 'OnDemand', startTimeoutMs: 10_000, idleTimeoutMs: 30_000 });

let stage: CaptureStage;
let capture: Capture;
beforeEach(() => {
  stage = new CaptureStage();
  capture = stage.start(ORDER);
});

/** Somebody plays the capture. */
async function played(): Promise<void> {
  capture.want();
  await stage.live();
  stage.played(true);
}

describe('a capture on demand', () => {
  it('waits for somebody who wants to play it', async () => {
    await stage.clock.advance(3_600_000);
    expect([stage.seen, capture.state.reason, stage.clock.pending]).toEqual([[], 'Idle', 0]);
    capture.want();
    expect([stage.seen, capture.state.reason]).toEqual([['open'], 'Connecting']);
    await stage.live();
    expect(capture.state.reason).toBe('Connected');
  });

  it('is started once, however many want to play it', async () => {
    for (let viewer = 0; viewer < 100; viewer++) capture.want();
    await stage.live();
    capture.want();
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
  });

  it('goes on while it is played, and for the idle time after that', async () => {
    await played();
    await stage.clock.advance(3_600_000);
    stage.played(false);
    await stage.clock.advance(29_000);
    stage.played(true);
    await stage.clock.advance(3_600_000);
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
    stage.played(false);
    await stage.clock.advance(30_000);
    expect(stage.seen.slice(2)).toEqual(['unpublish', 'close']);
    expect(capture.state).toMatchObject({ reason: 'Idle', message: '', restarts: 0 });
    expect(stage.clock.pending).toBe(0);
  });

  it('ends if its first player never comes', async () => {
    capture.want();
    await stage.live();
    stage.played(false);
    await stage.clock.advance(30_000);
    expect(stage.seen.slice(2)).toEqual(['unpublish', 'close']);
  });

  it('waits for its first player as long as that player may wait', async () => {
    const order = { ...ORDER, idleTimeoutMs: 0 };
    capture = stage.start(order);
    capture.want();
    await stage.clock.advance(9_000);
    await stage.live();
    stage.played(false);
    expect(stage.seen).toEqual(['open', 'publish audio+video']);
    stage.played(true);
    stage.played(false);
    await stage.clock.advance(0);
    expect(capture.state.reason).toBe('Idle');
  });

  it('starts again, and publishes only when its last publication is over', async () => {
    await played();
    const unpublished = stage.holdUnpublish();
    stage.played(false);
    await stage.clock.advance(30_000);
    capture.want();
    await stage.live();
    expect(stage.seen.slice(2)).toEqual(['unpublish', 'close', 'open']);
    unpublished();
    await stage.clock.advance(0);
    expect(stage.seen.at(-1)).toBe('publish audio+video');
    expect(capture.state).toMatchObject({ reason: 'Connected', restarts: 0 });
  });

  it('ends a publication that starts after nobody wants it any longer', async () => {
    const published = stage.holdPublish();
    capture.want();
    await stage.live();
    await stage.clock.advance(30_000);
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close']);
    published();
    await stage.clock.advance(0);
    expect(stage.seen.at(-1)).toBe('unpublish');
    expect([capture.state.reason, capture.state.mediaSessionId]).toEqual(['Idle', undefined]);
  });

  it('takes a publication over that starts when somebody wants it again', async () => {
    const published = stage.holdPublish();
    capture.want();
    await stage.live();
    await stage.clock.advance(30_000);
    capture.want();
    await stage.live();
    published();
    await stage.clock.advance(0);
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close', 'open']);
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm1' });
  });

  it('leaves nothing when it is stopped while it starts', async () => {
    const published = stage.holdPublish();
    capture.want();
    await stage.live();
    const stopped = capture.stop();
    published();
    await stopped;
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'close', 'unpublish']);
    capture.want();
    expect([stage.seen.length, stage.clock.pending]).toEqual([4, 0]);
  });

  it('is published again after a media server was lost, and ends if its players do not come back', async () => {
    await played();
    await stage.clock.advance(5_000);
    await stage.publicationEnds('drain');
    expect(stage.seen).toEqual(['open', 'publish audio+video', 'publish audio+video']);
    await stage.clock.advance(30_000);
    expect(capture.state.reason).toBe('Idle');
  });

  it('moves to another media server, and ends if its players do not follow', async () => {
    await played();
    await stage.mediaServerDrains();
    expect(capture.state).toMatchObject({ reason: 'Connected', mediaSessionId: 'm2' });
    stage.played(false);
    await stage.clock.advance(29_000);
    expect(capture.state.reason).toBe('Connected');
    await stage.clock.advance(1_000);
    expect(stage.seen.slice(2)).toEqual(['publish audio+video', 'unpublish', 'unpublish', 'close']);
    expect(capture.state.reason).toBe('Idle');
  });

  it('is not published elsewhere by a media server that drains when nobody wants it', async () => {
    await played();
    const published = stage.holdPublish();
    await stage.mediaServerDrains();
    stage.played(false);
    await stage.clock.advance(30_000);
    published();
    await stage.clock.advance(0);
    expect(stage.seen.filter((each) => each === 'unpublish').length).toBe(2);
    expect([capture.state.reason, stage.clock.pending]).toEqual(['Idle', 0]);
  });
});

describe('a capture on demand whose source fails', () => {
  it('is tried again for those who wait', async () => {
    capture.want();
    stage.sourceEnds('unreachable');
    await stage.clock.advance(1_300);
    expect([stage.seen, stage.failures]).toEqual([['open', 'close', 'open'], []]);
  });

  it('tells those who wait if it is not tried again in time, and asks no camera more often for them', async () => {
    capture.want();
    stage.sourceEnds('unauthorized', 'Unauthorized by 10.20.0.7');
    const [failure] = stage.failures;
    expect(failure?.detail).toBe('the source refuses the credentials');
    expect(failure?.retryMs).toBeGreaterThan(40_000);
    await stage.clock.advance(31_000);
    capture.want();
    expect([stage.failures.length, stage.seen]).toEqual([2, ['open', 'close']]);
    expect(stage.failures[1]?.retryMs).toBeLessThan(failure?.retryMs ?? 0);
    // Until it may be asked again the reason stays, and nobody waits any longer.
    await stage.clock.advance((failure?.retryMs ?? 0) - 31_001);
    expect(capture.state.reason).toBe('Unauthorized');
    await stage.clock.advance(1);
    expect(capture.state).toMatchObject({ reason: 'Idle', message: 'Unauthorized by 10.20.0.7' });
    expect([stage.seen, stage.clock.pending]).toEqual([['open', 'close'], 0]);
    capture.want();
    expect(capture.state.reason).toBe('Connecting');
  });

  it('ends its publication when nobody waits any longer', async () => {
    await played();
    stage.sourceEnds('unauthorized');
    stage.played(false);
    await stage.clock.advance(30_000);
    expect(stage.seen.slice(2)).toEqual(['close', 'unpublish']);
    expect(capture.state.reason).toBe('Unauthorized');
  });
});

describe('a capture on demand that was ended', () => {
  it('is held: nobody starts it by playing it, and those who wait are told', async () => {
    await played();
    await stage.publicationEnds('rest', 'because');
    expect([stage.holds, stage.failures.map(({ detail }) => detail)]).toEqual([
      1,
      ['the stream was ended by the REST API'],
    ]);
    expect(capture.isStartable).toBe(false);
    capture.want();
    await stage.clock.advance(3_600_000);
    expect([stage.seen.slice(2), stage.clock.pending]).toEqual([['close'], 0]);
  });

  it('may be started again by a player after a while with afterTermination: Restart', async () => {
    capture = stage.start({ ...ORDER, afterTermination: 'Restart' });
    await played();
    await stage.publicationEnds('rest');
    capture.want();
    expect(stage.failures.length).toBe(2);
    await stage.clock.advance(100_000);
    expect([stage.seen.slice(2), capture.state.reason]).toEqual([['close'], 'Idle']);
    capture.want();
    expect(stage.seen.at(-1)).toBe('open');
  });
});

it('a capture that is always on has nothing to start', () => {
  const always = stage.start();
  always.want();
  stage.sourceEnds('unauthorized');
  expect([always.isStartable, stage.seen, stage.failures]).toEqual([false, ['open', 'close'], []]);
});
