import { createSecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { selfSigned } from '../../test/harness/certificate.ts';
import { freePort } from '../../test/harness/ports.ts';
import { type RawAnswer, RawBackend } from '../../test/harness/raw-backend.ts';
import { HookClient } from './hook-client.ts';
import { InterimFilter } from './interim-replies.ts';
import type { HookReply } from './session-hooks.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const REFUSED = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno';

const INTERIM: [string, string][] = [
  ['nothing', ''],
  ['100', CONTINUE],
  ['100 with header fields', 'HTTP/1.1 100 Continue\r\nServer: IIS\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
  ['100 without a reason', 'HTTP/1.1 100\r\n\r\n'],
  ['100 of HTTP/1.0', 'HTTP/1.0 100 Continue\r\n\r\n'],
  ['101 without an upgrade request', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'],
  ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ['103', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'],
  ['199', 'HTTP/1.1 199 Whatever\r\n\r\n'],
  ['several', `${CONTINUE}HTTP/1.1 102 Processing\r\n\r\n${CONTINUE}`],
];

/** How the bytes of one reply travel. */
const PACKETS: [string, (reply: string) => string[]][] = [
  ['in one packet', (reply) => [reply]],
  ['byte by byte', (reply) => [...reply]],
  ['in one packet per head', (reply) => reply.split(/(?<=\r\n\r\n)/)],
  ['split in the status line', (reply) => [reply.slice(0, 10), reply.slice(10)]],
  ['split in the blank line', (reply) => reply.split(/(?<=\r\n\r)(?=\n)/)],
];

const CASES = INTERIM.flatMap(([what, interim]) =>
  PACKETS.map(([how, split]): [string, string, string[]] => [what, how, split(interim + REFUSED)]),
);

describe('the filter of one connection', () => {
  it.each(CASES)('lets %s pass only the final reply, %s', (_what, _how, packets) => {
    const filter = new InterimFilter();
    for (let request = 0; request < 2; request++) {
      filter.requested();
      const passed = packets.map((packet) => filter.filter(Buffer.from(packet)).toString());
      expect(passed.join('')).toBe(REFUSED);
      expect(filter.isInsideHead()).toBe(false);
    }
  });

  it('does not touch a body that looks like an interim reply', () => {
    const filter = new InterimFilter();
    filter.requested();
    const reply = `HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n${CONTINUE}`;
    expect(filter.filter(Buffer.from(reply)).toString()).toBe(reply);
    expect(filter.filter(Buffer.from(CONTINUE)).toString()).toBe(CONTINUE);
  });

  it.each(['HTTP/1.1 403 No\nX: 1\n\n', 'SSH-2.0-OpenSSH_9.6\r\n', '\x15\x03\x01', 'HTTP/2', 'x'])(
    'passes on at once what is not a head: %j',
    (bytes) => {
      const filter = new InterimFilter();
      filter.requested();
      expect(filter.filter(Buffer.from(bytes, 'latin1')).toString('latin1')).toBe(bytes);
    },
  );

  it.each(['200 OK', '100 Continue'])('does not hold back an unfinished head of %s', (status) => {
    const filter = new InterimFilter();
    filter.requested();
    const endless = Buffer.from(`HTTP/1.1 ${status}\r\nX: ${'x'.repeat(20_000)}`);
    expect(filter.filter(endless)).toEqual(endless);
  });
});

describe('a call over a connection with interim replies', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  function clientOf(url: string): HookClient {
    const client = new HookClient(
      {
        name: 'backend',
        url,
        methods: [],
        timeoutMs: 2_000,
        retries: 1,
        maxConnections: 1,
        auth: { type: 'none' },
        tls: { insecureSkipVerify: true },
      },
      () => ({}),
      null,
      { clock: systemClock, version: 'test' },
    );
    closers.push(() => client.close());
    return client;
  }

  async function backendOf(answer: RawAnswer, pair?: { cert: string; key: string }) {
    const backend = await RawBackend.start(answer, pair);
    closers.push(() => backend.close());
    return { backend, client: clientOf(backend.url) };
  }

  const post = (client: HookClient, readBody = false, timeoutMs = 2_000): Promise<HookReply> =>
    client.post('keepAlive', {
      method: 'StreamKeepAliveEvent',
      body: '{"name":"a"}',
      eventId: 'id',
      sequence: 1,
      timeoutMs,
      signal: new AbortController().signal,
      readBody: () => readBody,
    });

  async function send(socket: Socket, packets: readonly string[]): Promise<void> {
    for (const packet of packets) {
      socket.write(packet);
      await setImmediate();
    }
  }

  it.each(CASES)('gets the 403 after %s, %s, each time and over one connection', async (_what, _how, packets) => {
    const { backend, client } = await backendOf((socket) => void send(socket, packets));
    for (let call = 0; call < 3; call++) expect(await post(client)).toMatchObject({ kind: 'status', status: 403 });
    expect(backend).toMatchObject({ requests: 3, connections: 1 });
  });

  it('gets the 403 over TLS', async () => {
    const { backend, client } = await backendOf(
      (socket) => void send(socket, [CONTINUE, REFUSED]),
      selfSigned('backend'),
    );
    for (let call = 0; call < 3; call++) expect(await post(client)).toMatchObject({ kind: 'status', status: 403 });
    expect(backend).toMatchObject({ requests: 3, connections: 1 });
  });

  it('gets the 403 over HTTP/2', async () => {
    const server = createSecureServer(selfSigned('backend'), (request, response) => {
      request.resume();
      response.stream.additionalHeaders({ ':status': 100 });
      response.stream.additionalHeaders({ ':status': 103 });
      response.writeHead(403).end();
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const client = clientOf(`https://127.0.0.1:${port}/MyAPI`);
    for (let call = 0; call < 3; call++) expect(await post(client)).toMatchObject({ kind: 'status', status: 403 });
  });

  it('reads the body of the final reply', async () => {
    const reply = `${CONTINUE}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
    const { client } = await backendOf((socket) => socket.write(reply));
    expect(await post(client, true)).toMatchObject({ status: 200, body: '{}' });
    expect(await post(client, true)).toMatchObject({ status: 200, body: '{}' });
  });

  it('times out when the final reply never comes', async () => {
    const { client } = await backendOf((socket) => socket.write(CONTINUE));
    expect(await post(client, false, 100)).toMatchObject({ kind: 'failure', failure: 'timeout' });
  });

  it.each([
    ['an interim reply', CONTINUE],
    ['half an interim reply', 'HTTP/1.1 100 Con'],
    ['half a final head', 'HTTP/1.1 403 Forbidden\r\nContent-'],
  ])('fails with a reset, not a stale connection, if the connection ends after %s', async (_what, bytes) => {
    const { backend, client } = await backendOf((socket, nth) => {
      if (nth === 1) socket.write(REFUSED);
      else socket.end(bytes);
    });
    expect(await post(client)).toMatchObject({ status: 403 });
    expect(await post(client)).toEqual({ kind: 'failure', failure: 'reset', stale: false });
    expect(backend.requests).toBe(2);
  });

  it.each(['SSH-2.0-OpenSSH_9.6\r\n', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'])(
    'fails at once on %j, which is not HTTP',
    async (bytes) => {
      const { client } = await backendOf((socket) => socket.write(bytes));
      expect(await post(client)).toMatchObject({ kind: 'failure', failure: 'other' });
    },
  );
});
