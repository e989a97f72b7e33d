import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../harness/browser.ts';
import { hasFocus, moves, Pages, SLOW, shows, tabTo, textOf } from '../harness/pages.ts';
import { until } from '../harness/wait.ts';

let pages: Pages;

beforeAll(async () => {
  pages = await Pages.start();
});

afterEach(() => pages.clear());

afterAll(() => pages?.stop());

describe('the publish and the play page', () => {
  it('show a live picture, why a 403 ended it, and resume with one click', async () => {
    const publisher = await pages.publish();
    const player = await pages.play();
    pages.backend.refuseKeepAlive(({ published }) => published === false);
    await shows(player, '#state', 'Ended: Terminated by keep-alive');
    await shows(player, '#notice', 'The server ended this stream: Terminated by keep-alive');
    expect(await textOf(publisher, '#state')).toBe('Live');
    pages.backend.allowAll();
    expect(await textOf(player, '#start')).toBe('Play again');
    await player.locator('#start').click();
    await shows(player, '#state', 'Playing');
    await moves(player);

    pages.backend.refuseKeepAlive(({ published }) => published === true);
    await shows(publisher, '#state', 'Ended: Terminated by keep-alive');
    await shows(player, '#state', 'Ended: Stopped by publisher stop');
    pages.backend.allowAll();
    expect(await textOf(publisher, '#start')).toBe('Publish again');
    await publisher.locator('#start').click();
    await shows(publisher, '#state', 'Live');
    expect(await textOf(publisher, '#notice')).toBe('');
    expect(pages.complaints).toEqual([]);
  });

  it('show that a REST call ended it, and resume with one click', async () => {
    const publisher = await pages.publish();
    const player = await pages.play();
    await pages.server.terminate({ name: 'cam', published: false });
    await shows(player, '#state', 'Ended: Stopped by rest /terminate');
    await player.locator('#start').click();
    await shows(player, '#state', 'Playing');
    await pages.server.terminate({});
    for (const page of [publisher, player]) await shows(page, '#state', 'Ended: Stopped by rest /terminate');
    await publisher.locator('#start').click();
    await shows(publisher, '#state', 'Live');
    await player.locator('#start').click();
    await shows(player, '#state', 'Playing');
    await moves(player);
  });

  it('stop by their own button, which the backend is told', async () => {
    const publisher = await pages.publish();
    await publisher.locator('#stop').click();
    await pages.backend.waitFor('unPublishStream');
    await shows(publisher, '#state', 'Not publishing');
  });

  it('can be stopped while the server still decides, and leave nothing behind', async () => {
    let answer: ServerResponse | null = null;
    pages.backend.answer = ({ method }) => {
      if (method !== 'publishStream') return 200;
      return (response) => {
        answer = response;
      };
    };
    const page = await pages.open('/publish?name=cam');
    await page.locator('#start').click();
    const waiting = await until('the backend is asked', () => answer);
    await page.locator('#stop').click();
    await shows(page, '#state', 'Not publishing');
    waiting.writeHead(200).end();
    await pages.backend.waitFor('unPublishStream');
    await until('the stream has ended', async () => (await pages.server.streams()).length === 0);
    expect(await textOf(page, '#state')).toBe('Not publishing');
    expect(await page.locator('#start').isVisible()).toBe(true);
  });

  it('say what the server answered when it does not start a stream', async () => {
    const publisher = await pages.open('/publish?app=nosuch');
    await publisher.locator('#start').click();
    await shows(publisher, '#notice', 'app "nosuch" not found');
    await shows(publisher, '#state', 'Not started');

    const player = await pages.open('/play?name=nobody');
    await player.locator('#start').click();
    await shows(player, '#notice', 'nobody');

    pages.backend.answer = ({ method }) => (method === 'publishStream' ? 403 : 200);
    const refused = await pages.open('/publish?name=cam');
    await refused.locator('#start').click();
    await shows(refused, '#notice', 'Restricted access');
  });

  it('pass the token to the backend only', async () => {
    await pages.publish('name=cam&token=s3cret');
    const call = await pages.backend.waitFor('publishStream');
    expect(call.body['custom']).toEqual({ token: 's3cret' });
    expect(JSON.stringify(await pages.server.streams())).not.toContain('s3cret');
    expect(pages.server.process.lines.join('\n')).not.toContain('s3cret');
  });

  it('accept names with spaces, symbols and letters of any language', async () => {
    const name = 'Bühne 1 & 2 %41?#';
    await pages.publish(`name=${encodeURIComponent(name)}`);
    await pages.play(`name=${encodeURIComponent(name)}`);
    expect(await pages.server.streams()).toMatchObject([{ name }, { name }]);
  });

  it('choose between simulcast layers', async () => {
    await pages.publish('name=cam&simulcast=true');
    const player = await pages.play();
    const width = (): Promise<number> => player.evaluate('document.querySelector("video").videoWidth');
    // The highest layer depends on the bandwidth that the publisher's browser estimates.
    await until('a higher layer is shown', async () => (await width()) > 320, { timeoutMs: 60_000 });
    await player.locator('#layer').selectOption('l');
    await until('the lowest layer is shown', async () => (await width()) === 320, SLOW);
  });

  it.each(['VP8', 'VP9', 'H264', 'AV1'])('publish and play %s', async (codec) => {
    await pages.publish(`name=cam&codec=${codec}`);
    await pages.play();
    expect(await pages.server.streams()).toMatchObject([{ videoCodec: codec }, { videoCodec: codec }]);
  });

  it('end within seconds when the tab is closed', async () => {
    const publisher = await pages.publish();
    await publisher.close();
    await until('the stream has ended', async () => (await pages.server.streams()).length === 0, { timeoutMs: 5_000 });
  });

  it.each([
    ['publish', 'Live', 'Not publishing'],
    ['play', 'Playing', 'Not playing'],
  ])('%s can be used by keyboard alone', async (path, live, idle) => {
    if (path === 'play') await pages.publish('name=cam');
    const page = await pages.open(`/${path}`);
    await tabTo(page, '[name=name]');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('cam');
    await tabTo(page, '#start');
    await page.keyboard.press('Enter');
    await shows(page, '#state', live);
    expect(await hasFocus(page, '#stop')).toBe(true);
    await page.keyboard.press('Enter');
    await shows(page, '#state', idle);
    expect(await hasFocus(page, '#start')).toBe(true);
    await page.keyboard.press('Enter');
    await shows(page, '#state', live);
  });
});

describe('the source of a publication', () => {
  it('can be a test picture, which moves at the player', async () => {
    const page = await pages.publish('name=cam&source=test');
    await shows(page, '#facts', 'Test picture');
    await pages.play();
    expect(await pages.server.streams()).toMatchObject([
      { hasAudio: false, hasVideo: true },
      { hasAudio: false, hasVideo: true },
    ]);
  });

  it('is a test picture, and the page says so, where there is no camera', async () => {
    const browser = await startBrowser({ camera: 'absent' });
    try {
      const page = await pages.publish('name=cam', { browser });
      await shows(page, '#facts', 'Test picture: no camera was found');
    } finally {
      await browser.close();
    }
  });

  it('is not replaced by a test picture when the user denies the camera', async () => {
    const browser = await startBrowser({ camera: 'denied' });
    try {
      const page = await pages.open('/publish?name=cam', { browser });
      await page.locator('#start').click();
      await shows(page, '#notice', 'The browser does not allow this page to use camera and microphone.');
      expect(await pages.server.streams()).toEqual([]);
      await page.getByLabel('Source').selectOption('Test picture');
      await page.locator('#start').click();
      await shows(page, '#state', 'Live');
    } finally {
      await browser.close();
    }
  });
});
