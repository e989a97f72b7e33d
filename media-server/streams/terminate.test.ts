import { describe, expect, it } from 'vitest';
import { fakeStreams } from '../../test/builders/streams.ts';

describe('Terminator', () => {
  it('ends a stream once: marks it, stops its checks, closes it, removes it, reports it', async () => {
    const { add, ended, left, registry, terminator } = fakeStreams();
    const stream = add();
    expect(await terminator.end(stream, 'rest')).toBe(true);
    expect(stream).toMatchObject({ status: 'FAILED', cause: 'rest', info: 'Stopped by rest /terminate' });
    expect(stream.closes.count).toBe(1);
    expect([left, ended]).toEqual([[stream], [stream]]);
    expect(registry.size).toBe(0);
    expect(stream.signal.aborted).toBe(true);
  });

  it('does everything up to the close before its first await', () => {
    const { add, left, terminator } = fakeStreams();
    const stream = add();
    void terminator.end(stream, 'keepalive');
    expect([stream.closes.count, left.length, stream.status]).toEqual([1, 1, 'FAILED']);
  });

  it('lets a second caller wait for the same end, with the first cause', async () => {
    const { add, ended, registry, terminator } = fakeStreams();
    let close = (): void => undefined;
    const stream = add({ close: () => new Promise((resolve) => (close = resolve)) });
    const first = terminator.end(stream, 'rest');
    const second = terminator.end(stream, 'client');
    expect(registry.get(stream.id)).toBe(stream);
    close();
    expect(await Promise.all([first, second])).toEqual([true, false]);
    expect(stream.cause).toBe('rest');
    expect(ended).toHaveLength(1);
    expect(registry.size).toBe(0);
  });

  it('ends the playbacks of a publication with it', async () => {
    const { add, registry, terminator } = fakeStreams();
    const publication = add();
    const playback = add({ direction: 'play' });
    const other = add({ direction: 'play' });
    registry.bind(playback, publication);
    await terminator.end(publication, 'client');
    expect(playback).toMatchObject({ status: 'FAILED', cause: 'publisher_gone' });
    expect(other.cause).toBeNull();
    expect([...registry.all()]).toEqual([other]);
    expect(registry.playbacksOf(publication).size).toBe(0);
  });

  it('ends several streams with one cause, playbacks before their publication', async () => {
    const { add, registry, terminator } = fakeStreams();
    const publication = add();
    const playback = add({ direction: 'play' });
    const ended = add();
    registry.bind(playback, publication);
    await terminator.end(ended, 'client');
    expect(await terminator.endAll([ended, ...registry.all()], 'drain')).toEqual({ ended: 2, failed: 0, untold: [] });
    expect([publication, playback, ended].map(({ cause }) => cause)).toEqual(['drain', 'drain', 'client']);
  });

  it('removes a stream everywhere even if its transport cannot be closed', async () => {
    const { add, ended, failures, registry, terminator } = fakeStreams();
    const publication = add({ close: () => Promise.reject(new Error('the worker is gone')) });
    const playback = add({ direction: 'play' });
    registry.bind(playback, publication);
    await expect(terminator.end(publication, 'rest')).rejects.toThrow('the worker is gone');
    expect(registry.size).toBe(0);
    expect(ended).toEqual([playback, publication]);
    expect(failures).toEqual([[publication, new Error('the worker is gone')]]);
    await terminator.settled(publication);
  });

  it('reports a playback that cannot be closed at the end, not as an unhandled rejection', async () => {
    const { add, registry, terminator } = fakeStreams();
    const publication = add({ close: () => new Promise((resolve) => setTimeout(resolve, 20)) });
    const playback = add({ direction: 'play', close: () => Promise.reject(new Error('the worker is gone')) });
    registry.bind(playback, publication);
    await expect(terminator.end(publication, 'rest')).rejects.toThrow('the worker is gone');
    expect(registry.size).toBe(0);
  });

  it('does not let an ended stream go live', async () => {
    const { add, terminator } = fakeStreams();
    const stream = add();
    const changes: string[] = [];
    stream.onChange(({ status }) => changes.push(status));
    await terminator.end(stream, 'ice');
    stream.goLive();
    expect(changes).toEqual(['FAILED']);
    expect(stream.status).toBe('FAILED');
  });
});
