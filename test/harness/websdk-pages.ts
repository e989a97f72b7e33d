import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join, normalize } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { FRAMES_OF_VIDEO, startBrowser } from './browser.ts';
import { Firefox } from './firefox.ts';
import { until } from './wait.ts';
import type { PageOpener, WebPage } from './web-page.ts';

/** The pinned versions of the vendor's package, `@flashphoner/websdk`. */
export const SDK_PACKAGES = { '2.0.276': '@flashphoner/websdk', '2.0.180': 'websdk-2.0.180' } as const;
export type SdkVersion = keyof typeof SDK_PACKAGES;

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const SLOW = { timeoutMs: 20_000 };

type Options = {
  /** Addresses of host names, also with a port, that the browser may reach besides loopback. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Where the pages are served; loopback by default. */
  readonly address?: string;
  /** How the browser reaches them if that is another way, such as a proxy. */
  readonly origin?: string;
};

const folderOf = (name: string): string => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

/** The folder of a version of the vendor's package. */
export const sdkFolder = (version: SdkVersion): string => folderOf(SDK_PACKAGES[version]);

/** The vendor's pages, byte for byte as in its package, and a browser that reaches loopback and `hosts` only. */
export class WebSdkPages<P extends WebPage = Page> {
  readonly #server: Server;
  readonly #browser: PageOpener<P>;
  readonly origin: string;

  private constructor(server: Server, browser: PageOpener<P>, origin: string) {
    this.#server = server;
    this.#browser = browser;
    this.origin = origin;
  }

  /** Opens the pages in Chromium. */
  static async start(version: SdkVersion, options: Options = {}): Promise<WebSdkPages> {
    const { address = '127.0.0.1', hosts = {} } = options;
    const browser = await Contexts.start(hosts);
    const server = await serve(version, address);
    const { port } = server.address() as AddressInfo;
    const { origin = `http://${address}:${port}` } = options;
    return new WebSdkPages(server, browser, origin);
  }

  /** Opens the pages in Firefox, which reaches loopback only. */
  static async inFirefox(version: SdkVersion): Promise<WebSdkPages<WebPage>> {
    const browser = await Firefox.start();
    const server = await serve(version, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    return new WebSdkPages(server, browser, `http://127.0.0.1:${port}`);
  }

  /** The port at which the pages are served. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Closes the pages. */
  clear(): Promise<void> {
    return this.#browser.clear();
  }

  /** Opens a page of the package; `script` runs before the page's scripts. */
  open(path: string, script = ''): Promise<P> {
    return this.#browser.open(`${this.origin}/${path}`, script);
  }

  /** `min/streaming.html`, connected to a media server. */
  async streaming(urlServer: string, name: string, script = ''): Promise<StreamingPage<P>> {
    const page = await this.open('examples/min/streaming.html', script);
    await page.locator('#urlServer').fill(urlServer);
    await page.locator('#streamName').fill(name);
    const streaming = new StreamingPage(page, name);
    await streaming.connect();
    return streaming;
  }

  /** An example of `demo/streaming` with its fields filled in, connected to a media server. */
  async example(name: string, urlServer: string, stream: string): Promise<P> {
    const page = await this.open(`examples/demo/streaming/${name}/${name}.html`);
    await page.locator('#urlServer').fill(urlServer);
    await page.locator('#connectBtn').click();
    await textIs(page, '#connectStatus', 'ESTABLISHED');
    for (const field of ['#publishStream', '#playStream']) await page.locator(field).fill(stream);
    return page;
  }

  /** `player.html`, before its start button is pressed. */
  async player(urlServer: string, name: string, script = ''): Promise<PlayerPage<P>> {
    const page = await this.open('examples/demo/streaming/player/player.html', script);
    await page.locator('#url').fill(urlServer);
    await page.locator('#streamName').fill(name);
    return new PlayerPage(page);
  }
}

/** Chromium with a browser context for each page. */
class Contexts implements PageOpener<Page> {
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(hosts: Readonly<Record<string, string>>): Promise<Contexts> {
    return new Contexts(await startBrowser({ hosts, loopbackOnly: true }));
  }

  async open(url: string, script: string): Promise<Page> {
    const context = await this.#browser.newContext({ ignoreHTTPSErrors: true });
    this.#contexts.push(context);
    const page = await context.newPage();
    await page.addInitScript(script);
    await page.goto(url);
    return page;
  }

  async clear(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

async function serve(version: SdkVersion, address: string): Promise<Server> {
  const server = createServer(async ({ url = '/' }, response) => {
    const file = fileOf(version, url);
    const content = await readFile(file).catch(() => null);
    if (content === null) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return server;
}

/** A file of the vendor's package, or of the packages that its test page expects in its `node_modules`. */
function fileOf(version: SdkVersion, url: string): string {
  // An absolute path has nothing above it after this.
  const path = normalize(decodeURIComponent(url.split('?')[0] ?? ''));
  const [, tool, rest] = /^\/node_modules\/(mocha|chai)(\/.*)$/.exec(path) ?? [];
  return tool === undefined || rest === undefined ? join(sdkFolder(version), path) : join(folderOf(tool), rest);
}

/** The status and the info of the newest stream of a page, as the SDK has them. */
export type Shown = { readonly status: string; readonly info: string };

/** The page `examples/min/streaming.html`. */
export class StreamingPage<P extends WebPage = Page> {
  readonly page: P;
  readonly #name: string;

  constructor(page: P, name: string) {
    this.page = page;
    this.#name = name;
  }

  async connect(): Promise<void> {
    await this.page.locator('#connect').click();
    await until('the session is established', async () => (await this.session()) === 'ESTABLISHED', SLOW);
  }

  /** The status of the session; empty once the page has forgotten it. */
  session(): Promise<string> {
    return this.page.evaluate('currentSession ? currentSession.status() : ""');
  }

  /** Presses publish, and keeps the stream, which the page itself does not. */
  async press(): Promise<void> {
    await this.page.evaluate(KEEP_STREAM);
    await this.page.locator('#publish').click();
  }

  /** Publishes, and waits until the page shows it. */
  async publish(): Promise<void> {
    await this.press();
    await this.shows({ status: 'PUBLISHING', info: '' });
    await this.page.locator(`[id="${this.#name}-PUBLISH"]`).waitFor();
  }

  /** What the SDK tells about a session of its own: warnings, then its last status. */
  connectTo(appKey: string): Promise<unknown[]> {
    return this.page.evaluate(`(${CONNECT})(${JSON.stringify(appKey)})`);
  }

  /** Presses the button that the page adds to a publication. */
  stop(): Promise<void> {
    return this.page.locator('input[value=Unpublish]').click();
  }

  disconnect(): Promise<void> {
    return this.page.locator('#disconnect').click();
  }

  streamId(): Promise<string> {
    return this.page.evaluate('kept.id()');
  }

  shows(expected: Shown): Promise<unknown> {
    return shows(this.page, 'kept', expected);
  }
}

/** A script that lets peer connections use relays only, of which there are none: as if a firewall dropped all media. */
export const WITHOUT_MEDIA = `window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration, ...more) {
    super({ ...configuration, iceTransportPolicy: 'relay' }, ...more);
  }
};`;

/** Wraps `createStream` of the page's session. */
const KEEP_STREAM = `(() => {
  const create = currentSession.createStream;
  currentSession.createStream = (options) => (window.kept = create(options));
})()`;

/** Opens one more session in the page, to an app that the page does not name. */
const CONNECT = `(appKey) => new Promise((resolve) => {
  const { WARN, ESTABLISHED, DISCONNECTED, FAILED } = SESSION_STATUS;
  const seen = [];
  const end = (session) => resolve([...seen, session.status()]);
  Flashphoner.createSession({ urlServer: elementValue('urlServer'), appKey })
    .on(WARN, ({ apiMethod, info, status }) => seen.push({ apiMethod, info, status }))
    .on(ESTABLISHED, end).on(DISCONNECTED, end).on(FAILED, end);
})`;

/** Of the video that has decoded most: the SDK keeps a hidden one besides. */
const FRAMES = `Math.max(0, ...[...document.querySelectorAll('video')].map((video) => ${FRAMES_OF_VIDEO}))`;

/** The page `examples/demo/streaming/player/player.html`. */
export class PlayerPage<P extends WebPage = Page> {
  readonly page: P;

  constructor(page: P) {
    this.page = page;
  }

  async press(): Promise<void> {
    await this.page.locator('#playBtn:enabled').click();
  }

  /** Presses start, and waits until the picture moves. */
  async play(): Promise<void> {
    await this.press();
    await this.shows({ status: 'PLAYING', info: '' });
    const before = await this.frames();
    await until('the picture moves', async () => (await this.frames()) > before + 3, SLOW);
  }

  /** Frames that the browser has decoded. */
  frames(): Promise<number> {
    return this.page.evaluate(FRAMES);
  }

  /** Waits until the page itself shows a status and an info. */
  async showsText({ info, status }: Shown): Promise<void> {
    await textIs(this.page, '#status', status);
    await textIs(this.page, '#info', info);
  }

  shows(expected: Shown): Promise<unknown> {
    return shows(this.page, 'stream', expected);
  }
}

/** Waits until an element of a page shows a text. */
export function textIs(page: WebPage, selector: string, text: string): Promise<unknown> {
  return until(`${selector} is ${text}`, async () => (await page.locator(selector).textContent()) === text, SLOW);
}

/** Waits for a status, and compares the info as soon as the status is there. */
async function shows(page: WebPage, variable: string, { info, status }: Shown): Promise<void> {
  const read = (): Promise<Shown> =>
    page.evaluate(`({ status: ${variable}?.status() ?? '', info: ${variable}?.getInfo() ?? '' })`);
  await until(`the page shows ${status}`, async () => (await read()).status === status, SLOW);
  const { info: shown } = await read();
  if (shown !== info) throw new Error(`the info of ${status} is "${shown}", not "${info}"`);
}
