import { describe, expect, it } from 'vitest';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import { fakeSession, SILENT_HOOKS } from '../../test/builders/streams.ts';
import type { Session } from '../streams/session.ts';
import { Stream } from '../streams/stream.ts';
import { tellConnected, tellDisconnected, tellEnded, tellLive } from './events.ts';

const NODE_ID = 'pod-0@127.0.0.1';

function sessionThatTells(told: string[]): Session {
  return fakeSession({
    hooks: { ...SILENT_HOOKS, event: (method, body) => told.push(`${method} ${String(body['status'])}`) },
  });
}

function toldOf(direction: 'publish' | 'play', tell: (stream: Stream) => void): string[] {
  const told: string[] = [];
  const session = sessionThatTells(told);
  tell(new Stream({ id: 'id', session, direction, name: 'a', custom: {}, offer: 'v=0', createdAt: 1 }));
  return told;
}

describe('what the backend is told about the end of a stream', () => {
  const rows: [Stream['admission'], 'publish' | 'play', EndCause, string[]][] = [
    ['none', 'publish', 'client', []],
    ['none', 'play', 'drain', []],
    ['asked', 'publish', 'refused', ['StreamStatusEvent FAILED']],
    ['asked', 'publish', 'client', ['StreamStatusEvent UNPUBLISHED']],
    ['asked', 'play', 'client', ['StreamStatusEvent STOPPED']],
    ['admitted', 'publish', 'client', ['unPublishStream UNPUBLISHED', 'StreamStatusEvent UNPUBLISHED']],
    ['admitted', 'play', 'client', ['stopStream STOPPED', 'StreamStatusEvent STOPPED']],
    ['admitted', 'publish', 'disconnect', ['StreamStatusEvent UNPUBLISHED']],
    ['admitted', 'play', 'disconnect', ['StreamStatusEvent STOPPED']],
    ['admitted', 'play', 'publisher_gone', ['StreamStatusEvent FAILED']],
    ['admitted', 'publish', 'keepalive', ['StreamStatusEvent FAILED']],
    ['admitted', 'play', 'keepalive_failure', ['StreamStatusEvent FAILED']],
  ];

  it.each(rows)('%s, %s, by %s', (admission, direction, cause, told) => {
    const heard = toldOf(direction, (stream) => {
      stream.admission = admission;
      stream.markEnded(cause, 2);
      tellEnded(stream, NODE_ID);
    });
    expect(heard).toEqual(told);
  });
});

describe('what the backend is told about a session', () => {
  it.each<[Session['admission'], string[]]>([
    ['none', []],
    ['asked', ['ConnectionStatusEvent DISCONNECTED']],
    ['connected', ['ConnectionStatusEvent DISCONNECTED']],
  ])('that ends when its admission is %s', (admission, told) => {
    const heard: string[] = [];
    const session = sessionThatTells(heard);
    session.admission = admission;
    session.markEnded('client');
    session.markOver();
    tellDisconnected(session, NODE_ID);
    expect(heard).toEqual(told);
  });

  it('that is connected', () => {
    const heard: string[] = [];
    const session = sessionThatTells(heard);
    session.admission = 'connected';
    tellConnected(session, NODE_ID);
    expect(heard).toEqual(['ConnectionStatusEvent ESTABLISHED']);
  });
});

describe('what the backend is told about a start', () => {
  it.each([
    ['publish', 'PUBLISHING'],
    ['play', 'PLAYING'],
  ] as const)('of a stream to %s', (direction, status) => {
    const heard = toldOf(direction, (stream) => {
      stream.goLive();
      tellLive(stream, NODE_ID);
    });
    expect(heard).toEqual([`StreamStatusEvent ${status}`]);
  });
});
