import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEncoder, startRtmpServer } from '../clients/encoders.ts';
import { soundBehind, watchLipSync } from '../clients/lip-sync.ts';
import { startBrowser } from '../harness/browser.ts';
import { CameraSite } from '../harness/camera-site.ts';
import { openPlayer, type Received, received } from '../harness/player-page.ts';
import { freePort } from '../harness/ports.ts';
import { streamCapture } from '../harness/stream-captures.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };

let site: CameraSite;
let browser: Browser;
/** What a test has started. */
const parts: { stop(): unknown }[] = [];

function owned<T extends { stop(): unknown }>(part: T): T {
  parts.push(part);
  return part;
}

beforeAll(async () => {
  browser = await startBrowser();
  site = await CameraSite.start();
});
afterEach(async () => {
  for (const page of browser.contexts().flatMap((context) => context.pages())) await page.close();
  await site.clear();
  for (const part of parts.splice(0)) await part.stop();
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

/** Captures a source, and plays it. */
async function played(source: object): Promise<Page> {
  await site.apply(streamCapture('gate', source));
  await site.captured('gate');
  return openPlayer(browser, site.server.url, 'gate');
}

const WINDOW_MS = 5_000;

/** What a page plays within some seconds. */
async function playedNow(page: Page): Promise<Received> {
  const before = await received(page);
  await sleep(WINDOW_MS);
  const after = await received(page);
  return {
    framesDecoded: after.framesDecoded - before.framesDecoded,
    concealed: after.concealed - before.concealed,
    samples: after.samples - before.samples,
    energy: after.energy - before.energy,
  };
}

/** Plays at least 22 of 25 pictures a second, and no sound that was made up. Other programs may take the processor. */
async function playsWell(page: Page, hasSound = true): Promise<void> {
  const isGood = ({ concealed, framesDecoded }: Received): boolean => concealed === 0 && framesDecoded >= 110;
  let now = await playedNow(page);
  for (let tries = 0; tries < 3 && !isGood(now); tries += 1) now = await playedNow(page);
  const message = JSON.stringify(now);
  expect(isGood(now), message).toBe(true);
  expect(now.samples > WINDOW_MS * 40, message).toBe(hasSound);
  expect(now.energy > 0, message).toBe(hasSound);
}

describe('a camera is decoded whole, and no sound is concealed:', () => {
  it.each([
    { path: 'aac', hasSound: true },
    { path: 'aac16', hasSound: true },
    { path: 'pcmu', hasSound: true },
    { path: 'pcma', hasSound: true },
    { path: 'silent', hasSound: false },
  ])('$path', async ({ hasSound, path }) => {
    await playsWell(await played({ rtsp: { url: site.cameras.url(path) } }), hasSound);
  });
});

it('a camera whose sound begins after its picture is published at once, and again with its sound', async () => {
  const hasAudio = async (): Promise<unknown> => {
    const { body } = await site.server.api('/stream/find', { name: 'gate', published: true, status: 'PUBLISHING' });
    return Array.isArray(body) && body[0]?.hasAudio;
  };
  const plays = site.cameras.count('PLAY', 'late-sound');
  await site.apply(streamCapture('gate', { rtsp: { url: site.cameras.url('late-sound') } }));
  await site.captured('gate');
  expect(await hasAudio()).toBe(false);
  await until('it has sound', hasAudio, SLOW);
  await playsWell(await openPlayer(browser, site.server.url, 'gate'));
  expect(site.cameras.count('PLAY', 'late-sound')).toBe(plays + 1);
});

/** How far apart sound and picture may be. */
const MOST_APART_MS = 100;
/** Browsers move the picture slowly to its sound. */
const ADAPTING = { timeoutMs: 60_000, everyMs: 500 };

/** Sound and picture of the last changes are together, soon. */
async function areTogether(page: Page): Promise<void> {
  let last: number[] = [];
  const together = async (): Promise<boolean> => {
    last = (await soundBehind(page)).slice(-3);
    return last.length === 3 && last.every((ms) => Math.abs(ms) <= MOST_APART_MS);
  };
  await until('sound and picture are together', together, ADAPTING).catch((error: unknown) => {
    throw new Error(`sound is behind its picture by ${last.map(Math.round)} ms`, { cause: error });
  });
}

describe('sound and picture are together', { timeout: 150_000 }, () => {
  it('from a camera, also when it has come back', async () => {
    // It ends after twelve seconds, and is connected to again.
    const page = await played({ rtsp: { url: site.cameras.url('together-brief') } });
    await watchLipSync(page);
    await areTogether(page);
    const times = () => site.server.log.filter(({ reason }) => reason === 'endOfStream').length;
    const before = times();
    await until('it has ended', () => times() > before, SLOW);
    await until('it is back', () => site.cameras.count('PLAY', 'together-brief') > before + 1, SLOW);
    const changes = (await soundBehind(page)).length;
    await until('changes', async () => (await soundBehind(page)).length >= changes + 3, SLOW);
    await areTogether(page);
  });

  it('from an RTMP server', async () => {
    const rtmp = owned(await startRtmpServer(site.network));
    owned(startEncoder(`${rtmp.url}/cam`, 'flv', { at: site.network, content: 'flashes' }));
    const page = await played({ rtmp: { url: `${rtmp.url}/cam` } });
    await watchLipSync(page);
    await playsWell(page);
    await areTogether(page);
  });

  it('from an encoder by SRT that sends its sound late', async () => {
    const url = `srt://${site.network.address}:${await freePort()}`;
    owned(startEncoder(`${url}?mode=listener`, 'mpegts', { at: site.network, content: 'flashes', soundLate: 0.4 }));
    const page = await played({ srt: { url } });
    await watchLipSync(page);
    await playsWell(page);
    await areTogether(page);
  });
});
