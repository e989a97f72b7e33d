import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { fastClock } from '../../test/builders/fast-clock.ts';
import { bundleOf, publicApp, type TestApp } from '../../test/builders/public-app.ts';
import { Listeners } from './listeners.ts';

const MIB = 1024 * 1024;

let test: TestApp;
let listeners: Listeners;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listeners.close();
  await test.app.close();
});

async function open(setup: Parameters<typeof publicApp>[0] = {}): Promise<Socket> {
  test = await publicApp(setup);
  listeners = await Listeners.open(test.app, { host: '127.0.0.1', httpPort: 0, https: null });
  const socket = connect(listeners.httpPort, '127.0.0.1');
  sockets.push(socket);
  return socket;
}

const head = (path: string, ...headers: readonly string[]) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers.join('\r\n')}\r\n\r\n`;
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${' '.repeat(bytes)}\r\n`;

/** The first line of the answer to a client that looks for it only when all is written. */
function answerTo(socket: Socket, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.pause();
    socket.write(bytes, () => {
      // The server has time to do what would lose the answer.
      setTimeout(() => socket.resume(), 100);
    });
    socket.on('data', (data) => {
      text += data;
      if (text.includes('\r\n\r\n')) resolve(text.split('\r\n')[0] ?? '');
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after "${text}"`)));
  });
}

const SECRET = 'WHIP-session';
const ROUTES = [
  ['/rest-api/stream/terminate', 'application/json'],
  ['/rest-api/connection/find', 'application/json'],
  ['/whip/app/name', 'application/sdp'],
  ['/whep/app/name', 'application/sdp'],
  [`/whip/app/name/pod/${SECRET}`, 'application/trickle-ice-sdpfrag'],
] as const;

describe('a body of 5 MB is answered with 413, even if the client writes it all before it reads', () => {
  const body = ' '.repeat(5 * MIB);

  it.each(ROUTES)('%s', async (path, type) => {
    const socket = await open();
    const request = head(path, `Content-Type: ${type}`, `Content-Length: ${body.length}`) + body;
    const method = path.endsWith(SECRET) ? 'PATCH' : 'POST';
    expect(await answerTo(socket, request.replace('POST', method))).toBe('HTTP/1.1 413 Payload Too Large');
  });

  it('in chunks, with Connection: close', async () => {
    const socket = await open();
    const request = head(
      '/whip/app/name',
      'Content-Type: application/sdp',
      'Connection: close',
      'Transfer-Encoding: chunked',
    );
    const answer = await answerTo(socket, `${request}${chunk(MIB).repeat(5)}0\r\n\r\n`);
    expect(answer).toBe('HTTP/1.1 413 Payload Too Large');
  });
});

it.each([
  ['of another type', '/rest-api/stream/terminate', 'application/xml', 415],
  ['without credentials', '/rest-api/stream/terminate', 'application/json', 401],
  ['to an unknown path', '/nowhere', 'application/x', 404],
  ['to a path that does not accept POST', '/console', 'application/x', 405],
])('a body of 5 MB %s gets its usual answer', async (what, path, type, status) => {
  const bundle =
    what === 'without credentials' ? bundleOf({ authRef: { name: 'api' } }, { api: { ci: 't0ken' } }) : bundleOf();
  const socket = await open({ bundle });
  const body = ' '.repeat(5 * MIB);
  const headers = [`Content-Type: ${type}`, 'Connection: close', `Content-Length: ${body.length}`];
  expect(await answerTo(socket, head(path, ...headers) + body)).toContain(`HTTP/1.1 ${status}`);
});

describe('a body is not read forever', () => {
  it('when it does not end', async () => {
    const socket = await open();
    socket.write(head('/whip/app/name', 'Content-Type: application/sdp', 'Transfer-Encoding: chunked'));
    const piece = chunk(MIB);
    const send = (): void => void (socket.writable && socket.write(piece, send));
    send();
    socket.on('error', () => undefined).resume();
    await new Promise((resolve) => socket.once('close', resolve));
    // What is in the buffers of the sockets comes on top.
    expect(socket.bytesWritten).toBeLessThan(32 * MIB);
  });

  it('when it stops half way', async () => {
    const socket = await open({ clock: fastClock(100) });
    const headers = ['Content-Type: application/sdp', `Content-Length: ${5 * MIB}`];
    expect(await answerTo(socket, `${head('/whip/app/name', ...headers)}v=0`)).toBe('HTTP/1.1 413 Payload Too Large');
    await new Promise((resolve) => socket.once('close', resolve));
  });
});
