import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { selfSigned } from '../../test/harness/certificate.ts';
import { freePort } from '../../test/harness/ports.ts';
import { HookClient, type HookRequest } from './hook-client.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const EARLY_HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n';
const REFUSED = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n';
const request: HookRequest = {
  method: 'StreamKeepAliveEvent',
  body: '{"name":"a"}',
  eventId: 'e1',
  sequence: 1,
  timeoutMs: 2_000,
  signal: new AbortController().signal,
  readBody: true,
};

describe('interim replies of a backend', () => {
  let server: Server | undefined;
  let client: HookClient | undefined;
  let requests = 0;
  let connections = 0;

  afterEach(() => {
    client?.close();
    server?.close();
  });

  /** Answers each request with these packets. */
  async function backend(packets: readonly string[], { tls = false } = {}): Promise<HookClient> {
    requests = 0;
    connections = 0;
    const serve = (socket: Socket): void => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.setNoDelay(true);
      socket.on('data', async (data) => {
        if (!data.includes('}')) return;
        requests += 1;
        for (const packet of packets) {
          socket.write(packet);
          await new Promise((resolve) => setTimeout(resolve, packets.length > 5 ? 1 : 20));
        }
      });
    };
    server = tls ? createTlsServer(selfSigned('backend'), serve) : createServer(serve);
    const port = await freePort();
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    client = new HookClient(
      {
        name: 'backend',
        url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/MyAPI`,
        methods: [],
        timeoutMs: 2_000,
        retries: 0,
        maxConnections: 1,
        auth: { type: 'none' },
        tls: { insecureSkipVerify: true },
      },
      () => ({}),
      null,
      { clock: systemClock, version: '1.2.3' },
    );
    return client;
  }

  it.each<[string, readonly string[]]>([
    ['an unasked 100 in a packet of its own, as IIS sends it', [CONTINUE, REFUSED]],
    ['a 100 in the packet of the final reply', [CONTINUE + REFUSED]],
    ['several in a row', [CONTINUE, CONTINUE + CONTINUE, REFUSED]],
    ['102 and 103', [`HTTP/1.1 102 Processing\r\n\r\n${EARLY_HINTS}`, REFUSED]],
    ['a 100 behind a 103', [EARLY_HINTS, CONTINUE, REFUSED]],
    ['a 100 with headers', ['HTTP/1.1 100 Continue\r\nServer: IIS\r\nDate: today\r\n\r\n', REFUSED]],
    ['a 100 without a reason phrase', ['HTTP/1.1 100\r\n\r\n', REFUSED]],
    ['a 100 of HTTP/1.0', ['HTTP/1.0 100 Continue\r\n\r\n', REFUSED]],
    ['packets of one byte', [...(CONTINUE + EARLY_HINTS + REFUSED)]],
    ['none, in two packets', ['HTTP/1.1 4', '03 Forbidden\r\nContent-Length: 0\r\n\r\n']],
  ])('are skipped: the final status counts after %s, on each request of the connection', async (_what, packets) => {
    const hook = await backend(packets);
    for (let round = 1; round <= 3; round++) {
      expect(await hook.post('keepAlive', request)).toMatchObject({ kind: 'status', status: 403 });
    }
    expect([requests, connections]).toEqual([3, 1]);
  });

  it('are skipped over TLS', async () => {
    const hook = await backend([CONTINUE, REFUSED], { tls: true });
    expect(await hook.post('keepAlive', request)).toMatchObject({ kind: 'status', status: 403 });
  });

  it('leave a body alone that begins like one, in a packet of its own', async () => {
    const body = 'HTTP/1.1 100 Continue\r\n\r\n{"name":"b"}';
    const hook = await backend([`${CONTINUE}HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`, body]);
    expect(await hook.post('admission', request)).toMatchObject({ kind: 'status', status: 200, body });
  });

  it('are no answer if the connection ends after them', async () => {
    const hook = await backend([CONTINUE]);
    const reply = hook.post('keepAlive', { ...request, timeoutMs: 500 });
    expect(await reply).toMatchObject({ kind: 'failure', failure: 'timeout' });
  });

  it('do not grow without a limit', async () => {
    const hook = await backend([`HTTP/1.1 100 Continue\r\nX: ${'x'.repeat(200_000)}`]);
    expect(await hook.post('keepAlive', request)).toMatchObject({ kind: 'failure' });
  });
});
