import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../harness/media-server.ts';
import { hasFocus, Pages, SLOW, shows, tabTo, textOf } from '../harness/pages.ts';
import { until } from '../harness/wait.ts';

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
