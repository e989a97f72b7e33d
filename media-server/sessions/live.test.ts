import { beforeEach, describe, expect, it } from 'vitest';
import { SessionStage, started } from '../../test/builders/session-stage.ts';
import { settle } from '../../test/builders/virtual-clock.ts';

let stage: SessionStage;
beforeEach(() => {
  stage = new SessionStage();
});

describe('a stream whose transport connects', () => {
  it('is live, reported, checked and counted with the time since its request', async () => {
    const stream = started(await stage.publish());
    await stage.clock.advance(1_500);
    expect([stream.live, stage.checked.size]).toEqual([false, 0]);
    stage.media.leg.connect();
    expect([stream.live, stage.checked.has(stream)]).toEqual([true, true]);
    expect(stage.told.at(-1)).toBe('StreamStatusEvent PUBLISHING');
    expect(stage.counted).toEqual(['publish started', 'publish joined 1.5']);
  });

  it('stays ended if it has already begun to end', async () => {
    const stream = started(await stage.publish());
    stream.markEnded('rest', stage.clock.now());
    stage.media.leg.connect();
    expect(stream).toMatchObject({ status: 'FAILED', cause: 'rest' });
    expect([stage.checked.size, stage.clock.pending]).toEqual([0, 0]);
    expect(stage.counted).toEqual(['publish started']);
  });
});

describe('a transport that fails', () => {
  const rows = [
    ['ice', 'FAILED', 'Failed by ICE timeout'],
    ['dtls', 'FAILED', 'Failed by DTLS error'],
    ['rtp', 'FAILED', 'Failed by RTP activity'],
    ['worker_died', 'FAILED', 'Failed by worker death'],
    ['disconnect', 'UNPUBLISHED', 'Stopped by session disconnect'],
  ] as const;

  it.each(rows)('with %s ends the stream as %s', async (cause, status, info) => {
    const stream = await stage.live();
    stage.media.leg.fail(cause);
    await settle();
    expect(stream).toMatchObject({ cause, status, info });
    expect(stage.told).toEqual([`StreamStatusEvent ${status} ${info}`, `ConnectionStatusEvent DISCONNECTED ${info}`]);
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });

  it('before it has connected ends a stream that was never live', async () => {
    const stream = started(await stage.publish());
    stage.media.leg.fail('ice');
    await settle();
    expect(stream).toMatchObject({ cause: 'ice', lastLiveStatus: 'PENDING' });
    expect(stage.told).not.toContain('StreamStatusEvent PUBLISHING');
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });

  it('and cannot be closed is reported, and the stream is removed', async () => {
    const stream = await stage.live();
    stage.media.whileClosing = () => Promise.reject(new Error('boom'));
    stage.media.leg.fail('rtp');
    await settle();
    expect(stage.lines).toEqual([{ closeFailed: stream.id }]);
    expect(stage.registry.size).toBe(0);
  });
});

describe('the maximum duration of a stream', () => {
  it('counts from the moment it is live', async () => {
    stage.limitApp({ durationMs: 60_000 });
    const stream = started(await stage.publish());
    await stage.clock.advance(30_000);
    stage.media.leg.connect();
    await stage.clock.advance(59_999);
    expect(stream.cause).toBeNull();
    await stage.clock.advance(1);
    expect(stream).toMatchObject({ cause: 'limit', info: 'Stopped by limit' });
    expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
  });

  it('leaves no timer if the stream ends earlier', async () => {
    stage.limitApp({ durationMs: 60_000 });
    const stream = await stage.live();
    expect(stage.clock.pending).toBe(1);
    await stage.terminator.end(stream, 'client');
    expect(stage.clock.pending).toBe(0);
  });

  it('is unlimited for 0', async () => {
    await stage.live();
    expect(stage.clock.pending).toBe(0);
  });
});
