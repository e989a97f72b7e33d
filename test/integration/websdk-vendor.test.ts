import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../harness/media-server.ts';
import { until } from '../harness/wait.ts';
import { WebSdkPages } from '../harness/websdk-pages.ts';

/** Set this to a folder to save a screenshot of the vendor's console. */
const SCREENSHOTS = process.env['SCREENSHOTS'];
const SLOW = { timeoutMs: 20_000 };

describe("the vendor's console and its REST module", () => {
  let pages: WebSdkPages;
  let server: TestServer;
  const complaints: string[] = [];

  beforeAll(async () => {
    pages = await WebSdkPages.start('2.0.276');
    const rest = { corsOrigins: [pages.origin] };
    server = await TestServer.start({ mediaServer: { webSdk: {}, workers: 2, rest } });
  });
  afterAll(async () => {
    await server?.stop();
    await pages?.stop();
  });
  afterEach(async () => {
    await pages.clear();
    await until('no session is left', async () => (await server.metric('sluice_sessions')) === 0);
    expect(complaints).toEqual([]);
  });

  async function openConsole(): Promise<Page> {
    const page = await pages.open('examples/demo/streaming/console/console.html');
    page.on('pageerror', (error) => complaints.push(error.message));
    return page;
  }

  /** Adds the media server as a node, and returns the selector of what belongs to it. */
  async function addNode(page: Page): Promise<(suffix?: string) => string> {
    const address = new URL(server.url).host;
    await page.locator('#nodeIp').fill(address);
    await page.locator('#addNodeFormSubmit').click();
    return (suffix = '') => `[id="${address.replace(/[.:]/g, '')}${suffix}"]`;
  }

  /** What a call of the REST module answers; null = rejected. */
  const rest = (page: Page, call: string): Promise<unknown> =>
    page.evaluate(`FlashphonerRestApi.instance('${server.url}', '${server.url}').${call}.catch(() => null)`);

  it('list a node with its streams and connections, and end a stream', async () => {
    const publisher = await pages.streaming(server.socketUrl, 'lobby');
    await publisher.publish();
    const player = await pages.player(server.socketUrl, 'lobby');
    await player.play();
    const page = await openConsole();
    const node = await addNode(page);
    await page.locator(`${node()}.list-group-item-success`).waitFor();
    const [cpu, memory, ...counts] = await page.locator(`${node('-state')} td`).allTextContents();
    // This process and two workers; connections, sockets, streams in and out.
    expect(counts).toEqual(['3', '2', '2', '1', '1']);
    expect(Number(cpu)).toBeGreaterThan(0);
    expect(Number(memory)).toBeGreaterThan(1e6);

    await page.locator(node()).click();
    const rows = page.locator('#streamsTableBody tr');
    await until('two streams are listed', async () => (await rows.count()) === 2, SLOW);
    const listed = await Promise.all((await rows.all()).map((row) => row.locator('th, td').allTextContents()));
    expect(listed.map((cells) => cells.slice(0, -1)).sort()).toEqual(
      [
        [await publisher.streamId(), 'lobby', 'WebRTC', 'PUBLISHING', 'IN', 'opus', 'VP8'],
        [await player.page.evaluate('stream.id()'), 'lobby', 'WebRTC', 'PLAYING', 'OUT', 'opus', 'VP8'],
      ].sort(),
    );
    if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/vendor-console.png` });

    const terminate = (type: 'IN' | 'OUT') =>
      rows.filter({ hasText: type }).getByRole('button', { name: 'TERMINATE' }).click();
    await terminate('OUT');
    await player.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
    await publisher.shows({ status: 'PUBLISHING', info: '' });
    await terminate('IN');
    await publisher.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
    // The next answers are 404: there is no stream.
    await page.waitForResponse((response) => response.url().endsWith('/stream/find_all') && response.status() === 404);
    await until('none is listed', async () => (await rows.count()) === 0);
    for (const kind of ['pulled', 'rtsp', 'api']) {
      await page.locator('#streamsTableInfoType').selectOption(kind);
      await page.locator('#streamsTableInfoTypeBtn').click();
      const group = kind === 'pulled' ? 'pull' : kind;
      await page.waitForResponse((response) => response.url().endsWith(`/${group}/find_all`));
    }
    expect(await rows.count()).toBe(0);
  });

  it('find and end sessions', async () => {
    const [first, second] = [
      await pages.streaming(server.socketUrl, 'a'),
      await pages.streaming(server.socketUrl, 'b'),
    ];
    await first.publish();
    const page = await openConsole();
    const all = (await rest(page, 'connection.findAll()')) as { sessionId: string; createDate: number }[];
    expect(all).toMatchObject([
      { appKey: 'defaultApp', clientVersion: '2.0', status: 'ESTABLISHED', origin: pages.origin },
      { appKey: 'defaultApp', clientVersion: '2.0', status: 'ESTABLISHED', origin: pages.origin },
    ]);
    expect(await rest(page, 'connection.find("2.0")')).toEqual(all);
    expect(await rest(page, 'connection.find("1.0")')).toBeNull();
    expect(await rest(page, 'stat.poll()')).toMatchObject({
      connection: { connections: '2', connections_websocket: '2' },
      stream: { streams_webrtc_in: '1', streams_rtmp_in: '0' },
    });

    const { sessionId } = all.toSorted((a, b) => a.createDate - b.createDate)[0] ?? { sessionId: '' };
    expect(await rest(page, `connection.terminate("${sessionId}")`)).toMatchObject({ matched: 1, terminated: 1 });
    await first.shows({ status: 'UNPUBLISHED', info: 'Stopped by session disconnect' });
    await until('its socket is closed', async () => (await first.session()) === '');
    expect(await second.session()).toBe('ESTABLISHED');
    expect(await rest(page, `connection.terminate("${sessionId}")`)).toBeNull();
    expect(await rest(page, 'connection.findAll()')).toHaveLength(1);
  });

  it('can read that a call does not exist', async () => {
    const page = await openConsole();
    for (const call of [
      'connection/set_log_level',
      'pull/find_all',
      'push/find_all',
      'rtsp/find_all',
      'api/find_all',
    ]) {
      expect(await page.evaluate(`fetch('${server.url}/rest-api/${call}').then(({ status }) => status)`)).toBe(404);
    }
    for (const call of ['cdn.showRoutes()', 'call.findAll()', 'mixer.findAll()', 'push.find()', 'rtsp.find()']) {
      expect(await rest(page, call)).toBeNull();
    }
  });
});

/** The address that the vendor's test page has built in. */
const BUILT_IN = '192.168.100.33:8080';

type Result = { readonly title: string; readonly state: string; readonly error: string };

/** The tests of `test/test.js`, each with its state once it has run. */
const RESULTS = `(() => {
  const testsOf = ({ suites, tests }) => [...tests, ...suites.flatMap(testsOf)];
  return testsOf(mocha.suite)
    .map((test) => ({ title: test.fullTitle(), state: test.state ?? '', error: test.err?.message ?? '' }))
    .filter(({ title }) => title.startsWith('flashphoner '));
})()`;

describe("the vendor's own tests", () => {
  let pages: WebSdkPages;
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start({ mediaServer: { webSdk: {} } });
    pages = await WebSdkPages.start('2.0.276', { hosts: { [BUILT_IN]: new URL(server.socketUrl).host } });
  });
  afterAll(async () => {
    await pages?.stop();
    await server?.stop();
  });

  it('pass, except one that fails with every server', { timeout: 120_000 }, async () => {
    // The other files of the page test SIP, the room API and devices.
    const page = await pages.open('test/test.html?grep=^flashphoner');
    const read = (): Promise<Result[]> => page.evaluate(RESULTS);
    const isOver = async () => (await read()).every(({ state }) => state !== '');
    await until('all tests have run', isOver, { timeoutMs: 100_000 });
    const results = await read();
    expect(results.filter(({ state }) => state === 'passed').map(({ title }) => title)).toEqual([
      'flashphoner should create session after initialization',
      'flashphoner should expose sessions',
      'flashphoner session should expose methods',
      'flashphoner session should connect',
      'flashphoner session status should be FAILED when connecting to closed port',
      'flashphoner session should disconnect',
      'flashphoner session should create stream',
      'flashphoner session should expose streams',
      'flashphoner session streams should expose methods',
      'flashphoner session streams should publish and play',
      'flashphoner session streams stream should fail on session disconnect',
      'flashphoner session streams instant publish stop should result in UNPUBLISHED event',
      'flashphoner session streams instant play stop should result in STOPPED/FAILED event',
      'flashphoner session streams play stream that is not available should result in FAILED event',
    ]);
    // The SDK keeps the video element of a player in the page, for its next one.
    expect(results.filter(({ state }) => state !== 'passed')).toEqual([
      {
        title: 'flashphoner session streams should clean up video',
        state: 'failed',
        error: expect.stringContaining('REMOTE_CACHED_VIDEO'),
      },
    ]);
  });
});
