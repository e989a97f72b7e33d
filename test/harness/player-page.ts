import type { Browser, Page } from 'playwright-core';
import { shownFrames } from './browser.ts';
import { until } from './wait.ts';

/** Plays a stream with its sound on the page of a media server, as a person does. Resolves when the picture moves. */
export async function openPlayer(browser: Browser, url: string, name: string): Promise<Page> {
  const page = await browser.newPage();
  // Its connection is `window.pc`.
  await page.addInitScript(`{
    const Connection = RTCPeerConnection;
    window.RTCPeerConnection = function (...options) {
      return (window.pc = new Connection(...options));
    };
  }`);
  await page.goto(`${url}/play?name=${name}`);
  await page.getByRole('button', { name: 'Play' }).click();
  await page.evaluate("document.querySelector('video').muted = false");
  await until('the picture moves', async () => (await shownFrames(page)) > 10, { timeoutMs: 20_000 });
  return page;
}

export type Received = {
  readonly framesDecoded: number;
  readonly samples: number;
  /** Of the samples those that were made up, since packets were missing or late. */
  readonly concealed: number;
  /** Of the sound; 0 for silence. */
  readonly energy: number;
};

/** What a page has received and played so far (`inbound-rtp` of webrtc-stats). */
export const received = (page: Page): Promise<Received> =>
  page.evaluate(`(async () => {
    const of = { video: {}, audio: {} };
    for (const each of (await window.pc.getStats()).values()) if (each.type === 'inbound-rtp') of[each.kind] = each;
    return {
      framesDecoded: of.video.framesDecoded ?? 0,
      samples: of.audio.totalSamplesReceived ?? 0,
      concealed: of.audio.concealedSamples ?? 0,
      energy: of.audio.totalAudioEnergy ?? 0,
    };
  })()`);
