import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { savedOffer } from '../fixtures/sdp/offers.ts';
import { TestServer } from '../harness/media-server.ts';
import { hasFocus, Pages, SLOW, shows, tabTo, textOf } from '../harness/pages.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';
import { textIs, WebSdkPages } from '../harness/websdk-pages.ts';

let pages: Pages;

beforeAll(async () => {
  pages = await Pages.start();
});

afterEach(() => pages.clear());

afterAll(() => pages?.stop());

/** Opens the console and waits until it lists this many streams. */
async function openConsole(streams: number): Promise<Page> {
  const page = await pages.open('/console');
  await lists(page, streams);
  return page;
}

function lists(page: Page, streams: number): Promise<unknown> {
  return until(`${streams} are listed`, async () => (await page.locator('#live tr').count()) === streams, SLOW);
}

async function liveNames(): Promise<unknown[]> {
  return (await pages.server.streams()).map(({ name }) => name).sort();
}

const publishTest = (name: string) => pages.publish(`name=${name}&source=test`);

describe('the console', () => {
  it('lists what is live, searches it, and says why streams ended', async () => {
    await publishTest('lobby');
    await publishTest('stage');
    const page = await openConsole(2);
    expect(await textOf(page, '#count')).toBe('2');
    await page.getByLabel('Search').fill('TAG');
    await lists(page, 1);
    expect(await textOf(page, '#live')).toContain('stage');
    await page.getByLabel('Search').fill('nowhere');
    await shows(page, '#live-empty', 'No stream matches.');
    await page.getByLabel('Search').fill('');
    await page.getByLabel('Direction').selectOption('Playbacks');
    await lists(page, 0);
    await page.getByLabel('Direction').selectOption('Publications');
    await page.getByRole('combobox', { name: 'App' }).selectOption('defaultApp');
    await lists(page, 2);
    await pages.server.terminate({ name: 'stage' });
    await lists(page, 1);
    expect(await textOf(page, '#ended tr:first-child')).toMatch(/stage.*publication.*Stopped by rest \/terminate/);
    expect(pages.complaints).toEqual([]);
  });

  it('ends one stream after showing what would end, and none when cancelled', async () => {
    await publishTest('lobby');
    await publishTest('stage');
    const page = await openConsole(2);
    const end = page.getByRole('button', { name: 'End publication lobby' });
    await end.click();
    await shows(page, '#confirm-text', 'This ends 1 stream.');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await end.click();
    await page.locator('#confirm').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#confirm').waitFor({ state: 'hidden' });
    expect(await liveNames()).toEqual(['lobby', 'stage']);
    await end.click();
    await page.locator('#confirm-end').click();
    await shows(page, '#outcome', 'Ended 1 stream.');
    expect(await liveNames()).toEqual(['stage']);
    await lists(page, 1);
    expect(await hasFocus(page, '[name=search]')).toBe(true);
  });

  it('ends all that a search shows, and nothing else', async () => {
    for (const name of ['cam-1', 'cam-2', 'screen']) await publishTest(name);
    const page = await openConsole(3);
    await page.getByLabel('Search').fill('cam');
    await lists(page, 2);
    await page.getByRole('button', { name: 'End these…' }).click();
    await shows(page, '#confirm-text', 'This ends 2 streams.');
    expect(await page.locator('#confirm-list li').allTextContents()).toEqual([
      'publication cam-1 in defaultApp',
      'publication cam-2 in defaultApp',
    ]);
    expect(await page.locator('#confirm-sure').isVisible()).toBe(false);
    await page.locator('#confirm-end').click();
    await shows(page, '#outcome', 'Ended 2 streams.');
    expect(await liveNames()).toEqual(['screen']);
  });

  it('ends only the playbacks when the filter says so', async () => {
    await publishTest('cam');
    await pages.play();
    const page = await openConsole(2);
    await page.getByLabel('Direction').selectOption('Playbacks');
    await lists(page, 1);
    await page.getByRole('button', { name: 'End these…' }).click();
    await page.locator('#confirm-end').click();
    await shows(page, '#outcome', 'Ended 1 stream.');
    expect(await pages.server.streams()).toMatchObject([{ name: 'cam', published: true }]);
  });

  it('asks again before it ends everything, by keyboard alone', async () => {
    await publishTest('cam');
    const page = await openConsole(1);
    await tabTo(page, '#end-all');
    await page.keyboard.press('Enter');
    await shows(page, '#confirm-text', 'No filter is set: this ends all of this media server, now 1 stream.');
    // Cancel has the focus first.
    await page.keyboard.press('Enter');
    expect(await liveNames()).toEqual(['cam']);
    expect(await hasFocus(page, '#end-all')).toBe(true);
    await page.keyboard.press('Enter');
    await page.locator('#confirm').waitFor();
    expect(await page.locator('#confirm-end').isDisabled()).toBe(true);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await shows(page, '#outcome', 'Ended 1 stream.');
    expect(await liveNames()).toEqual([]);
  });

  it('says so when the stream to end has ended by itself', async () => {
    await publishTest('cam');
    const page = await openConsole(1);
    // A refresh without an answer leaves the list unchanged.
    await page.route('**/stream/ended', () => undefined);
    await page.waitForRequest('**/stream/ended');
    await pages.server.terminate({});
    await page.getByRole('button', { name: 'End publication cam' }).click();
    await shows(page, '#outcome', 'Nothing to end: no stream matches any more.');
  });

  it('keeps the focus on a row while others come and go', async () => {
    await publishTest('a');
    await publishTest('b');
    const page = await openConsole(2);
    const button = 'button[aria-label="End publication b in defaultApp"]';
    await page.locator(button).focus();
    await publishTest('c');
    await lists(page, 3);
    await pages.server.terminate({ name: 'a' });
    await lists(page, 2);
    expect(await hasFocus(page, button)).toBe(true);
  });
});

describe('the sessions in the console', () => {
  let server: TestServer;
  let vendor: WebSdkPages;

  beforeAll(async () => {
    server = await TestServer.start({ mediaServer: { webSdk: {} } });
    vendor = await WebSdkPages.start('2.0.276');
  });
  afterEach(async () => {
    await Promise.all([pages.clear(), vendor.clear()]);
    await until('no session is left', async () => (await server.metric('sluice_sessions')) === 0);
  });
  afterAll(async () => {
    await vendor?.stop();
    await server?.stop();
  });

  const open = () => pages.open('/console', { url: server.url });

  /** Publishes from our own page, by WHIP. */
  async function publish(name: string): Promise<Page> {
    const page = await pages.open(`/publish?name=${name}&source=test`, { url: server.url });
    await page.locator('#start').click();
    await shows(page, '#state', 'Live');
    return page;
  }

  /** Publishes and plays over one socket of the Web SDK. */
  async function talk(name: string): Promise<Page> {
    const page = await vendor.example('two_way_streaming', server.socketUrl, name);
    await page.locator('#publishBtn').click();
    await textIs(page, '#publishStatus', 'PUBLISHING');
    await page.locator('#playBtn').click();
    await textIs(page, '#playStatus', 'PLAYING');
    return page;
  }

  /** Waits until these sessions are listed: kind, app, streams and client of each, in any order. */
  const areListed = (page: Page, expected: readonly (readonly string[])[]) =>
    until(
      `${expected.length} sessions are listed`,
      async () => {
        const rows = await page.locator('#sessions tr').all();
        const cells = await Promise.all(rows.map((row) => row.locator('td').allInnerTexts()));
        const read = cells.map((texts) => texts.slice(0, 4).map((text) => text.replace(/\s+/g, ' ')));
        return JSON.stringify(read.sort()) === JSON.stringify(expected.toSorted());
      },
      SLOW,
    );

  const LOBBY = ['WHIP', 'defaultApp', 'publication lobby'];
  const STAGE = ['Web SDK', 'defaultApp', 'publication stage playback stage', 'SDK 2.0'];
  const IDLE = ['Web SDK', 'defaultApp', '', 'SDK 2.0'];

  it('are listed with their streams, and follow the filters', async () => {
    await publish('lobby');
    await talk('stage');
    await vendor.streaming(server.socketUrl, 'idle');
    const lobby = [...LOBBY, `Chrome ${pages.browser.version().split('.')[0]}`];
    const page = await open();
    await areListed(page, [lobby, STAGE, IDLE]);
    expect(await textOf(page, '#session-count')).toBe('3');
    await page.getByLabel('Direction').selectOption('Playbacks');
    // With all of its streams.
    await areListed(page, [STAGE]);
    await page.getByLabel('Direction').selectOption('Both');
    await page.getByLabel('Search').fill('LOB');
    await areListed(page, [lobby]);
    await page.getByLabel('Search').fill(await idOfIdle());
    await areListed(page, [IDLE]);
    await page.getByLabel('Search').fill('nowhere');
    await shows(page, '#sessions-empty', 'No session matches.');
    await page.getByLabel('Search').fill('');
    await page.getByRole('combobox', { name: 'App' }).selectOption('defaultApp');
    await areListed(page, [lobby, STAGE, IDLE]);
    expect(pages.complaints).toEqual([]);
  });

  /** The session that has no streams. */
  async function idOfIdle(): Promise<string> {
    const busy = new Set((await server.streams()).map((stream) => stream['sessionId']));
    const all = (await server.api('/connection/find_all')).body as { readonly sessionId: string }[];
    return all.find(({ sessionId }) => !busy.has(sessionId))?.sessionId ?? '';
  }

  it.each([
    ['Mozilla/5.0 (OBS-Studio/30.1.2; Linux x86_64; en-US)', 'OBS 30'],
    ['Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0', 'Firefox 140'],
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0', 'Edge 150'],
    ['Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15', 'Safari 19'],
    ['GStreamer/1.24 souphttp/3', 'GStreamer 1.24'],
    ['<b>evil', '<b>evil'],
  ])('show what the client calls itself: %s', async (userAgent, shown) => {
    const headers = { 'content-type': 'application/sdp', 'user-agent': userAgent };
    const offer = { method: 'POST', headers, body: savedOffer('chromium-publish') };
    const { status } = await fetch(`${server.url}/whip/defaultApp/lobby`, offer);
    expect(status).toBe(201);
    const page = await open();
    await areListed(page, [[...LOBBY, shown]]);
    expect(await page.locator('#sessions td:nth-child(4) span').getAttribute('title')).toBe(userAgent);
    await server.terminate({});
  });

  it('are ended one by one, after a question', async () => {
    const publisher = await publish('lobby');
    const talker = await talk('stage');
    const idle = await vendor.streaming(server.socketUrl, 'idle');
    const page = await open();
    const rows = page.locator('#sessions tr');
    await until('three are listed', async () => (await rows.count()) === 3, SLOW);
    const end = (row: string | RegExp) => rows.filter({ hasText: row }).getByRole('button', { name: 'End session' });
    await end('stage').click();
    await shows(page, '#confirm-text', 'This ends a Web SDK session in defaultApp. It has 2 streams.');
    expect((await page.locator('#confirm-list li').allTextContents()).sort()).toEqual([
      'playback stage in defaultApp',
      'publication stage in defaultApp',
    ]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await server.streams()).toHaveLength(3);
    await end('stage').click();
    await page.getByRole('button', { name: 'End the session' }).click();
    await shows(page, '#outcome', 'Ended the session.');
    await textIs(talker, '#connectStatus', 'DISCONNECTED');
    expect(await textOf(publisher, '#state')).toBe('Live');
    expect(await idle.session()).toBe('ESTABLISHED');

    await end('Web SDK').click();
    await shows(page, '#confirm-text', 'This ends a Web SDK session in defaultApp. It has no streams.');
    await page.getByRole('button', { name: 'End the session' }).click();
    await until('its socket is closed', async () => (await idle.session()) === '');

    await end('lobby').click();
    await page.locator('#confirm').waitFor();
    await server.terminate({});
    await page.getByRole('button', { name: 'End the session' }).click();
    await shows(page, '#outcome', 'The session has already ended.');
    await shows(page, '#sessions-empty', 'No session is open.');
    expect(pages.complaints).toEqual([]);
  });
});

describe('the console of a fleet', () => {
  it('says which pods do not answer, and does not say that nothing is left there', async ({ onTestFinished }) => {
    const fleet = await TestFleet.start(2);
    onTestFinished(() => fleet.stop());
    const client = await RtcClient.publish(`${fleet.pod(1).url}/whip/defaultApp/lobby`);
    onTestFinished(() => client.close());
    const page = await pages.browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`${fleet.pod(0).url}/console`);
    await lists(page, 1);
    await page.locator('#sessions button').click();
    fleet.pod(1).process.child.kill('SIGSTOP');
    await shows(page, '#unasked', 'Their streams and sessions are missing here, since they do not answer: pod-1');
    await page.locator('#confirm-end').click();
    await until(
      'it is told',
      async () => (await textOf(page, '#failure')).includes('Pod pod-1 could not be asked'),
      SLOW,
    );
    expect(await textOf(page, '#outcome')).toBe('');
    fleet.pod(1).process.child.kill('SIGCONT');
    await shows(page, '#unasked', '');
  });
});

describe('the console of a server with authentication', () => {
  let server: TestServer;

  const startSecured = async (secret: Readonly<Record<string, unknown>>) => {
    server = await TestServer.start({
      mediaServer: { rest: { authRef: { name: 'api' }, emptyFilter: 'Refuse' } },
      documents: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'api' }, ...secret }],
    });
    return pages.open('/console', { url: server.url });
  };

  const isSignedIn = async (page: Page) => {
    await until('the dialog is gone', () => page.locator('#login').isHidden());
    await shows(page, '#live-empty', 'No stream is live.');
    await until('there is no problem', async () => (await textOf(page, '#problem')) === '');
  };

  afterEach(() => server.stop());

  it('asks for a token until it is correct, and stops when cancelled', async () => {
    const page = await startSecured({ stringData: { ops: 't0ken' } });
    await page.locator('#login').waitFor();
    await page.keyboard.press('Escape');
    await shows(page, '#problem', 'The REST API asks for credentials.');
    await page.getByRole('button', { name: 'Sign in…' }).click();
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Continue' }).click();
    await shows(page, '#login-error', 'That was not accepted.');
    await page.getByLabel('Token').fill('t0ken');
    await page.keyboard.press('Enter');
    await isSignedIn(page);
    expect((await server.api('/stream/find_all')).status).toBe(401);
    await page.reload();
    await isSignedIn(page);
  });

  it('asks once, also if a slow call is refused after the user has cancelled', async () => {
    const page = await startSecured({ stringData: { ops: 't0ken' } });
    const login = page.locator('#login');
    await login.waitFor();
    await page.keyboard.press('Escape');
    const slow = Promise.withResolvers<void>();
    await page.route('**/app/find_all', async (route) => {
      await slow.promise;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Sign in…' }).click();
    await login.waitFor();
    await page.keyboard.press('Escape');
    const refused = page.waitForResponse('**/app/find_all');
    slow.resolve();
    await (await refused).finished();
    await page.evaluate('new Promise(requestAnimationFrame)');
    expect(await login.isHidden()).toBe(true);
  });

  it('asks for user and password if the server uses basic authentication', async () => {
    const page = await startSecured({
      type: 'kubernetes.io/basic-auth',
      stringData: { username: 'jürgen', password: 'p:ä' },
    });
    await page.getByLabel('User').fill('jürgen');
    await page.getByLabel('Password').fill('p:ä');
    await page.keyboard.press('Enter');
    await isSignedIn(page);
  });

  it('shows what the server refuses, also after the next refresh, and that it does not answer', async () => {
    const page = await startSecured({ stringData: { ops: 't0ken' } });
    await page.getByLabel('Token').fill('t0ken');
    await page.keyboard.press('Enter');
    await isSignedIn(page);
    const publisher = await pages.open('/publish?source=test', { url: server.url });
    await publisher.locator('#start').click();
    await lists(page, 1);
    await page.locator('#end-all').click();
    await shows(page, '#failure', 'this MediaServer refuses {}');
    await publisher.locator('#stop').click();
    await lists(page, 0);
    expect(await textOf(page, '#failure')).toContain('this MediaServer refuses {}');
    await server.process.stop('SIGKILL');
    await shows(page, '#problem', 'The media server does not answer; trying again.');
  });
});
