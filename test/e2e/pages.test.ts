import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Backend } from '../fixtures/harness/backend.ts';
import { shownFrames, startBrowser } from '../fixtures/harness/browser.ts';
import { TestServer } from '../fixtures/harness/media-server.ts';
import { until } from '../fixtures/harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };

let backend: Backend;
let server: TestServer;
let browser: Browser;
let context: BrowserContext;
/** What pages complained about. */
const complaints: string[] = [];

beforeAll(async () => {
  backend = await Backend.start();
  server = await TestServer.start({ hookUrl: backend.url });
  browser = await startBrowser();
});

beforeEach(async () => {
  context = await browser.newContext();
  complaints.length = 0;
});

afterEach(async () => {
  await context.close();
  await server.terminate({});
  backend.allowAll();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await backend?.close();
});

async function open(path: string): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security|Uncaught/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${server.url}${path}`);
  return page;
}

const textOf = (page: Page, selector: string) => page.locator(selector).textContent();

function shows(page: Page, selector: string, text: string): Promise<unknown> {
  return until(`${selector} shows "${text}"`, async () => (await textOf(page, selector))?.includes(text), SLOW);
}

async function moves(page: Page): Promise<void> {
  const before = await shownFrames(page);
  await until('the picture moves', async () => (await shownFrames(page)) > before + 3, SLOW);
}

async function publish(query = 'name=cam'): Promise<Page> {
  const page = await open(`/publish?${query}`);
  await page.locator('#start').click();
  await shows(page, '#state', 'Live');
  return page;
}

async function play(query = 'name=cam'): Promise<Page> {
  const page = await open(`/play?${query}`);
  await until(
    'the player is let in',
    async () => {
      await page.locator('#start').click();
      await until('an outcome', async () => /Playing|Not started/.test((await textOf(page, '#state')) ?? ''), SLOW);
      return (await textOf(page, '#state')) === 'Playing';
    },
    SLOW,
  );
  await moves(page);
  return page;
}

describe('the publish and the play page', () => {
  it('show a live picture, why the server ended it, and go on with one click', async () => {
    const publisher = await publish();
    const player = await play();
    backend.refuseKeepAlive(({ published }) => published === false);
    await shows(player, '#state', 'Ended: Terminated by keep-alive');
    await shows(player, '#notice', 'The server ended this stream: Terminated by keep-alive');
    backend.allowAll();
    expect(await textOf(player, '#start')).toBe('Play again');
    await player.locator('#start').click();
    await shows(player, '#state', 'Playing');
    await moves(player);

    await server.terminate({ name: 'cam', published: true });
    await shows(publisher, '#state', 'Ended: Stopped by rest /terminate');
    await shows(player, '#state', 'Ended: Stopped by publisher stop');
    await publisher.locator('#start').click();
    await shows(publisher, '#state', 'Live');
    expect(complaints).toEqual([]);
  });

  it('stop by their own button, which the backend hears of', async () => {
    const publisher = await publish();
    backend.calls.length = 0;
    await publisher.locator('#stop').click();
    await backend.waitFor('unPublishStream');
    await shows(publisher, '#state', 'Not publishing');
  });

  it('say what the server answered when it does not start a stream', async () => {
    const page = await open('/publish?app=nosuch');
    await page.locator('#start').click();
    await shows(page, '#notice', 'no app has the key "nosuch"');
  });

  it('hand the token to the backend and to nobody else', async () => {
    backend.calls.length = 0;
    await publish('name=cam&token=s3cret');
    const call = await backend.waitFor('publishStream');
    expect(call.body['custom']).toEqual({ token: 's3cret' });
    expect(JSON.stringify(await server.streams())).not.toContain('s3cret');
    expect(server.process.lines.join('\n')).not.toContain('s3cret');
  });

  it('choose between simulcast layers', async () => {
    await publish('name=cam&simulcast=true');
    const player = await play();
    const width = (): Promise<number> => player.evaluate('document.querySelector("video").videoWidth');
    // How far up it goes is a matter of the bandwidth that the publisher's browser believes in.
    await until('a higher layer is shown', async () => (await width()) > 320, { timeoutMs: 60_000 });
    await player.locator('#layer').selectOption('l');
    await until('the lowest layer is shown', async () => (await width()) === 320, SLOW);
  });

  it.each(['VP8', 'VP9', 'H264', 'AV1'])('publish and play %s', async (codec) => {
    await publish(`name=cam&codec=${codec}`);
    await play();
    expect(await server.streams()).toMatchObject([{ videoCodec: codec }, { videoCodec: codec }]);
  });

  it('end within seconds when the tab is closed', async () => {
    const publisher = await publish();
    await publisher.close();
    await until('the stream has ended', async () => (await server.streams()).length === 0, { timeoutMs: 5_000 });
  });
});

describe('the console', () => {
  it('lists what is live, filters it, and says why streams ended', async () => {
    await publish('name=one');
    await publish('name=two');
    const page = await open('/console');
    await until('both are listed', async () => (await page.locator('#live tr').count()) === 2, SLOW);
    await page.getByLabel('Name').fill('two');
    await until('one is listed', async () => (await page.locator('#live tr').count()) === 1, SLOW);
    await server.terminate({ name: 'two' });
    await shows(page, '#ended', 'Stopped by rest /terminate');
    await shows(page, '#live-empty', 'No stream is live.');
    expect(complaints).toEqual([]);
  });

  it('ends one stream after showing what would end, and nothing when that is cancelled', async () => {
    await publish('name=one');
    await publish('name=two');
    const page = await open('/console');
    const end = page.getByRole('button', { name: 'End publication one' });
    await end.click();
    await shows(page, '#confirm-text', 'This ends 1 stream.');
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await server.streams()).toHaveLength(2);
    await end.click();
    await page.locator('#confirm-end').click();
    await until('one is left', async () => (await server.streams()).length === 1, SLOW);
    expect(await server.streams()).toMatchObject([{ name: 'two' }]);
  });

  it('warns when no filter is set, and can be used by keyboard alone', async () => {
    await publish('name=one');
    const page = await open('/console');
    await until('it is listed', async () => (await page.locator('#live tr').count()) === 1, SLOW);
    await page.locator('#end-all').focus();
    await page.keyboard.press('Enter');
    await shows(page, '#confirm-text', 'No filter is set: this ends all 1 stream of this media server.');
    // Cancel has the focus first.
    await page.keyboard.press('Enter');
    expect(await server.streams()).toHaveLength(1);
    await page.locator('#end-all').focus();
    await page.keyboard.press('Enter');
    await page.locator('#confirm').waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await until('nothing is left', async () => (await server.streams()).length === 0, SLOW);
  });
});

describe('the console of a server that asks for a token', () => {
  it('asks for it once and shows what was refused', async () => {
    const secured = await TestServer.start({
      mediaServer: { rest: { authRef: { name: 'api' } } },
      documents: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'api' }, stringData: { ops: 't0ken' } }],
    });
    try {
      const page = await context.newPage();
      await page.goto(`${secured.url}/console`);
      await page.getByLabel('The REST API asks for a token').fill('t0ken');
      await page.getByRole('button', { name: 'Continue' }).click();
      await shows(page, '#live-empty', 'No stream is live.');
      expect((await secured.api('/stream/find_all')).status).toBe(401);
      expect((await secured.api('/stream/find_all', undefined, { authorization: 'Bearer t0ken' })).status).toBe(404);
    } finally {
      await secured.stop();
    }
  });
});

describe('the pages', () => {
  it.each(['/', '/publish', '/play', '/console'])('%s fits a phone and a desk, in light and in dark', async (path) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open(path);
      await page.emulateMedia({ colorScheme });
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).toBe(colorScheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(16, 20, 24)');
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect({ path, width, overflow }).toEqual({ path, width, overflow: 0 });
      }
      if (process.env['SCREENSHOTS']) {
        await page.screenshot({ path: `${process.env['SCREENSHOTS']}/${path.slice(1) || 'index'}-${colorScheme}.png` });
      }
    }
  });
});
