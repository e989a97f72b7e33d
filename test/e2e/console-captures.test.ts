import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../harness/browser.ts';
import { CameraSite } from '../harness/camera-site.ts';
import { SLOW, shows, textOf } from '../harness/pages.ts';
import { streamCapture } from '../harness/stream-captures.ts';
import { until } from '../harness/wait.ts';

let site: CameraSite;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  site = await CameraSite.start();
  page = await browser.newPage();
  await page.goto(`${site.server.url}/console`);
});
afterEach(() => site.clear());
afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

const ofCamera = (name: string, path: string, spec: object = {}): object =>
  streamCapture(name, { rtsp: { url: site.cameras.url(path) }, ...spec });

/** Waits until these captures are listed: name, app, source, state and codecs of each. */
const areListed = (...expected: readonly (readonly string[])[]): Promise<unknown> =>
  until(
    `the captures are ${JSON.stringify(expected)}`,
    async () => {
      const rows = await page.locator('#captures tr').all();
      const cells = await Promise.all(rows.map((row) => row.locator('td').allInnerTexts()));
      return JSON.stringify(cells.map((texts) => texts.slice(0, 5))) === JSON.stringify(expected);
    },
    SLOW,
  );

async function end(name: string): Promise<void> {
  await page.getByRole('button', { name: `End capture ${name}` }).click();
  await shows(page, '#confirm-text', 'This ends 1 stream. A capture stays ended until somebody starts it again');
  await page.locator('#confirm-end').click();
  await shows(page, '#outcome', 'Ended 1 stream.');
}

describe('the captures in the console', () => {
  const GATE = ['gate', 'defaultApp', 'RTSP'];
  const DOOR = ['door', 'defaultApp', 'RTSP'];
  const HELD = 'held: Stopped by rest /terminate';

  it('are listed while there are any, and follow the filters', async () => {
    await shows(page, '#live-empty', 'No stream is live.');
    expect(await page.locator('#captures-panel').isVisible()).toBe(false);
    await site.apply(ofCamera('gate', 'aac'), ofCamera('door', 'silent'));
    await areListed([...DOOR, 'live', 'H264'], [...GATE, 'live', 'H264, opus']);
    expect(await textOf(page, '#capture-count')).toBe('2');
    await page.getByLabel('Search').fill('GAT');
    await areListed([...GATE, 'live', 'H264, opus']);
    await page.getByLabel('Search').fill('nowhere');
    await shows(page, '#captures-empty', 'No capture matches.');
    await page.getByLabel('Search').fill('');
    // Those that are deleted are gone.
    await site.apply(ofCamera('door', 'silent'));
    await areListed([...DOOR, 'live', 'H264']);
    await site.apply();
    await until('the table is gone', async () => !(await page.locator('#captures-panel').isVisible()), SLOW);
  });

  it('stay ended when they are ended there, and say so until somebody starts them again', async () => {
    const before = site.cameras.count('TEARDOWN', 'stopped');
    await site.apply(ofCamera('yard', 'stopped'));
    await areListed(['yard', 'defaultApp', 'RTSP', 'live', 'H264']);
    await end('yard');
    await areListed(['yard', 'defaultApp', 'RTSP', HELD, 'H264']);
    expect(await page.locator('#captures button').count()).toBe(0);
    await until('the camera is left', () => site.cameras.count('TEARDOWN', 'stopped') === before + 1);
    const plays = site.cameras.count('PLAY', 'stopped');
    await sleep(3_000);
    expect(site.cameras.count('PLAY', 'stopped')).toBe(plays);
    await areListed(['yard', 'defaultApp', 'RTSP', HELD, 'H264']);
    await site.apply(ofCamera('yard', 'stopped', { stallTimeout: '9s' }));
    await areListed(['yard', 'defaultApp', 'RTSP', 'live', 'H264']);
  });

  it('are not held if their spec wants them back', async () => {
    await site.apply(ofCamera('lane', 'named', { afterTermination: 'Restart' }));
    await page.getByLabel('Search').fill('lane');
    await areListed(['lane', 'defaultApp', 'RTSP', 'live', 'H264']);
    await end('lane');
    await areListed(['lane', 'defaultApp', 'RTSP', 'ended: Stopped by rest /terminate', 'H264']);
  });
});
