import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import Fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { selfSigned } from '../../test/harness/certificate.ts';
import type { Certificate } from './certificate.ts';
import { Listeners, type ListenOptions, type Upgrading } from './listeners.ts';
import { EventStream } from './sessions/event-stream.ts';

const SHORT = { headersMs: 200, requestMs: 400, checkEveryMs: 50 };

let listeners: Listeners;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listeners.close();
});

async function open(options: Partial<ListenOptions> = {}): Promise<void> {
  const app = Fastify();
  app.post('/', async () => 'ok');
  app.get('/', async () => 'ok');
  app.get('/events', (_request, reply) => {
    reply.hijack();
    const options = { clock: systemClock, headers: {}, heartbeatMs: 15_000, onClose: () => undefined };
    const events = new EventStream(reply.raw, options);
    events.send('status', {});
  });
  listeners = await Listeners.open(app, { host: '127.0.0.1', httpPort: 0, https: null, ...options });
}

/** What a socket that sends only this is told before the server closes it. */
function said(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(listeners.httpPort, '127.0.0.1', () => socket.write(bytes));
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
  });
}

const ask = (options: { port: number; path: string; agent?: Agent }) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', ...options }, resolve).once('error', reject);
  });
const follow = () => ask({ port: listeners.httpPort, path: '/events' });

describe('a client that is slow', () => {
  it.each([
    ['to say anything', ''],
    ['with its headers', 'POST / HTTP/1.1\r\nHost: x\r\nX-A: '],
    ['with its body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{'],
    [
      'between chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
    ],
  ])('%s is cut off', async (_what, bytes) => {
    await open({ timeouts: SHORT });
    expect(await said(bytes)).toMatch(/^HTTP\/1\.1 408|^$/);
  });

  it('does not include one that follows an event stream for longer', async () => {
    await open({ timeouts: SHORT });
    const events = await follow();
    // Somebody who came later has been cut off meanwhile.
    await said('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
    expect([events.complete, events.destroyed]).toEqual([false, false]);
    events.destroy();
  });
});

describe('close', () => {
  it('cuts event streams and idle connections and then resolves', async () => {
    await open();
    const port = listeners.httpPort;
    const agent = new Agent({ keepAlive: true });
    const idle = await ask({ port, path: '/', agent });
    idle.resume();
    const events = await follow();
    events.on('error', () => undefined).resume();
    const cut = new Promise((resolve) => events.once('close', resolve));
    await listeners.close();
    await cut;
    agent.destroy();
    await expect(ask({ port, path: '/' })).rejects.toThrow('ECONNREFUSED');
  });
});

describe('an upgrade', () => {
  const REQUEST = 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n';
  const upgrading: Upgrading = {
    accepts: ({ url }) => url === '/a',
    take: (_request, socket) => void socket.end('taken\r\n'),
  };

  it('is taken by the one who accepts it', async () => {
    await open({ upgrading });
    expect(await said(REQUEST)).toBe('taken');
  });

  it.each([
    ['nobody takes upgrades', null, REQUEST],
    ['it is not accepted', upgrading, REQUEST.replace('/a', '/')],
  ])('is an ordinary request if %s', async (_what, taking, request) => {
    await open({ upgrading: taking });
    expect(await said(request)).toMatch(/^HTTP\/1\.1 (200|404) /);
  });

  it('is left open when the listeners close', async () => {
    const taken: Duplex[] = [];
    await open({ upgrading: { ...upgrading, take: (_request, socket) => void taken.push(socket) } });
    void said(REQUEST);
    await vi.waitUntil(() => taken.length === 1);
    const closing = listeners.close();
    expect(taken[0]?.destroyed).toBe(false);
    taken[0]?.destroy();
    await closing;
  });
});

describe('a port that is in use', () => {
  it('is named by its field', async () => {
    await open();
    const app = { ready: async () => undefined, routing: () => undefined };
    const again = Listeners.open(app, {
      host: '127.0.0.1',
      httpPort: listeners.httpPort,
      https: null,
      part: 'spec.webSdk',
    });
    await expect(again).rejects.toThrow(/^spec\.webSdk\.http\.port: cannot listen on .*: the port is in use$/);
  });
});

describe('an idle connection', () => {
  it('is kept longer than ingress controllers keep theirs', async () => {
    await open();
    const agent = new Agent({ keepAlive: true });
    const answer = await ask({ port: listeners.httpPort, path: '/', agent });
    expect(answer.headers['keep-alive']).toBe('timeout=120');
    agent.destroy();
  });
});

describe('https', () => {
  const pem = (name: string): Certificate => {
    const { cert, key } = selfSigned(name);
    return { cert: Buffer.from(cert), key: Buffer.from(key) };
  };

  /** Who the server says it is, to a new connection. */
  const subject = () =>
    new Promise((resolve, reject) => {
      const options = { port: listeners.httpsPort ?? 0, host: '127.0.0.1', rejectUnauthorized: false };
      const socket = connectTls(options, () => resolve(socket.getPeerCertificate().subject.CN));
      socket.once('error', reject);
      sockets.push(socket);
    });

  it('serves a new certificate to new connections, and refuses one that does not match its key', async () => {
    const [first, second] = [pem('first'), pem('second')];
    await open({ https: { port: 0, certificate: first } });
    expect(await subject()).toBe('first');
    listeners.setCertificate(second);
    expect(await subject()).toBe('second');
    expect(() => listeners.setCertificate({ cert: first.cert, key: second.key })).toThrow('key values mismatch');
    expect(await subject()).toBe('second');
  });

  it('cuts off a client that never finishes the handshake', async () => {
    await open({ https: { port: 0, certificate: pem('a') }, timeouts: SHORT });
    const socket = connect(listeners.httpsPort ?? 0, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
  });
});
