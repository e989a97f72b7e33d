import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { MAX_FRAME_BYTES, readFrame } from './frame.ts';
import type { FrameListener, FrameSocket } from './frame-socket.ts';
import { isUpgrade, isWebSdkUpgrade, Upgrades } from './upgrades.ts';

/** Upgrades on a server of their own, with the sockets that they open. */
const stage = {
  origins: ['*'],
  most: 0,
  draining: false,
  crowded: false,
  refused: [] as string[],
  accepted: [] as FrameSocket[],
  texts: [] as string[],
  closed: [] as unknown[],
};
const initial = structuredClone(stage);
let server: Server;
/** The newest connection, as the server has it. */
let connection: Socket;
const clients: (WebSocket | Socket)[] = [];

beforeEach(async () => {
  Object.assign(stage, structuredClone(initial));
  const { accepted, closed, texts } = stage;
  const upgrades = new Upgrades({
    origins: () => stage.origins,
    mostSockets: () => stage.most,
    sockets: () => stage.accepted.length,
    draining: () => stage.draining,
    isCrowded: () => stage.crowded,
    refused: (reason) => stage.refused.push(reason),
    accept: (socket) => {
      const listener: FrameListener = {
        text: (text) => texts.push(text),
        control: () => texts.push('control'),
        closed: (closing) => closed.push(closing),
        gone: () => closed.push('gone'),
      };
      socket.listen(listener);
      accepted.push(socket);
    },
  });
  const answer = (_request: unknown, response: { end(text: string): void }) => response.end('ordinary');
  server = createServer({ shouldUpgradeCallback: isWebSdkUpgrade }, answer);
  server.on('upgrade', (...upgrade) => upgrades.take(...upgrade));
  server.on('connection', (socket) => {
    connection = socket;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  for (const client of clients.splice(0)) 'terminate' in client ? client.terminate() : client.destroy();
  server.close();
  server.closeAllConnections();
});

const port = (): number => (server.address() as AddressInfo).port;

function dial(path = '/websdk', headers: Record<string, string> = {}): WebSocket {
  const client = new WebSocket(`ws://127.0.0.1:${port()}${path}`, { headers });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

/** `open`, or the status of the answer. */
function outcome(client: WebSocket): Promise<unknown> {
  return new Promise((resolve) => {
    client.once('open', () => resolve('open'));
    client.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
  });
}

/** The connection of a client. */
const rawOf = (client: WebSocket): Socket => (client as never as { _socket: Socket })._socket;
/** The begin of a text frame of 256 KiB with an empty mask. */
const half = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0]), Buffer.alloc(bytes)]);
/** A text frame without a mask (RFC 6455 §5.1). */
const UNMASKED = Buffer.from([0x81, 0x01, 0x78]);

function inParts(socket: Socket, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 1_000) socket.write(bytes.subarray(at, at + 1_000));
}

const closeCode = (client: WebSocket): Promise<number> => new Promise((resolve) => client.once('close', resolve));

/** Writes bytes, and reads up to the end. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port(), '127.0.0.1', () => socket.write(bytes));
    clients.push(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
  });
}

describe('an upgrade', () => {
  it.each(['/websdk', '/websdk/', '/websdk/a/b?x=1', '/websdk?x=1'])('opens a socket at %s', async (path) => {
    expect(await outcome(dial(path))).toBe('open');
  });

  it.each(['/', '/websdks', '/web', '/whip/websdk'])('is an ordinary request at %s', async (path) => {
    expect(await outcome(dial(path))).toBe(200);
    expect(stage.accepted).toEqual([]);
  });

  it('to another protocol is an ordinary request', async () => {
    const reply = raw('GET /websdk HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n');
    expect(await reply).toBe('HTTP/1.1 200 OK');
  });

  it.each([
    ['no key', 'Sec-WebSocket-Version: 13'],
    ['an old version', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 7'],
  ])('with %s is refused', async (_what, header) => {
    const reply = raw(
      `GET /websdk HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${header}\r\n\r\n`,
    );
    expect(await reply).toBe('HTTP/1.1 400 Bad Request');
  });

  it.each([
    ['https://a.example', 'open'],
    ['https://b.example', 403],
    ['null', 403],
  ])('of the origin %s ends as %s', async (origin, expected) => {
    stage.origins = ['https://a.example'];
    expect(await outcome(dial('/websdk', { origin }))).toBe(expected);
  });

  it('without an origin comes from no browser', async () => {
    stage.origins = ['https://a.example'];
    expect(await outcome(dial())).toBe('open');
  });

  it('is refused over a limit and while the server drains', async () => {
    stage.most = 1;
    expect(await outcome(dial())).toBe('open');
    expect(await outcome(dial())).toBe(503);
    stage.most = 0;
    stage.crowded = true;
    expect(await outcome(dial())).toBe(503);
    stage.draining = true;
    expect(await outcome(dial())).toBe(503);
    expect(stage.refused).toEqual(['limit', 'silent_limit', 'draining']);
  });

  it('is one of a socket only for a WebSocket', () => {
    const request = (headers: object, method = 'GET') => ({ headers, method, url: '/' }) as never;
    expect(isUpgrade(request({ upgrade: 'WebSocket' }))).toBe(true);
    expect(isUpgrade(request({ upgrade: 'websocket' }, 'POST'))).toBe(false);
    expect(isUpgrade(request({}))).toBe(false);
  });
});

describe('a socket', () => {
  it('carries text in both directions', async () => {
    const client = dial();
    await outcome(client);
    const answer = new Promise((resolve) => client.once('message', (data) => resolve(readFrame(String(data)))));
    client.send('hello');
    stage.accepted[0]?.send('getUserData', { a: 1 });
    expect(await answer).toEqual({ name: 'getUserData', content: { a: 1 } });
    await expect.poll(() => stage.texts).toEqual(['hello']);
    client.close();
    await expect.poll(() => stage.closed).toEqual([null, 'gone']);
  });

  it.each<[string, (client: WebSocket) => void, number, string]>([
    ['a binary frame', (client) => client.send(Buffer.from('x')), 1003, 'binary'],
    ['a frame that is too large', (client) => client.send('x'.repeat(MAX_FRAME_BYTES + 1)), 1009, 'too_large'],
    ['half a frame of a client that is not known', (client) => rawOf(client).write(half(65_536)), 1009, 'too_large'],
    ['the same in small parts', (client) => inParts(rawOf(client), half(65_536)), 1009, 'too_large'],
  ])('is closed for %s', async (_what, act, code, closing) => {
    const client = dial();
    await outcome(client);
    act(client);
    expect(await closeCode(client)).toBe(code);
    expect(stage.closed).toEqual([closing]);
  });

  it.each<[string, (client: WebSocket) => void, number]>([
    ['its client has broken a rule', (client) => client.send(Buffer.from('x')), 1003],
    ['its client has broken the protocol', (client) => rawOf(client).write(UNMASKED), 1002],
    ['its client goes on without end', () => stage.accepted[0]?.close('ended'), 1000],
  ])('is not read any more when %s', async (_what, act, code) => {
    const client = dial();
    await outcome(client);
    const closedWith = closeCode(client);
    act(client);
    // 16 MiB of text frames with an empty mask, more than the buffers of the network hold.
    const frame = Buffer.concat([Buffer.from([0x81, 0xfe, 0x40, 0x00, 0, 0, 0, 0]), Buffer.alloc(0x4000)]);
    for (let sent = 0; sent < 1_024; sent++) rawOf(client).write(frame);
    expect(await closedWith).toBe(code);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(connection.bytesRead).toBeLessThan(2_000_000);
    expect(stage.texts).toEqual([]);
  });

  it('tells of pings and pongs, which cost as much as messages', async () => {
    const client = dial();
    await outcome(client);
    client.ping();
    client.pong();
    await expect.poll(() => stage.texts).toEqual(['control', 'control']);
  });

  it('takes the largest frame', async () => {
    const client = dial();
    await outcome(client);
    stage.accepted[0]?.known();
    client.send('x'.repeat(MAX_FRAME_BYTES));
    await expect.poll(() => stage.texts[0]?.length).toBe(MAX_FRAME_BYTES);
  });

  it('is closed for a frame that breaks the protocol', async () => {
    const client = dial();
    await outcome(client);
    rawOf(client).write(UNMASKED);
    expect(await closeCode(client)).toBe(1002);
    expect(stage.closed).toEqual(['malformed']);
  });

  it('is cut when the client does not read', async () => {
    const client = dial();
    await outcome(client);
    client.pause();
    const payload = 'x'.repeat(64 * 1024);
    for (let sent = 0; sent < 1000 && stage.closed.length === 0; sent++) stage.accepted[0]?.send('a', payload);
    expect(stage.closed).toEqual(['slow']);
  });

  it('carries pings between messages that wait for the client', async () => {
    const client = dial();
    await outcome(client);
    client.pause();
    const got: unknown[] = [];
    client.on('message', (data) => got.push(readFrame(String(data))));
    const payload = 'x'.repeat(200_000);
    for (let sent = 0; sent < 4; sent++) {
      stage.accepted[0]?.send('a', payload);
      stage.accepted[0]?.ping();
    }
    client.resume();
    await expect.poll(() => got.length).toBe(8);
    const round = [
      { name: 'a', content: payload },
      { name: 'ping', content: null },
    ];
    expect(got).toEqual([...round, ...round, ...round, ...round]);
  });

  it('is cut when the client reads no pings either', async () => {
    const client = dial();
    await outcome(client);
    client.pause();
    for (let sent = 0; sent < 1_000_000 && stage.closed.length === 0; sent++) stage.accepted[0]?.ping();
    expect(stage.closed).toEqual(['slow']);
  });

  it('sends no ping after the client has begun to close', async () => {
    const client = dial();
    await outcome(client);
    const sent: Buffer[] = [];
    rawOf(client).on('data', (chunk: Buffer) => sent.push(chunk));
    // The WebSocket has read the close frame by then, and its TCP connection is still open.
    connection.once('data', () => stage.accepted[0]?.ping());
    client.close(1000);
    expect(await closeCode(client)).toBe(1000);
    expect(Buffer.concat(sent)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
  });

  it('sends nothing after it has closed, and tells its end once', async () => {
    const client = dial();
    await outcome(client);
    const got: string[] = [];
    client.on('message', (data) => got.push(String(data)));
    const [socket] = stage.accepted;
    socket?.send('a');
    socket?.close('ended');
    socket?.send('b');
    socket?.ping();
    socket?.close('silent');
    expect(await closeCode(client)).toBe(1000);
    await expect.poll(() => stage.closed).toEqual(['ended', 'gone']);
    expect(got.length).toBe(1);
  });
});
