import { describe, expect, it } from 'vitest';
import { CaptureStage, captureOrder } from '../../test/builders/capture-stage.ts';

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
