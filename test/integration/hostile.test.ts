import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';

let server: TestServer;
let client: RtcClient;

beforeAll(async () => {
  server = await TestServer.start();
  client = await RtcClient.publish(`${server.url}/whip/defaultApp/victim`);
  await client.connected();
});

afterAll(async () => {
  client?.close();
  await server?.stop();
});

/** Sends bytes over a new socket and returns the first line of the answer; empty without an answer. */
function answerTo(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.end(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
  });
}

async function expectUnharmed(): Promise<void> {
  expect(await server.streams()).toMatchObject([{ name: 'victim' }]);
  expect(client.state).toBe('connected');
  expect(server.process.child.exitCode).toBeNull();
}

const post = (path: string, headers: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;

describe('requests that no client sends', () => {
  it.each([
    ['garbage', 'garbage\r\n\r\n', /400/],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /400|505/],
    ['headers of 64 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`, /431/],
    [
      'two lengths',
      post(
        '/rest-api/stream/terminate',
        'Content-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3',
        '{}',
      ),
      /400/,
    ],
    [
      'a length and chunks',
      post(
        '/rest-api/stream/terminate',
        'Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked',
        '2\r\n{}\r\n0\r\n\r\n',
      ),
      /400/,
    ],
    [
      'a body that stops half way',
      post('/rest-api/stream/terminate', 'Content-Type: application/json\r\nContent-Length: 100', '{'),
      /400|^$/,
    ],
    [
      'a chunk of a negative size',
      post(
        '/rest-api/stream/terminate',
        'Content-Type: application/json\r\nTransfer-Encoding: chunked',
        '-1\r\n{}\r\n0\r\n\r\n',
      ),
      /400/,
    ],
    [
      'a deep body',
      post(
        '/rest-api/stream/terminate',
        `Content-Type: application/json\r\nContent-Length: 200000`,
        '['.repeat(200_000),
      ),
      /400/,
    ],
    [
      'a body that claims to be compressed',
      post(
        '/rest-api/stream/terminate',
        'Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4',
        'null',
      ),
      /400|415/,
    ],
    ['a NUL in the path', 'GET /rest-api/stream/find_all\0 HTTP/1.1\r\nHost: x\r\n\r\n', /400/],
  ])('%s', async (_what, bytes, expected) => {
    expect(await answerTo(bytes)).toMatch(expected);
    await expectUnharmed();
  });

  it('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
        await answerTo(Buffer.from(bytes));
      }),
      { numRuns: 100 },
    );
    await expectUnharmed();
  });

  it('random offers, fragments and If-Match', async () => {
    const location = client.location;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'PATCH'),
        fc.string({ maxLength: 300 }),
        fc.constantFrom('*', '"x"', '', client.etag),
        async (method, text, ifMatch) => {
          const offer = method === 'POST';
          const response = await fetch(offer ? `${server.url}/whip/defaultApp/other` : location, {
            method,
            headers: {
              'content-type': offer ? 'application/sdp' : 'application/trickle-ice-sdpfrag',
              ...(ifMatch === '' ? {} : { 'if-match': ifMatch }),
            },
            body: offer ? `v=0\r\n${text}` : text,
          });
          await response.arrayBuffer();
          // A fragment without credentials is trickle ICE, as the RFC says.
          if (response.status === 204 && !offer && ['*', client.etag].includes(ifMatch)) return;
          expect(response.status).toBeGreaterThanOrEqual(400);
          expect(response.status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
    await expectUnharmed();
  });
});
