import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import type { PageOpener, WebPage } from './web-page.ts';

const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  // Pages in other tabs may open the camera as well.
  'media.devices.unfocused.enabled': true,
  // Of all hosts only loopback is reached without a proxy, and there is no proxy.
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
};

/** The system's Firefox, with a fake camera. Playwright drives only a Firefox of its own. */
export class Firefox implements PageOpener<WebPage> {
  readonly #browser: Browser;
  readonly #pages: WebPage[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<Firefox> {
    const executablePath = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';
    const browser = await puppeteer.launch({ browser: 'firefox', executablePath, extraPrefsFirefox: PREFERENCES });
    return new Firefox(browser);
  }

  async open(url: string, script = ''): Promise<WebPage> {
    const page = await this.#browser.newPage();
    if (script !== '') await page.evaluateOnNewDocument(script);
    await page.goto(url);
    const opened = webPage(page);
    this.#pages.push(opened);
    return opened;
  }

  async clear(): Promise<void> {
    for (const page of this.#pages.splice(0)) await page.close();
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

const webPage = (page: Page): WebPage => ({
  evaluate: <T>(script: string) => page.evaluate(script) as Promise<T>,
  locator: (selector) => ({
    click: async () => {
      // Pages are tabs of one window, and only the one in front is drawn.
      await page.bringToFront();
      await page.locator(selector).click();
    },
    fill: (text) => page.locator(selector).fill(text),
    textContent: () => page.$eval(selector, (element) => element.textContent),
    waitFor: async () => void (await page.waitForSelector(selector)),
  }),
  close: () => page.close(),
});

/**
 * The address of this machine from which it reaches others. Firefox offers no loopback addresses, so media servers must
 * announce this one; packets to it stay on the machine.
 */
export async function ownAddress(): Promise<string> {
  await using socket = createSocket('udp4');
  // Nothing is sent. The address is for documentation (RFC 5737).
  socket.connect(9, '203.0.113.1');
  await once(socket, 'connect');
  return socket.address().address;
}
