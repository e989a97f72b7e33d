import { request } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSdkClient } from '../clients/websdk-client.ts';
import { savedOffer } from '../fixtures/sdp/offers.ts';
import { Backend, type Reply } from '../harness/backend.ts';
import { selfSigned } from '../harness/certificate.ts';
import { TestServer } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { until } from '../harness/wait.ts';

const publication = (mediaSessionId: string, name: string): object => ({
  ...{ mediaSessionId, name, published: true, mediaProvider: 'WebRTC', hasAudio: true, hasVideo: true },
  sdp: savedOffer('chromium-publish'),
});

const UPGRADE = {
  ...{ connection: 'Upgrade', upgrade: 'websocket' },
  ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
};

/** The status of the answer to an upgrade; 101 = a socket was opened. `ca` is the certificate to trust. */
function upgrade(url: string, headers: Readonly<Record<string, string>> = {}, ca = ''): Promise<number> {
  const ask = url.startsWith('wss') ? requestOverTls : request;
  return new Promise((resolve, reject) => {
    const asked = ask(url.replace(/^ws/, 'http'), {
      ca,
      headers: { ...UPGRADE, ...headers },
    });
    asked.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('upgrade', (_response, socket) => {
      socket.destroy();
      resolve(101);
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** A socket of a client that sends nothing, and does not answer a close frame. */
function silentSocket(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asked = request(url.replace(/^ws/, 'http'), { headers: { ...UPGRADE, ...headers } });
    asked.once('upgrade', (_response, socket) => {
      socket.on('error', () => undefined).resume();
      resolve(socket);
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('without spec.webSdk', () => {
  it('there is no port, and upgrades are ordinary requests', async ({ onTestFinished }) => {
    const server = await TestServer.start();
    onTestFinished(() => server.stop());
    expect(await upgrade(`${server.url}/websdk`)).toBe(404);
    expect((await fetch(`${server.url}/websdk`)).status).toBe(404);
    await expect(upgrade(server.socketUrl)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('the sockets of a media server', () => {
  let backend: Backend;
  let server: TestServer;
  let onRest: string;

  beforeAll(async () => {
    backend = await Backend.start();
    const limits = { streamsPerConnection: 2 };
    const rest = { allowedOrigins: ['https://example.com'] };
    const mediaServer = { webSdk: { pingInterval: '1s' }, limits, rest };
    server = await TestServer.start({ hookUrl: backend.url, mediaServer });
    onRest = `${server.url.replace('http', 'ws')}/websdk`;
  });
  afterAll(async () => {
    await server?.stop();
    await backend?.close();
  });

  const left = async (): Promise<number[]> => [
    await server.metric('sluice_sessions'),
    await server.metric('sluice_streams'),
    await server.metric('sluice_worker_transports'),
  ];
  const leavesNothing = (): Promise<unknown> =>
    until('nothing is left', async () => (await left()).every((n) => n === 0));

  it('have any path on their own port, and /websdk on the port of REST', async () => {
    for (const path of ['', '/', '/a/b?x=1']) expect(await upgrade(`${server.socketUrl}${path}`)).toBe(101);
    expect(await upgrade(onRest)).toBe(101);
    expect(await upgrade(`${server.url}/whip/defaultApp/a`)).toBe(204);
    expect(await upgrade(`${server.url}/nowhere`)).toBe(404);
    expect(await upgrade(server.socketUrl, { upgrade: 'h2c' })).toBe(426);
    for (const [url, connection] of [
      [server.socketUrl.replace('ws', 'http'), 'upgrade, close'],
      [`${server.url}/websdk`, 'upgrade'],
      [`${server.url}/websdk/a?x=1`, 'upgrade'],
    ] as const) {
      const { headers, status } = await fetch(url);
      expect([url, status, headers.get('connection'), headers.get('upgrade')]).toEqual([
        url,
        426,
        connection,
        'websocket',
      ]);
    }
    expect((await fetch(`${server.url}/websdk`, { method: 'POST' })).status).toBe(405);
  });

  it('are opened for the origins of the MediaServer', async () => {
    expect(await upgrade(server.socketUrl, { origin: 'https://example.com' })).toBe(101);
    expect(await upgrade(onRest, { origin: 'https://evil.example' })).toBe(403);
    expect(await upgrade(onRest, { origin: 'https://evil.example' })).toBe(403);
    expect(await server.metric('sluice_websdk_closes_total', { reason: 'origin' })).toBe(2);
    const refused = server.log.filter(({ msg }) => String(msg).includes('spec.rest.allowedOrigins does not list'));
    expect(refused).toMatchObject([{ component: 'websdk', origin: 'https://evil.example' }]);
  });

  it('give no power over streams of others', async () => {
    const [owner, other] = [await WebSdkClient.connect(server.socketUrl), await WebSdkClient.connect(onRest)];
    owner.send('publishStream', publication('mine', 'a'));
    await owner.answer('setRemoteSDP');
    other.send('unPublishStream', { mediaSessionId: 'mine' });
    other.send('sendStreamEvent', { mediaSessionId: 'mine', type: 'data', payload: {} });
    expect(await other.answer('fail')).toMatchObject([{ info: 'Stream not found' }]);
    other.send('publishStream', publication('mine', 'b'));
    expect(await other.status('mine', 'FAILED')).toBe('info: Stream id is already in use');
    expect(await server.streams()).toMatchObject([{ mediaSessionId: 'mine', name: 'a' }]);
    owner.close();
    other.close();
    await leavesNothing();
  });

  it('are closed by /connection/terminate', async () => {
    const client = await WebSdkClient.connect(server.socketUrl);
    client.send('publishStream', publication('p', 'a'));
    await client.answer('setRemoteSDP');
    const { body } = await server.api('/connection/find_all');
    const [{ sessionId } = { sessionId: '' }] = body as { sessionId: string }[];
    expect((await server.api('/connection/terminate', { sessionId })).status).toBe(200);
    expect(await client.status('p', 'UNPUBLISHED')).toBe('info: Stopped by session disconnect');
    expect(await client.untilClosed()).toBe(1000);
    await leavesNothing();
  });

  it('hold a number of streams each, and are pinged', async () => {
    const client = await WebSdkClient.connect(server.socketUrl);
    for (const id of ['a', 'b', 'c']) client.send('publishStream', publication(id, id));
    expect(await client.status('c', 'FAILED')).toBe('info: the connection has reached its limit of 2 streams');
    await client.answer('ping');
    client.close();
    await leavesNothing();
  });

  it.each<[string, Reply, string]>([
    ['its reason phrase', 403, 'Forbidden'],
    ['a reason phrase of its own', { status: 402, phrase: 'No money left' }, 'No money left'],
    ['the reason in its body', { status: 403, body: '{"status":403,"reason":"no money"}' }, 'no money'],
    ['its reason phrase, for a page of HTML', { status: 403, body: '<h1>No</h1>' }, 'Forbidden'],
    ['its reason phrase, for a body that is too long', { status: 403, body: ' '.repeat(70_000) }, 'Forbidden'],
    [
      'its reason phrase, for a body that breaks off',
      (response, socket) => {
        response.writeHead(403, { 'content-length': '100' }).write('{');
        setTimeout(() => socket.destroy(), 100);
      },
      'Forbidden',
    ],
  ])('say why the backend refuses a session: %s', async (_what, reply, info) => {
    backend.answer = ({ method }) => (method === 'connect' ? reply : 200);
    const client = await WebSdkClient.open(server.socketUrl);
    client.send('connection', { appKey: 'defaultApp' });
    expect(await client.answer('fail')).toEqual([{ apiMethod: 'ConnectionStatusEvent', status: 'FAILED', info }]);
    expect(await client.untilClosed()).toBe(1008);
    backend.allowAll();
  });

  it('tell the backend and REST what their pages are', async () => {
    const versions = { clientVersion: '2.0', clientOSVersion: '5.0 (X11)', clientBrowserVersion: 'Mozilla/5.0' };
    const page = { ...versions, mediaProviders: ['WebRTC', 'MSE'] };
    const client = await WebSdkClient.connect(server.socketUrl, { appKey: 'defaultApp', ...page });
    expect(backend.of('connect').at(-1)?.body).toMatchObject(page);
    const event = await backend.waitFor('ConnectionStatusEvent', ({ body }) => body['clientOSVersion'] !== '');
    expect(event.body).toMatchObject({ ...page, status: 'ESTABLISHED' });
    expect((await server.api('/connection/find', { clientVersion: '2.0' })).body).toMatchObject([page]);
    client.close();
    await leavesNothing();
  });

  it.each([
    ['UDP', ['udp']],
    ['TCP', ['tcp']],
    ['', ['udp', 'tcp']],
  ])('are answered with candidates of the transport %j', async (transport, protocols) => {
    const client = await WebSdkClient.connect(server.socketUrl);
    client.send('publishStream', { ...publication('p', 'a'), transport });
    const [, sdp] = await client.answer('setRemoteSDP');
    const offered = [...String(sdp).matchAll(/^a=candidate:\S+ 1 (\w+) /gm)].map(([, protocol]) => protocol);
    expect([...new Set(offered)].sort()).toEqual([...protocols].sort());
    client.close();
    await leavesNothing();
  });

  it('leave nothing after 200 of them have come, published and gone', async () => {
    backend.calls.length = 0;
    const cycle = async (index: number): Promise<void> => {
      const client = await WebSdkClient.connect(index % 2 === 0 ? server.socketUrl : onRest);
      client.send('publishStream', publication(`id-${index}`, `name-${index}`));
      if (index % 3 !== 0) await client.answer('setRemoteSDP');
      if (index % 5 === 0) client.sendText('not JSON');
      client.close();
    };
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => cycle(round * 10 + index)));
    }
    await leavesNothing();
    const told = () => backend.of('ConnectionStatusEvent').filter(({ body }) => body['status'] === 'DISCONNECTED');
    await until('the backend was told of each end', () => backend.of('connect').length === told().length);
  });

  it('write neither SDP nor what clients pass into the log', () => {
    const text = JSON.stringify(server.log);
    expect(text).not.toMatch(/v=0|ice-ufrag|not JSON/);
  });
});

describe('a socket over TLS', () => {
  it('has a port and a certificate of its own, and follows the config', async ({ onTestFinished }) => {
    const { cert, key } = selfSigned('sockets');
    const [rest, sockets] = [await freePort(), await freePort()];
    const data = {
      'tls.crt': Buffer.from(cert).toString('base64'),
      'tls.key': Buffer.from(key).toString('base64'),
    };
    const certificateRef = { name: 'tls' };
    const server = await TestServer.start({
      mediaServer: {
        rest: { https: { port: rest, certificateRef }, allowedOrigins: ['https://a.example'] },
        webSdk: { https: { port: sockets, certificateRef } },
      },
      documents: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls' }, type: 'kubernetes.io/tls', data }],
    });
    onTestFinished(() => server.stop());
    expect(await upgrade(`wss://127.0.0.1:${sockets}/any`, {}, cert)).toBe(101);
    expect(await upgrade(`wss://127.0.0.1:${rest}/websdk`, {}, cert)).toBe(101);
    const origin = 'https://b.example';
    expect(await upgrade(server.socketUrl, { origin })).toBe(403);
    await server.edit((text) => text.replace('https://a.example', origin));
    await until('the new origin is allowed', async () => (await upgrade(server.socketUrl, { origin })) === 101);
  });
});

describe('sockets that say nothing', () => {
  it('are limited for each client, as trusted proxies tell its address', async ({ onTestFinished }) => {
    const limits = { connections: 320 };
    const rest = { trustedProxies: ['127.0.0.1/32'] };
    const server = await TestServer.start({ mediaServer: { webSdk: {}, limits, rest } });
    onTestFinished(() => server.stop('SIGKILL'));
    const client = (address: string) => ({ 'x-forwarded-for': address });
    const ofOne = Array.from({ length: 20 }, () => silentSocket(server.socketUrl, client('192.0.2.1')));
    const sockets = await Promise.all(ofOne);
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    expect(await upgrade(server.socketUrl, client('192.0.2.1'))).toBe(503);
    expect(await upgrade(server.socketUrl, client('192.0.2.2'))).toBe(101);
    expect(await server.metric('sluice_websdk_closes_total', { reason: 'silent_limit' })).toBe(1);
    sockets[0]?.destroy();
    await until('there is room again', async () => (await upgrade(server.socketUrl, client('192.0.2.1'))) === 101);
  });
});

describe('a media server that is stopped', () => {
  it('does not wait for clients that do not close their sockets', async ({ onTestFinished }) => {
    const server = await TestServer.start({ mediaServer: { webSdk: {} } });
    onTestFinished(() => server.stop('SIGKILL'));
    const sockets = await Promise.all(Array.from({ length: 3 }, () => silentSocket(server.socketUrl)));
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    const stoppedAt = performance.now();
    await server.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(3_000);
    await until('the sockets are closed', () => sockets.every(({ closed }) => closed));
  });

  it('closes its sockets, and tells the backend before it ends', async ({ onTestFinished }) => {
    const backend = await Backend.start();
    onTestFinished(() => backend.close());
    const server = await TestServer.start({ hookUrl: backend.url, mediaServer: { webSdk: {} } });
    const clients = [await WebSdkClient.connect(server.socketUrl), await WebSdkClient.connect(server.socketUrl)];
    clients[0]?.send('publishStream', publication('p', 'a'));
    await clients[0]?.answer('setRemoteSDP');
    await server.stop('SIGINT');
    expect(await Promise.all(clients.map((client) => client.untilClosed()))).toEqual([1001, 1001]);
    const ends = backend.of('ConnectionStatusEvent').filter(({ body }) => body['status'] === 'DISCONNECTED');
    expect(ends.map(({ body }) => body['info'])).toEqual(['Stopped by drain', 'Stopped by drain']);
  });
});
