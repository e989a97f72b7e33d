import { describe, expect, it } from 'vitest';
import { fakeSession, fakeStreams } from '../../test/builders/streams.ts';

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

describe('the end of a session', () => {
  it('comes with the end of its only stream, after it, for the same cause', async () => {
    const { add, ended, endedSessions, sessions, terminator } = fakeStreams();
    const stream = add();
    const { session } = stream;
    const ending = terminator.end(stream, 'keepalive');
    expect([session.cause, session.signal.aborted, session.status]).toEqual(['keepalive', true, 'PENDING']);
    await ending;
    expect([ended, endedSessions, sessions.size]).toEqual([[stream], [session], 0]);
    expect(await terminator.endSession(session, 'rest')).toBeNull();
    expect(session).toMatchObject({ status: 'DISCONNECTED', cause: 'keepalive', info: 'Terminated by keep-alive' });
  });

  it('ends all of its streams and no others', async () => {
    const { add, endedSessions, registry, terminator } = fakeStreams();
    const session = fakeSession();
    const own = [add({ session, name: 'a' }), add({ session, name: 'b' })];
    const other = add({ name: 'c' });
    expect(await terminator.endSession(session, 'disconnect')).toEqual({ ended: 2, failed: 0, untold: [] });
    expect(own.map(({ cause }) => cause)).toEqual(['disconnect', 'disconnect']);
    expect([...registry.all()]).toEqual([other]);
    expect(endedSessions).toEqual([session]);
  });

  it('needs no stream, and happens once', async () => {
    const { endedSessions, sessions, terminator } = fakeStreams();
    const session = fakeSession();
    sessions.add(session);
    const both = [terminator.endSession(session, 'disconnect'), terminator.endSession(session, 'rest')];
    expect(await Promise.all(both)).toEqual([{ ended: 0, failed: 0, untold: [] }, null]);
    expect([session.cause, endedSessions, sessions.size]).toEqual(['disconnect', [session], 0]);
  });

  it('happens although a stream cannot be closed', async () => {
    const { add, endedSessions, terminator } = fakeStreams();
    const { session } = add({ session: fakeSession(), close: () => Promise.reject(new Error('boom')) });
    expect(await terminator.endSession(session, 'rest')).toEqual({ ended: 0, failed: 1, untold: [] });
    expect(endedSessions).toEqual([session]);
  });

  it('does not come with the last stream of a session that may have several', async () => {
    const { add, sessions, terminator } = fakeStreams();
    const stream = add({ session: fakeSession() });
    await terminator.end(stream, 'rest');
    expect([stream.session.cause, sessions.size]).toEqual([null, 1]);
  });
});
