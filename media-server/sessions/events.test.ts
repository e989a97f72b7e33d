import { describe, expect, it } from 'vitest';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import { fakeApp, SILENT_HOOKS } from '../../test/builders/streams.ts';
import { Stream } from '../streams/stream.ts';
import { tellConnected, tellEnded, tellLive } from './events.ts';

const NODE_ID = 'pod-0@127.0.0.1';

function toldOf(direction: 'publish' | 'play', tell: (stream: Stream) => void): string[] {
  const told: string[] = [];
  const stream = new Stream({
    id: 'id',
    sessionId: 'session',
    secret: 'secret',
    direction,
    app: fakeApp(),
    name: 'a',
    client: { address: '192.0.2.1', isShared: false, origin: '', version: '', token: '' },
    custom: {},
    offer: 'v=0',
    hooks: { ...SILENT_HOOKS, event: (method, body) => told.push(`${method} ${String(body['status'])}`) },
    createdAt: 1,
  });
  tell(stream);
  return told;
}

describe('what the backend is told about an end', () => {
  const DISCONNECTED = 'ConnectionStatusEvent DISCONNECTED';
  const rows: [Stream['admission'], 'publish' | 'play', EndCause, string[]][] = [
    ['none', 'publish', 'client', []],
    ['none', 'play', 'drain', []],
    ['asked', 'publish', 'disconnect', [DISCONNECTED]],
    ['asked', 'play', 'rest', [DISCONNECTED]],
    ['connected', 'publish', 'refused', ['StreamStatusEvent FAILED', DISCONNECTED]],
    ['connected', 'publish', 'client', ['StreamStatusEvent UNPUBLISHED', DISCONNECTED]],
    ['connected', 'play', 'client', ['StreamStatusEvent STOPPED', DISCONNECTED]],
    ['admitted', 'publish', 'client', ['unPublishStream UNPUBLISHED', 'StreamStatusEvent UNPUBLISHED', DISCONNECTED]],
    ['admitted', 'play', 'client', ['stopStream STOPPED', 'StreamStatusEvent STOPPED', DISCONNECTED]],
    ['admitted', 'publish', 'disconnect', ['StreamStatusEvent UNPUBLISHED', DISCONNECTED]],
    ['admitted', 'play', 'disconnect', ['StreamStatusEvent STOPPED', DISCONNECTED]],
    ['admitted', 'play', 'publisher_gone', ['StreamStatusEvent FAILED', DISCONNECTED]],
    ['admitted', 'publish', 'keepalive', ['StreamStatusEvent FAILED', DISCONNECTED]],
    ['admitted', 'play', 'keepalive_failure', ['StreamStatusEvent FAILED', DISCONNECTED]],
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

describe('what the backend is told about a start', () => {
  it.each([
    ['publish', 'PUBLISHING'],
    ['play', 'PLAYING'],
  ] as const)('of a %s session', (direction, status) => {
    const heard = toldOf(direction, (stream) => {
      tellConnected(stream, NODE_ID);
      stream.goLive();
      tellLive(stream, NODE_ID);
    });
    expect(heard).toEqual(['ConnectionStatusEvent ESTABLISHED', `StreamStatusEvent ${status}`]);
  });
});
