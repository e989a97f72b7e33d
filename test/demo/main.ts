// Tells the story of Sluice with a real media server, a real backend and real browsers. Every line is printed when it
// has been seen, not when it was asked for. On a terminal it stays up until Ctrl-C; else it exits, 0 only if all was seen.
import type { Browser, Page } from 'playwright-core';
import { shownFrames, startBrowser } from '../fixtures/harness/browser.ts';
import { startProcess } from '../fixtures/harness/processes.ts';
import { until } from '../fixtures/harness/wait.ts';

const SERVER = 'http://127.0.0.1:8081';
const OPS = 'http://127.0.0.1:9090';
const BACKEND = 'http://127.0.0.1:8088';
const NAME = 'stream1';
const SLOW = { timeoutMs: 20_000 };

const stops: (() => Promise<unknown>)[] = [];
const startedAt = performance.now();
let interrupted = false;

function seen(text: string): void {
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);
}

async function cleanUp(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop().catch(() => undefined);
}

/** Starts a program and waits until it answers. What answers before it was started is somebody else's. */
async function start(what: string, args: readonly string[], ready: string): Promise<void> {
  if (await answers(ready)) throw new Error(`${what} cannot start: something else already answers at ${ready}`);
  const running = startProcess(process.execPath, args, { graceMs: 5_000 });
  stops.push(() => running.stop('SIGINT'));
  await until(
    `${what} is ready`,
    async () => {
      if (running.child.exitCode !== null) {
        throw new Error(`${what} has exited:\n${running.lines.slice(-5).join('\n')}`);
      }
      return answers(ready);
    },
    SLOW,
  );
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url, { method: 'HEAD' }).catch(() => null)) !== null;
}

async function post(url: string, body: unknown): Promise<{ status: number; body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.text() };
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
  const before = await shownFrames(page);
  await until('the picture moves', async () => (await shownFrames(page)) > before + 5, SLOW);
}

const published = (page: Page): Promise<void> => goLive(page, 'Live');

const played = (page: Page): Promise<void> => goLive(page, 'Playing');

async function endedWith(page: Page, info: string): Promise<void> {
  await until(`the page says why: "${info}"`, async () => (await stateOf(page)) === `Ended: ${info}`, SLOW);
}

async function tellStory(publisher: Page, player: Page): Promise<void> {
  await published(publisher);
  seen('published: the picture of the fake camera goes to the media server');
  await played(player);
  seen('played: the picture moves in a second browser window');

  await post(`${BACKEND}/control/deny`, { name: NAME, published: false });
  await endedWith(player, 'Terminated by keep-alive');
  seen('playback stopped: the backend answered 403 to StreamKeepAliveEvent; the page says why');
  await post(`${BACKEND}/control/allow`, {});
  await played(player);
  seen('played again, with one click');

  await post(`${BACKEND}/control/deny`, { name: NAME, published: true });
  await endedWith(publisher, 'Terminated by keep-alive');
  await endedWith(player, 'Stopped by publisher stop');
  seen('publication stopped by a 403; its playback ended with it');
  await post(`${BACKEND}/control/allow`, {});
  await published(publisher);
  await played(player);
  seen('published and played again');

  const one = await post(`${SERVER}/rest-api/stream/terminate`, { name: NAME, published: false });
  if (one.status !== 200) throw new Error(`terminate answered ${one.status}: ${one.body}`);
  await endedWith(player, 'Stopped by rest /terminate');
  seen(`playback stopped: POST /rest-api/stream/terminate {"name":"${NAME}","published":false} -> 200 ${one.body}`);
  await played(player);
  seen('resumed');

  const all = await post(`${SERVER}/rest-api/stream/terminate`, {});
  if (all.status !== 200) throw new Error(`terminate answered ${all.status}: ${all.body}`);
  await endedWith(publisher, 'Stopped by rest /terminate');
  await endedWith(player, 'Stopped by rest /terminate');
  seen(`everything stopped: POST /rest-api/stream/terminate {} -> 200 ${all.body}`);
  await nothingLeft();
  seen('nothing is left: no stream in the registry, no transport on a worker');
}

async function nothingLeft(): Promise<void> {
  const { status } = await fetch(`${SERVER}/rest-api/stream/find_all`);
  if (status !== 404) throw new Error(`find_all answered ${status} instead of 404`);
  await until('no transport is left', async () => {
    const metrics = await (await fetch(`${OPS}/metrics`)).text();
    const transports = metrics.split('\n').filter((line) => line.startsWith('sluice_worker_transports{'));
    return (
      transports.length > 0 &&
      transports.every((line) => line.endsWith(' 0')) &&
      metrics.includes('\nsluice_sessions 0\n')
    );
  });
}

async function openPages(browser: Browser): Promise<{ publisher: Page; player: Page }> {
  const publisher = await browser.newPage();
  await publisher.goto(`${SERVER}/publish?name=${NAME}`);
  const player = await browser.newPage();
  await player.goto(`${SERVER}/play?name=${NAME}`);
  return { publisher, player };
}

async function main(): Promise<void> {
  console.log('The sample backend, a media server, and two browser windows (about 15 seconds).');
  await start('the backend', ['examples/backend/backend.ts'], BACKEND);
  seen(`the sample backend runs: ${BACKEND}/MyAPI`);
  await start(
    'the media server',
    ['media-server/main.ts', '--resources', 'examples/resources', '--listen-address', '127.0.0.1'],
    `${SERVER}/`,
  );
  seen(`the media server runs from examples/resources: ${SERVER}`);
  const browser = await startBrowser({ ownSignals: true });
  stops.push(() => browser.close());
  const { player, publisher } = await openPages(browser);
  await tellStory(publisher, player);
  console.log('Every step was seen.');
  if (process.stdout.isTTY) await stayUp();
}

async function stayUp(): Promise<void> {
  console.log(`
It stays up until Ctrl-C. Try:
  ${SERVER}/publish   ${SERVER}/play   ${SERVER}/console
  curl -d '{"name":"${NAME}","published":false}' ${BACKEND}/control/deny
  curl -H 'Content-Type: application/json' -d '{}' ${SERVER}/rest-api/stream/terminate
  curl ${OPS}/metrics`);
  await new Promise(() => setInterval(() => undefined, 60_000));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted) return;
    interrupted = true;
    void cleanUp().then(() => process.exit(130));
  });
}

async function run(): Promise<number> {
  try {
    await main();
    return 0;
  } catch (error) {
    if (!interrupted) {
      console.error(`\nNot everything was seen: ${error instanceof Error ? error.message : String(error)}`);
    }
    return 1;
  }
}

const code = await run();
if (!interrupted) {
  await cleanUp();
  process.exit(code);
}
