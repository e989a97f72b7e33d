import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import { VirtualClock } from '../../../test/builders/virtual-clock.ts';
import { until } from '../../../test/harness/wait.ts';
import type { Stream } from '../../streams/stream.ts';
import { Listeners } from '../listeners.ts';

const HEARTBEAT_MS = 15_000;

let clock: VirtualClock;
let test: TestApp;
let listeners: Listeners;
let socket: Socket;
let text: string;

beforeEach(async () => {
  clock = new VirtualClock();
  test = await publicApp({ clock });
  listeners = await Listeners.open(test.app, { host: '127.0.0.1', httpPort: 0, https: null });
  text = '';
});

afterEach(async () => {
  socket.destroy();
  await listeners.close();
  await test.app.close();
});

/** Asks for the event streams of sessions over one connection, without waiting for answers (HTTP pipelining). */
async function follow(...streams: readonly Stream[]): Promise<void> {
  const secrets = streams.map((stream) => test.resources.add(stream));
  const asked = secrets.map((secret) => `GET /whip/app/a/pod/${secret}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
  socket = connect(listeners.httpPort, '127.0.0.1', () => socket.write(asked.join('')));
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await until('all are followed', () => clock.pending === secrets.length);
  await until('the first one is answered', () => text.includes('event: status'));
}

describe('an event stream', () => {
  it('sends a comment every 15 s, and leaves no timer when the stream ends', async () => {
    const stream = test.add();
    await follow(stream);
    await clock.advance(HEARTBEAT_MS);
    await until('the comment comes', () => text.includes('\r\n:\n\n\r\n'));
    await test.terminator.end(stream, 'client');
    await until('it says why and closes', () => /Stopped by user.*\r\n0\r\n\r\n$/s.test(text));
    expect(clock.pending).toBe(0);
  });

  it('can end while it waits for another one on its connection', async () => {
    const [first, second] = [test.add({ name: 'a' }), test.add({ name: 'b' })];
    await follow(first, second);
    await test.terminator.end(second, 'client');
    // What is written to a response after its end would be an error that nobody catches.
    await clock.advance(2 * HEARTBEAT_MS);
    await test.terminator.end(first, 'client');
    await until('both have said why', () => text.split('Stopped by user').length === 3);
  });

  it('is given up with its connection while it waits for another one', async () => {
    await follow(test.add({ name: 'a' }), test.add({ name: 'b' }));
    socket.destroy();
    await until('nothing is left of both', () => clock.pending === 0);
  });
});
