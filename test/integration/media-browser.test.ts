import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type {
  LegFailure,
  LegRequest,
  Media,
  Playback,
  PlayRequest,
  Publication,
} from '../../media-server/media/media.ts';
import { numberingOf } from '../../media-server/media/worker-binary.ts';
import type { Numbering } from '../../media-server/sdp/numbering.ts';
import { pipe, request, startTestMedia } from '../clients/media.ts';
import { shownFrames, startBrowser } from '../harness/browser.ts';
import { until } from '../harness/wait.ts';

// Code that the pages run, as text, since this file is not compiled for a browser.
const PUBLISH = `async (encodings) => {
  const video = { width: 640, height: 480, frameRate: 15 };
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  const pc = (window.pc = new RTCPeerConnection());
  pc.addTransceiver(media.getAudioTracks()[0], { direction: 'sendonly', streams: [media] });
  pc.addTransceiver(media.getVideoTracks()[0], { direction: 'sendonly', streams: [media], sendEncodings: encodings });
  await pc.setLocalDescription();
  await pc.setRemoteDescription({ type: 'answer', sdp: await window.answer(pc.localDescription.sdp) });
}`;
const PLAY = `async () => {
  const pc = (window.pc = new RTCPeerConnection());
  const video = document.body.appendChild(document.createElement('video'));
  video.muted = true;
  video.autoplay = true;
  video.srcObject = new MediaStream();
  pc.ontrack = ({ track }) => video.srcObject.addTrack(track);
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.addTransceiver('video', { direction: 'recvonly' });
  await pc.setLocalDescription();
  await pc.setRemoteDescription({ type: 'answer', sdp: await window.answer(pc.localDescription.sdp) });
}`;
const WIDTH = "document.querySelector('video')?.videoWidth ?? 0";

let browser: Browser;
let server: Server;
let pages: Page[] = [];

async function newPage(answer: (offer: string) => Promise<string>): Promise<Page> {
  const page = await browser.newPage();
  pages.push(page);
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.exposeFunction('answer', answer);
  return page;
}

/** A page that publishes a camera. */
async function publishing(media: Media, codecs: readonly string[], encodings: object[] = [{}]) {
  const made: { publication?: Publication } = {};
  const page = await newPage(async (offer) => {
    made.publication = await media.publish(request(offer, { codecs }));
    return made.publication.answer;
  });
  await page.evaluate(`(${PUBLISH})(${JSON.stringify(encodings)})`);
  const { publication } = made;
  if (!publication) throw new Error('the page has not published');
  await until('it is connected', () => publication.connected());
  return { page, publication };
}

async function playing(media: Media, publication: PlayRequest['publication'], overrides: Partial<LegRequest> = {}) {
  const made: { playback?: Playback } = {};
  const page = await newPage(async (offer) => {
    made.playback = await media.play({ ...request(offer, overrides), publication });
    return made.playback.answer;
  });
  await page.evaluate(`(${PLAY})()`);
  if (!made.playback) throw new Error('the page does not play');
  return { page, playback: made.playback };
}

beforeAll(async () => {
  server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<body></body>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await startBrowser();
});
afterEach(async () => {
  await Promise.all(pages.map((page) => page.close()));
  pages = [];
});
afterAll(async () => {
  await browser.close();
  server.close();
});

const able = await numberingOf(process.env['MEDIASOUP_WORKER_BIN'] || null);
const numberings: readonly Numbering[] = able === 'worker' ? ['worker', 'router'] : ['router'];

describe.each(numberings)('Chromium, numbered by the %s', (numbering) => {
  let media: Media;
  beforeAll(async () => {
    ({ media } = await startTestMedia({ numbering }));
  });
  afterAll(() => media.close());

  it.each(['VP8', 'VP9', 'H264', 'AV1'])('shows what it publishes in %s', async (codec) => {
    const { publication } = await publishing(media, ['opus', codec]);
    const { page, playback } = await playing(media, publication);
    await until('frames are shown', async () => (await shownFrames(page)) > 10, { timeoutMs: 20_000 });
    expect([publication.videoCodec, playback.videoCodec]).toEqual([codec, codec]);
    await Promise.all([playback.close(), publication.close()]);
  });

  it('plays video alone when the audio m-line before it is inactive', async () => {
    const { publication } = await publishing(media, ['opus', 'VP8']);
    const { page, playback } = await playing(media, publication, { hasAudio: false });
    await until('frames are shown', async () => (await shownFrames(page)) > 5, { timeoutMs: 20_000 });
    await Promise.all([playback.close(), publication.close()]);
  });

  it('gets the selected simulcast layer', async () => {
    const encodings = [{ rid: 'low', scaleResolutionDownBy: 2 }, { rid: 'high' }];
    const { publication } = await publishing(media, ['opus', 'VP8'], encodings);
    expect(publication.layers()).toEqual([{ encodingId: 'low' }, { encodingId: 'high' }]);
    const { page, playback } = await playing(media, publication);
    await until('the high layer is shown', async () => (await page.evaluate(WIDTH)) === 640, { timeoutMs: 40_000 });
    await playback.selectLayer('low');
    await until('the low layer is shown', async () => (await page.evaluate(WIDTH)) === 320, { timeoutMs: 20_000 });
    await Promise.all([playback.close(), publication.close()]);
  });

  it('gets the selected simulcast layer of a publication on another pod', async () => {
    const { media: edge } = await startTestMedia({ numbering });
    onTestFinished(() => edge.close());
    const encodings = [{ rid: 'low', scaleResolutionDownBy: 2 }, { rid: 'high' }];
    const { publication } = await publishing(media, ['opus', 'VP8'], encodings);
    const { piped } = await pipe(media, edge, publication);
    expect(piped.layers()).toEqual([{ encodingId: 'low' }, { encodingId: 'high' }]);
    const { page, playback } = await playing(edge, piped);
    await until('the high layer is shown', async () => (await page.evaluate(WIDTH)) === 640, { timeoutMs: 40_000 });
    await playback.selectLayer('low');
    await until('the low layer is shown', async () => (await page.evaluate(WIDTH)) === 320, { timeoutMs: 20_000 });
    await Promise.all([playback.close(), publication.close()]);
  });

  it.each(['VP8', 'VP9', 'H264', 'AV1'])('shows %s that is published on another pod', async (codec) => {
    const { media: edge } = await startTestMedia({ numbering });
    onTestFinished(() => edge.close());
    const { publication } = await publishing(media, ['opus', codec]);
    const { piped } = await pipe(media, edge, publication);
    const { page } = await playing(edge, piped);
    await until('frames are shown', async () => (await shownFrames(page)) > 10, { timeoutMs: 20_000 });
    await publication.close();
  });

  it('is detected as gone at once when it closes its connection', async () => {
    const { page, publication } = await publishing(media, ['opus', 'VP8']);
    let cause: LegFailure | null = null;
    publication.onFailure((failure) => {
      cause = failure;
    });
    await page.evaluate('window.pc.close()');
    await until('the publication fails', () => cause !== null, { timeoutMs: 3000 });
    expect(cause).toBe('disconnect');
    await publication.close();
  });
});
