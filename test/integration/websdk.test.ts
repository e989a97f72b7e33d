import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../harness/backend.ts';
import { ownAddress } from '../harness/firefox.ts';
import { TestServer } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { startProcess } from '../harness/processes.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { SlowProxy } from '../harness/slow-proxy.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';
import type { WebPage } from '../harness/web-page.ts';
import { textIs, WebSdkPages, WITHOUT_MEDIA } from '../harness/websdk-pages.ts';
import { tellStory } from '../harness/websdk-story.ts';

const NAME = 'streamName';

function story(pages: WebSdkPages<WebPage>, server: TestServer, backend: Backend): Promise<void> {
  const terminate = async (filter: object): Promise<number> => (await server.terminate(filter)).status;
  return tellStory({ pages, socketUrl: server.socketUrl, name: NAME, backend, terminate });
}

describe('the pages of the Web SDK 2.0.276', () => {
  let backend: Backend;
  let server: TestServer;
  let pages: WebSdkPages;

  beforeAll(async () => {
    backend = await Backend.start();
    server = await TestServer.start({ hookUrl: backend.url, mediaServer: { webSdk: {} } });
    pages = await WebSdkPages.start('2.0.276');
  });
  afterAll(async () => {
    await pages?.stop();
    await server?.stop();
    await backend?.close();
  });
  afterEach(async () => {
    backend.allowAll();
    await pages.clear();
    await until('no session is left', async () => (await server.metric('sluice_sessions')) === 0);
    backend.calls.length = 0;
  });

  it('publish, play, and are stopped by the server', () => story(pages, server, backend));

  it('are one session for the backend, from connect to DISCONNECTED', async () => {
    const publisher = await pages.streaming(server.socketUrl, NAME);
    await publisher.publish();
    const id = await publisher.streamId();
    await publisher.stop();
    await publisher.shows({ status: 'UNPUBLISHED', info: 'Stopped by user' });
    await publisher.publish();
    await publisher.disconnect();
    await backend.waitFor('ConnectionStatusEvent', ({ body }) => body['status'] === 'DISCONNECTED');

    const calls = backend.calls.filter(({ method }) => method !== 'StreamKeepAliveEvent');
    expect(calls.map(({ body, method }) => [method, body['status'], body['info'] ?? ''])).toEqual([
      ['connect', 'PENDING', ''],
      ['ConnectionStatusEvent', 'ESTABLISHED', ''],
      ['publishStream', 'PENDING', ''],
      ['StreamStatusEvent', 'PUBLISHING', ''],
      ['unPublishStream', 'UNPUBLISHED', 'Stopped by user'],
      ['StreamStatusEvent', 'UNPUBLISHED', 'Stopped by user'],
      ['publishStream', 'PENDING', ''],
      ['StreamStatusEvent', 'PUBLISHING', ''],
      ['StreamStatusEvent', 'UNPUBLISHED', 'Stopped by session disconnect'],
      ['ConnectionStatusEvent', 'DISCONNECTED', 'Stopped by session disconnect'],
    ]);
    expect(new Set(calls.map(({ body }) => body['sessionId'])).size).toBe(1);
    expect(calls[2]?.body['mediaSessionId']).toBe(id);
    const sequence = backend.calls.map(({ headers }) => Number(headers['x-sluice-sequence']));
    expect(sequence.toSorted((a, b) => a - b)).toEqual(backend.calls.map((_, index) => index + 1));
  });

  it('stop a stream although the peer connection closes before the message arrives', async () => {
    const slow = await SlowProxy.start(Number(new URL(server.socketUrl).port), 60);
    const publisher = await pages.streaming(`ws://127.0.0.1:${slow.port}`, NAME);
    await publisher.publish();
    const player = await pages.player(`ws://127.0.0.1:${slow.port}`, NAME);
    await player.play();
    await player.press();
    await player.shows({ status: 'STOPPED', info: 'Stopped by user' });
    await backend.waitFor('stopStream');
    await publisher.stop();
    await publisher.shows({ status: 'UNPUBLISHED', info: 'Stopped by user' });
    await backend.waitFor('unPublishStream');
    await pages.clear();
    slow.stop();
  });

  it('end with their socket, whoever closes it', async () => {
    const proxy = await SlowProxy.start(Number(new URL(server.socketUrl).port), 0);
    const player = await pages.player(server.socketUrl, NAME);
    for (const close of ['disconnect', 'cut'] as const) {
      const publisher = await pages.streaming(`ws://127.0.0.1:${proxy.port}`, NAME);
      await publisher.publish();
      await player.play();
      if (close === 'disconnect') await publisher.disconnect();
      else proxy.stop();
      await publisher.shows({ status: 'FAILED', info: '' });
      await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
    }
  });

  it.each(['TCP', 'UDP'])('send media by %s if they ask for it, and are stopped', async (transport) => {
    const publisher = await pages.streaming(server.socketUrl, NAME);
    await publisher.page.evaluate(`{
      const create = currentSession.createStream;
      currentSession.createStream = (options) => create({ ...options, transport: '${transport}' });
    }`);
    await publisher.publish();
    const player = await pages.player(server.socketUrl, NAME);
    await player.play();
    const published = (await server.streams()).find((stream) => stream['published']);
    expect(published).toMatchObject({ transport });
    await server.terminate({ name: NAME, published: true });
    await publisher.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
    await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
  });

  it('play what WHIP publishes, and publish what WHEP plays', async () => {
    const whip = await RtcClient.publish(`${server.url}/whip/defaultApp/whip`);
    await whip.connected();
    const player = await pages.player(server.socketUrl, 'whip');
    await player.press();
    await player.shows({ status: 'PLAYING', info: '' });
    await server.terminate({ name: 'whip', published: true });
    await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
    whip.close();
    const publisher = await pages.streaming(`${server.url.replace('http', 'ws')}/websdk`, NAME);
    await publisher.publish();
    const whep = await RtcClient.play(`${server.url}/whep/defaultApp/${NAME}`);
    await whep.connected();
    await publisher.stop();
    await whep.ended();
    whep.close();
  });

  it('show why a stream does not start', async () => {
    const player = await pages.player(server.socketUrl, NAME);
    await player.press();
    await player.shows({ status: 'FAILED', info: 'Stream not found' });
    const first = await pages.streaming(server.socketUrl, NAME);
    await first.publish();
    const second = await pages.streaming(server.socketUrl, NAME);
    await second.press();
    await second.shows({ status: 'FAILED', info: 'Stream name is already in use' });
    backend.answer = ({ method }) => (/^(publish|play)Stream$/.test(method) ? 403 : 200);
    await player.press();
    await player.shows({ status: 'FAILED', info: 'Restricted access' });
    await first.stop();
    await second.press();
    await second.shows({ status: 'FAILED', info: 'Restricted access' });
  });

  it('show that media does not arrive', async () => {
    const publisher = await pages.streaming(server.socketUrl, NAME);
    await publisher.publish();
    const blocked = [
      await pages.streaming(server.socketUrl, 'blocked', WITHOUT_MEDIA),
      await pages.player(server.socketUrl, NAME, WITHOUT_MEDIA),
    ];
    for (const page of blocked) await page.press();
    for (const page of blocked) await page.shows({ status: 'FAILED', info: 'Failed by ICE timeout' });
    await publisher.shows({ status: 'PUBLISHING', info: '' });
  });

  it('show why a session does not start', async () => {
    const { socketUrl } = server;
    const page = await pages.streaming(socketUrl, NAME);
    const apiMethod = 'ConnectionStatusEvent';
    const refused = (info: string): unknown[] => [{ apiMethod, info, status: 'FAILED' }, 'DISCONNECTED'];
    expect(await page.connectTo('defaultApp')).toEqual(['ESTABLISHED']);
    expect(await page.connectTo('other')).toEqual(refused('app "other" not found'));
    backend.answer = () => 403;
    expect(await page.connectTo('defaultApp')).toEqual(refused('Forbidden'));
    backend.answer = () => 503;
    expect(await page.connectTo('defaultApp')).toEqual(refused(expect.stringContaining('the backend cannot be asked')));
  });

  it('publish, play, ask and send in one session', async () => {
    const page = await pages.example('two_way_streaming', server.socketUrl, NAME);
    await page.locator('#availableBtn').click();
    await textIs(page, '#availableStatus', 'UNAVAILABLE');
    await textIs(page, '#availableInfo', 'Stream not found');
    await page.locator('#publishBtn').click();
    await textIs(page, '#publishStatus', 'PUBLISHING');
    await page.locator('#availableBtn').click();
    await textIs(page, '#availableStatus', 'AVAILABLE');
    await page.locator('#playBtn').click();
    await textIs(page, '#playStatus', 'PLAYING');
    await page.locator('#sendDataBtn').click();
    await until('the data has arrived', async () => /"count":23/.test(await receivedBy(page)));
    expect(new Set(backend.calls.map(({ body }) => body['sessionId'])).size).toBe(1);
    await page.locator('#playBtn').click();
    await textIs(page, '#playStatus', 'STOPPED');
  });

  it('come back by themselves after the server has stopped them', async () => {
    const page = await pages.example('stream-auto-restore', server.socketUrl, NAME);
    await page.locator('#publishBtn').click();
    await textIs(page, '#publishStatus', 'PUBLISHING');
    await page.locator('#playBtn').click();
    await textIs(page, '#playStatus', 'PLAYING');
    await server.terminate({ name: NAME, published: true });
    await textIs(page, '#publishStatus', 'FAILED');
    await textIs(page, '#publishStatus', 'PUBLISHING');
    await textIs(page, '#playStatus', 'PLAYING');
  });
});

describe.each([
  { name: 'of the Web SDK 2.0.180', open: () => WebSdkPages.start('2.0.180') },
  { name: 'in Firefox', open: () => WebSdkPages.inFirefox('2.0.276') },
])('the pages $name', ({ open }) => {
  it('publish, play, and are stopped by the server', async ({ onTestFinished }) => {
    const backend = await Backend.start();
    onTestFinished(() => backend.close());
    const media = { announcedAddress: await ownAddress() };
    const setup = { listenAddress: '0.0.0.0', mediaServer: { webSdk: {}, media } };
    const server = await TestServer.start({ ...setup, hookUrl: backend.url });
    onTestFinished(() => server.stop());
    const pages = await open();
    onTestFinished(() => pages.stop());
    await story(pages, server, backend);
  });
});

describe('pages whose sockets are on different pods', () => {
  it('share names and publications, and are stopped together', async ({ onTestFinished }) => {
    const fleet = await TestFleet.start(2, { mediaServer: { webSdk: {} } });
    onTestFinished(() => fleet.stop());
    const pages = await WebSdkPages.start('2.0.276');
    onTestFinished(() => pages.stop());
    const [near, far] = fleet.servers;
    if (!near || !far) throw new Error('there are no two pods');
    const publisher = await pages.streaming(near.socketUrl, NAME);
    await publisher.publish();
    const player = await pages.player(far.socketUrl, NAME);
    await player.play();
    const second = await pages.streaming(far.socketUrl, NAME);
    await second.press();
    await second.shows({ status: 'FAILED', info: 'Stream name is already in use' });
    expect((await far.terminate({ name: NAME })).body).toMatchObject({ matched: 2, terminated: 2 });
    await publisher.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
    await player.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
  });
});

describe('the pages of a media server that shuts down', () => {
  it('may not publish, and play on', async ({ onTestFinished }) => {
    const server = await TestServer.start({ mediaServer: { webSdk: {}, drain: { timeout: '10m' } } });
    onTestFinished(() => server.stop());
    const pages = await WebSdkPages.start('2.0.276');
    onTestFinished(() => pages.stop());
    const publisher = await pages.streaming(server.socketUrl, NAME);
    await publisher.publish();
    const page = await pages.example('two_way_streaming', server.socketUrl, NAME);
    await page.locator('#playBtn').click();
    await textIs(page, '#playStatus', 'PLAYING');
    server.process.child.kill('SIGTERM');
    await until('it drains', async () => !(await fetch(`${server.opsUrl}/readyz`)).ok);
    await page.locator('#publishStream').fill('other');
    await page.locator('#publishBtn').click();
    await textIs(page, '#publishStatus', 'FAILED');
    await textIs(page, '#publishInfo', 'Other: this media server is shutting down');
    await textIs(page, '#playStatus', 'PLAYING');
    await publisher.stop();
    await textIs(page, '#playStatus', 'FAILED');
    await textIs(page, '#connectStatus', 'DISCONNECTED');
    await until('it has ended', () => server.process.child.exitCode === 0);
  });
});

describe('a backend that knows only the page of the call', () => {
  it('stops streams of the pages', async ({ onTestFinished }) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-php-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const denied = join(folder, 'denied.txt');
    const port = await freePort();
    const php = startProcess('php', ['-S', `127.0.0.1:${port}`, join(import.meta.dirname, BACKEND)], {
      env: { DENIED: denied },
    });
    onTestFinished(() => php.stop());
    const server = await TestServer.start({ hookUrl: `http://127.0.0.1:${port}/MyAPI`, mediaServer: { webSdk: {} } });
    onTestFinished(() => server.stop());
    const pages = await WebSdkPages.start('2.0.276');
    onTestFinished(() => pages.stop());
    const publisher = await pages.streaming(server.socketUrl, NAME);
    await publisher.publish();
    const player = await pages.player(server.socketUrl, NAME);
    await player.play();
    await writeFile(denied, `play ${NAME}\n`);
    await player.shows({ status: 'FAILED', info: 'Terminated by keep-alive' });
    await publisher.shows({ status: 'PUBLISHING', info: '' });
    await writeFile(denied, `publish ${NAME}\n`);
    await publisher.shows({ status: 'FAILED', info: 'Terminated by keep-alive' });
    await writeFile(denied, '');
    await publisher.publish();
    await player.play();
  });
});

const BACKEND = '../../examples/backend/backend.php';
const receivedBy = async (page: Page): Promise<string> => (await page.locator('#receivedData').textContent()) ?? '';
