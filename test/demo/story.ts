import type { Browser, Page } from 'playwright-core';
import { shownFrames } from '../harness/browser.ts';
import type { Fetch } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';
import type { Demo } from './demo.ts';

export const NAME = 'stream1';
const SLOW = { timeoutMs: 20_000 };

/** The servers of the demo: base URLs without a trailing slash. */
export type Scene = {
  /** The media server as the publishing page reaches it; a terminate of everything goes there. */
  readonly publishing: string;
  /** The media server as the playing page reaches it; a terminate of one playback goes there. */
  readonly playing: string;
  /** The URL of the metrics of a pod that is still there at the end. */
  readonly ops: () => string;
  readonly backend: string;
  /** How the REST API is reached. */
  readonly fetch: Fetch;
  /** Headers with the credentials of the REST API. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Shows more while the stream is published and played. */
  readonly whileLive: (windows: Windows) => Promise<void>;
  /** Another way to end all streams; says what it did. null = there is none. */
  readonly endAll: (() => Promise<string>) | null;
};

/** The two windows of the demo. */
export type Windows = {
  /** Waits until both pictures move. */
  readonly stillMove: () => Promise<void>;
  /** Presses Stop in both windows, then publishes and plays again. */
  readonly startAgain: () => Promise<void>;
};

type Answer = { readonly status: number; readonly body: string };

/**
 * Runs the story with two browser windows: publish, play, end by the backend and by REST, resume, end everything.
 * Prints each line once it has been seen.
 */
export async function tellStory(demo: Demo, scene: Scene, browser: Browser): Promise<void> {
  const publisher = await openPage(browser, `${scene.publishing}/publish?name=${NAME}`);
  const player = await openPage(browser, `${scene.playing}/play?name=${NAME}`);
  await published(publisher);
  demo.seen(`published: the picture of the fake camera goes to the media server (${scene.publishing}/publish)`);
  await played(player);
  demo.seen(`played: the picture moves in a second browser window (${scene.playing}/play)`);
  await scene.whileLive({
    stillMove: async () => void (await Promise.all([moves(publisher), moves(player)])),
    startAgain: async () => {
      for (const page of [player, publisher]) await page.locator('#stop').click();
      await published(publisher);
      await played(player);
    },
  });
  await endByBackend(demo, scene, publisher, player);
  await endByRest(demo, scene, publisher, player);
  await nothingLeft(scene);
  demo.seen('nothing is left: no stream in the registry, no transport on a worker');
}

async function endByBackend(demo: Demo, { backend }: Scene, publisher: Page, player: Page): Promise<void> {
  await tellBackend(backend, 'deny', { name: NAME, published: false });
  await endedWith(player, 'Terminated by keep-alive');
  demo.seen('playback stopped: the backend answered 403 to StreamKeepAliveEvent; the page says why');
  await tellBackend(backend, 'allow', {});
  await played(player);
  demo.seen('played again, with one click');

  await tellBackend(backend, 'deny', { name: NAME, published: true });
  await endedWith(publisher, 'Terminated by keep-alive');
  await endedWith(player, 'Stopped by publisher stop');
  demo.seen('publication stopped by a 403; its playback ended with it');
  await tellBackend(backend, 'allow', {});
  await published(publisher);
  await played(player);
  demo.seen('published and played again');
}

async function endByRest(demo: Demo, scene: Scene, publisher: Page, player: Page): Promise<void> {
  const one = await terminate(scene, scene.playing, { name: NAME, published: false });
  await endedWith(player, 'Stopped by rest /terminate');
  demo.seen(`playback stopped: ${one}`);
  await played(player);
  demo.seen('resumed');

  const all = await terminate(scene, scene.publishing, {});
  await endedWith(publisher, 'Stopped by rest /terminate');
  await endedWith(player, 'Stopped by rest /terminate');
  demo.seen(`everything stopped: ${all}`);
  if (!scene.endAll) return;
  await published(publisher);
  await played(player);
  const again = await scene.endAll();
  await endedWith(publisher, 'Stopped by rest /terminate');
  await endedWith(player, 'Stopped by rest /terminate');
  demo.seen(`everything stopped once more: ${again}`);
}

/** Accepts any certificate, since a private ingress often has a self-signed one. */
async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await page.goto(url);
  return page;
}

const stateOf = (page: Page): Promise<string> =>
  page
    .locator('#state')
    .textContent()
    .then((text) => text ?? '');

/** Presses the button of a page and waits until it is live and its picture moves. */
async function goLive(page: Page, live: string): Promise<void> {
  await page.locator('#start').click();
  await until(`the page says "${live}"`, async () => (await stateOf(page)) === live, SLOW);
  await moves(page);
}

async function moves(page: Page): Promise<void> {
  const before = await shownFrames(page);
  await until('the picture moves', async () => (await shownFrames(page)) > before + 5, SLOW);
}

const published = (page: Page): Promise<void> => goLive(page, 'Live');

const played = (page: Page): Promise<void> => goLive(page, 'Playing');

async function endedWith(page: Page, info: string): Promise<void> {
  await until(`the page says why: "${info}"`, async () => (await stateOf(page)) === `Ended: ${info}`, SLOW);
}

async function tellBackend(backend: string, command: 'deny' | 'allow', rule: object): Promise<void> {
  const response = await fetch(`${backend}/control/${command}`, { method: 'POST', body: JSON.stringify(rule) });
  if (!response.ok) throw new Error(`the backend answered ${response.status} to ${command}`);
}

/** Sends a terminate call and returns a one-line summary of it. */
async function terminate(scene: Scene, server: string, filter: object): Promise<string> {
  const url = `${server}/rest-api/stream/terminate`;
  const { body, status } = await post(scene, url, filter);
  const line = `POST ${url} ${JSON.stringify(filter)} -> ${status} ${body}`;
  if (status !== 200) throw new Error(line);
  return line;
}

async function post(scene: Scene, url: string, fields: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json', ...scene.credentials };
  const response = await scene.fetch(url, { method: 'POST', headers, body: JSON.stringify(fields) });
  return { status: response.status, body: await response.text() };
}

async function nothingLeft(scene: Scene): Promise<void> {
  const { status } = await post(scene, `${scene.publishing}/rest-api/stream/find_all`, {});
  if (status !== 404) throw new Error(`find_all answered ${status} instead of 404`);
  await until('no transport is left', async () => {
    const metrics = await (await fetch(`${scene.ops()}/metrics`)).text();
    const linesOf = (name: string) => metrics.split('\n').filter((line) => line.startsWith(`${name}{`));
    const [transports, sessions] = [linesOf('sluice_worker_transports'), linesOf('sluice_sessions')];
    return (
      transports.length > 0 &&
      transports.every((line) => line.endsWith(' 0')) &&
      sessions.every((line) => line.endsWith(' 0'))
    );
  });
}
