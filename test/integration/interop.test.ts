import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../harness/backend.ts';
import { shownFrames, startBrowser } from '../harness/browser.ts';
import { Firefox, ownAddress } from '../harness/firefox.ts';
import { TestServer } from '../harness/media-server.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';
import type { WebPage } from '../harness/web-page.ts';

const SLOW = { timeoutMs: 20_000 };

type Client = {
  live(): Promise<unknown>;
  /** Resolves when media has been decoded; players only. */
  shown(): Promise<unknown>;
  over(): Promise<unknown>;
  stop(): Promise<unknown>;
};
type Start = (mode: 'publish' | 'play', name: string) => Promise<Client>;

let backend: Backend;
let server: TestServer;
let browser: Browser;
let firefox: Firefox;
const clients: Client[] = [];

/** Two GStreamer clients, which send no consent checks (RFC 7675), stay live during all other tests. */
const LONG = 'long';
const longClients: Client[] = [];
let longSince = Infinity;

beforeAll(async () => {
  backend = await Backend.start();
  const media = { announcedAddress: await ownAddress() };
  server = await TestServer.start({ hookUrl: backend.url, listenAddress: '0.0.0.0', mediaServer: { media } });
  browser = await startBrowser();
  firefox = await Firefox.start();
  await publishing('GStreamer', LONG);
  await (await started('GStreamer', 'play', LONG)).shown();
  longSince = performance.now();
  longClients.push(...clients.splice(0));
});

afterEach(async () => {
  const others = (await server.streams()).filter(({ name }) => name !== LONG);
  await server.terminate({ mediaSessionIds: others.map(({ mediaSessionId }) => mediaSessionId) });
  backend.allowAll();
  for (const client of clients.splice(0)) await client.stop();
});

afterAll(async () => {
  for (const client of longClients) await client.stop();
  await firefox?.close();
  await browser?.close();
  await server?.stop();
  await backend?.close();
});

function scriptClient(run: RunningProcess): Client {
  const says = (what: string, line: (text: string) => boolean) =>
    until(`${what}; so far: ${run.lines.join(' | ')}`, () => run.lines.some(line), SLOW);
  return {
    live: () => says('it is connected', (text) => text === 'state connected'),
    shown: async () => {
      await says('audio is decoded', (text) => text === 'frame audio');
      await says('video is decoded', (text) => text === 'frame video');
    },
    over: () => says('it is over', (text) => /^state (closed|failed|disconnected)$/.test(text)),
    stop: () => run.stop('SIGKILL'),
  };
}

function pageClient(page: WebPage): Client {
  const state = async () => (await page.locator('#state').textContent()) ?? '';
  return {
    live: () => until('the page is live', async () => /^(Live|Playing)$/.test(await state()), SLOW),
    shown: () => until('the picture moves', async () => (await shownFrames(page)) > 5, SLOW),
    over: () => until('the page says that it has ended', async () => (await state()).startsWith('Ended'), SLOW),
    stop: () => page.close(),
  };
}

const urlOf = (mode: 'publish' | 'play', name: string): string =>
  `${server.url}/${mode === 'publish' ? 'whip' : 'whep'}/defaultApp/${name}`;

const STARTS: Readonly<Record<string, Start>> = {
  Chromium: async (mode, name) => {
    const page = await browser.newPage();
    await page.goto(`${server.url}/${mode}?name=${name}`);
    await page.locator('#start').click();
    return pageClient(page);
  },
  Firefox: async (mode, name) => {
    const page = await firefox.open(`${server.url}/${mode}?name=${name}`);
    await page.locator('#start').click();
    return pageClient(page);
  },
  aiortc: async (mode, name) =>
    scriptClient(
      startProcess(process.env['SLUICE_PYTHON'] ?? 'python3', [
        'test/clients/aiortc_client.py',
        mode,
        urlOf(mode, name),
      ]),
    ),
  GStreamer: async (mode, name) =>
    // Debian's Python has the GStreamer bindings.
    scriptClient(startProcess('/usr/bin/python3', ['test/clients/gstreamer_client.py', mode, urlOf(mode, name)])),
};

async function started(kind: string, mode: 'publish' | 'play', name: string): Promise<Client> {
  const start = STARTS[kind];
  if (!start) throw new Error(`no client ${kind}`);
  const client = await start(mode, name);
  clients.push(client);
  await client.live();
  return client;
}

async function publishing(kind: string, name: string): Promise<Client> {
  const client = await started(kind, 'publish', name);
  await until(
    'the publication is live',
    async () => (await server.streams()).some((s) => s['name'] === name && s['status'] === 'PUBLISHING'),
    SLOW,
  );
  return client;
}

const kinds = Object.keys(STARTS);
const BROWSERS = ['Chromium', 'Firefox'];

/** Firefox meets browsers only, which spares half a minute. */
const playersOf = (publisher: string): readonly string[] =>
  publisher === 'Firefox' ? BROWSERS : kinds.filter((kind) => kind !== 'Firefox' || BROWSERS.includes(publisher));

describe.each(kinds)('published by %s', (publisherKind) => {
  it.each(playersOf(publisherKind))('played by %s: ended in every way, and resumed', async (playerKind) => {
    const name = `${publisherKind}-${playerKind}`;
    const publisher = await publishing(publisherKind, name);
    const player = await started(playerKind, 'play', name);
    await player.shown();

    backend.refuseKeepAlive((stream) => stream['name'] === name && stream['published'] === false);
    await player.over();
    backend.allowAll();
    const again = await started(playerKind, 'play', name);
    await again.shown();

    expect((await server.terminate({ name, published: true })).status).toBe(200);
    await publisher.over();
    await again.over();
    const republished = await publishing(publisherKind, name);
    const replayed = await started(playerKind, 'play', name);
    await replayed.shown();

    backend.refuseKeepAlive((stream) => stream['name'] === name && stream['published'] === true);
    await republished.over();
    await replayed.over();
  });
});

/** Longer than a client may be silent, plus the interval of the checks. */
const LONG_MS = 33_000;

it('GStreamer, which sends no consent checks, is not disconnected', { timeout: 60_000 }, async () => {
  const enough = (): boolean => performance.now() - longSince > LONG_MS;
  await until('enough time is over', enough, { timeoutMs: LONG_MS + 1_000, everyMs: 200 });
  const streams = (await server.streams()).map(({ name, status }) => ({ name, status }));
  expect(streams, server.process.lines.filter((line) => line.includes(`"${LONG}"`)).join('\n')).toEqual([
    { name: LONG, status: 'PUBLISHING' },
    { name: LONG, status: 'PLAYING' },
  ]);
});
